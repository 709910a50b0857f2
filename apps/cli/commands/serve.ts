import { Effect } from "effect";
import { Command, Flag } from "effect/cli";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { asUserError, UserError } from "../../tools/mod.ts";
import { json, runsFolder } from "../flags.ts";
import { printJson, writeErr, writeOut } from "../output.ts";

export const serve = Command.make(
  "serve",
  {
    host: Flag.String("host").pipe(
      Flag.withDescription("Address to listen on"),
      Flag.withDefault("127.0.0.1"),
    ),
    port: Flag.Int("port").pipe(
      Flag.withDescription("0 takes a free one"),
      Flag.withDefault(8700),
    ),
    data: runsFolder,
    tokenizer: Flag.String("tokenizer").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription("What /api/tokenize uses where a request names none"),
      Flag.withDefault("assets/seed"),
    ),
    read: Flag.String("read").pipe(
      Flag.withMetavar("DIR"),
      Flag.withDescription("Another folder whose files requests may name; may be given many times"),
      Flag.atLeast(0),
    ),
    hosts: Flag.String("allow-host").pipe(
      Flag.withMetavar("HOST[:PORT]"),
      Flag.withDescription("A host that runs may turn to (judge.url); may be given many times"),
      Flag.atLeast(0),
    ),
    origins: Flag.String("allow-origin").pipe(
      Flag.withMetavar("ORIGIN"),
      Flag.withDescription("An origin whose pages may ask (CORS); may be given many times"),
      Flag.atLeast(0),
    ),
    rate: Flag.Int("rate").pipe(
      Flag.withDescription("Requests a second that each token may make"),
      Flag.withDefault(5000),
    ),
    atOnce: Flag.Int("tools-at-once").pipe(
      Flag.withDescription("Requests to judge, check or generate that may be under way at once"),
      Flag.withDefault(512),
    ),
    json,
  },
  Effect.fnUntraced(function* (flags) {
    const { host, port, data, tokenizer, read, hosts, origins, rate, atOnce, json } = flags;
    for (const [flag, value] of [["--rate", rate], ["--tools-at-once", atOnce]] as const) {
      if (value >= 1) continue;
      const message = `${flag} ${value}: expected at least 1`;
      return yield* new UserError({ code: "bad-usage", message });
    }
    const { newToken, openServer } = yield* Effect.promise(() => import("../../api/mod.ts"));
    const given = process.env["CALQUE_TOKEN"] ?? "";
    const token = given === "" ? newToken() : given;
    const main = fileURLToPath(new URL("../main.ts", import.meta.url));
    const address = Promise.withResolvers<string>();
    const handle = yield* openServer({
      data,
      address: address.promise,
      token,
      tokenizer,
      read,
      hosts,
      origins,
      limits: { requests_per_s: rate, tools_at_once: atOnce },
      command: [Deno.execPath(), "run", "-A", main],
    });
    const server = yield* Effect.acquireRelease(
      Effect.try({
        try: () => Deno.serve({ hostname: host, port, onListen: () => {} }, handle),
        catch: asUserError,
      }),
      (listening) => Effect.promise(() => closeWithin(listening, 2_000)),
    );
    const { hostname, port: taken } = server.addr;
    const url = `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${taken}`;
    const own = hostname === "0.0.0.0" ? "127.0.0.1" : hostname === "::" ? "[::1]" : undefined;
    address.resolve(own === undefined ? url : `http://${own}:${taken}`);
    if (json) yield* printJson({ url, token });
    else {
      yield* writeOut(`${url}\n`);
      yield* writeErr(given === "" ? `token: ${token}\n` : "token: that of CALQUE_TOKEN\n");
    }
    return yield* Effect.never;
  }, Effect.scoped),
).pipe(
  Command.withDescription(
    "Start, watch and cancel runs over HTTP; the token is CALQUE_TOKEN, or a new one",
  ),
);

/** Event streams of runs that go on would keep the server open for hours. */
const closeWithin = async (server: Deno.HttpServer<Deno.NetAddr>, patience_ms: number) => {
  const late = new Promise<void>((resolve) => setTimeout(resolve, patience_ms).unref?.());
  await Promise.race([server.shutdown(), late]);
};
