import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import process from "node:process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { start } from "../cli/calque.ts";

/** A live `calque serve` on a free port, over a data folder. */
export interface Server {
  readonly url: string;
  readonly token: string;
  readonly data: string;
  /** With the token, and a JSON body where one is given. */
  readonly ask: (
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<Answer>;
  readonly fetch: (path: string, init?: RequestInit) => Promise<Response>;
  readonly stop: (signal?: NodeJS.Signals) => Promise<number | null>;
}

export interface Answer {
  readonly status: number;
  readonly type: string | null;
  // deno-lint-ignore no-explicit-any -- whatever the server says; the test says what it must be
  readonly body: any;
}

export const startServer = async (
  data: string,
  token?: string,
  flags: readonly string[] = [],
): Promise<Server> => {
  const child = start(
    ["serve", "--port", "0", "--json", "--data", data, ...flags],
    token === undefined ? {} : { env: { CALQUE_TOKEN: token } },
  );
  let ended = false;
  const exited = once(child, "exit").finally(() => ended = true);
  const said: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (text) => said.push(text));
  const first = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  if (first.done) throw new Error(`the server did not start: ${said.join("")}`);
  const { url, token: taken } = JSON.parse(first.value);
  const withToken: Server["fetch"] = (path, init = {}) =>
    fetch(url + path, {
      ...init,
      headers: { authorization: `Bearer ${taken}`, ...init.headers as Record<string, string> },
    });
  return {
    url,
    token: taken,
    data,
    fetch: withToken,
    ask: async (method, path, body, headers = {}) => {
      const response = await withToken(path, {
        method,
        headers: body === undefined ? headers : { "content-type": "application/json", ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      const type = response.headers.get("content-type");
      return {
        status: response.status,
        type,
        body: type?.includes("json") ? JSON.parse(text) : text,
      };
    },
    stop: async (signal = "SIGINT") => {
      // Not child.kill: Deno then reports the signal and not the code that the process ended with.
      if (!ended) process.kill(child.pid!, signal);
      const [code] = await exited;
      return code;
    },
  };
};

/** Gives a test a server over an empty folder; stops it and removes the folder. */
export const withServer = async (
  work: (server: Server) => Promise<void>,
  prepare: (data: string) => Promise<void> = () => Promise.resolve(),
  flags: readonly string[] = [],
): Promise<void> => {
  const data = await mkdtemp(join(tmpdir(), "calque-api-"));
  try {
    await prepare(data);
    const server = await startServer(data, undefined, flags);
    try {
      await work(server);
    } finally {
      await server.stop();
    }
  } finally {
    await rm(data, { recursive: true });
  }
};
