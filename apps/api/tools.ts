import { Effect } from "effect";
import { Hono } from "hono";
import type { Context } from "hono";
import { parseExact, stringifyExact, type Tool, UserError } from "../tools/mod.ts";
import { problem } from "./problem.ts";

export interface ToolOptions {
  readonly judge: Effect.Effect<Tool, UserError>;
  /** The tokenizer of `/tokenize` where the request names none. */
  readonly tokenizer: string;
}

/** `/api/check`, `/api/tokenize`, `/api/judge`: one object of the commands of the same name each. */
export const toolRoutes = (options: ToolOptions) =>
  new Hono()
    .post("/check", (c) =>
      answer(c, () =>
        Effect.promise(() => import("../tools/check.ts")).pipe(
          Effect.map(({ checkTool }) => checkTool),
        )))
    .post("/judge", (c) => answer(c, () => options.judge))
    .post("/tokenize", (c) =>
      answer(c, (body) => {
        const { tokenizer } = body;
        return openTool(
          typeof tokenizer === "string" ? tokenizer : options.tokenizer,
          "ids" in body,
        );
      }));

// Loaded for each request: a server may be asked for many tokenizers, and a file may have changed.
const openTool = Effect.fnUntraced(function* (path: string, decoding: boolean) {
  const { decodeTool, encodeTool, openTokenizer } = yield* Effect.promise(() =>
    import("../tools/tokenizer.ts")
  );
  const tokenizer = yield* openTokenizer(path);
  const tool = decoding ? decodeTool(tokenizer) : encodeTool(tokenizer, { offsets: false });
  const answer = (body: unknown) => {
    const { tokenizer: _, ...input } = body as Readonly<Record<string, unknown>>;
    return Effect.ensuring(tool.answer(input), Effect.sync(() => tokenizer.free()));
  };
  return { ...tool, answer };
});

const answer = async (
  c: Context,
  open: (body: Readonly<Record<string, unknown>>) => Effect.Effect<Tool, UserError>,
): Promise<Response> => {
  let body: unknown;
  try {
    body = parseExact(await c.req.text());
  } catch (error) {
    return problem(c, new UserError({ code: "bad-json", message: (error as Error).message }));
  }
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    return problem(c, new UserError({ code: "bad-json", message: "expected a JSON object" }));
  }
  const { id, ...rest } = body as Readonly<Record<string, unknown>>;
  const result = await Effect.runPromise(Effect.result(
    Effect.flatMap(open(rest), (tool) => tool.answer(rest)),
  ));
  if (result._tag === "Failure") return problem(c, result.failure);
  const answered = { ...(id === undefined ? {} : { id }), ...result.success[0] };
  return c.body(stringifyExact(answered), 200, { "content-type": "application/json" });
};
