import { Effect } from "effect";
import { Hono } from "hono";
import type { Context } from "hono";
import type { JudgeTool } from "../tools/judge.ts";
import { asUserError, parseExact, stringifyExact, type Tool, UserError } from "../tools/mod.ts";
import { answerGenerate, answerTranslate } from "./asking.ts";
import { confinePath, type Reach } from "./confine.ts";
import type { ModelShelf } from "./models.ts";
import { problem } from "./problem.ts";
import { settled } from "./settled.ts";

export interface ToolOptions {
  readonly check: Effect.Effect<Tool, UserError>;
  readonly judge: Effect.Effect<JudgeTool, UserError>;
  readonly models: ModelShelf;
  /** The tokenizer of `/tokenize` where the request names none. */
  readonly tokenizer: string;
  readonly reach: Reach;
}

type Body = Readonly<Record<string, unknown>>;

/** `/api/check|tokenize|judge|generate|translate`: one object of the commands of the same name each. */
export const toolRoutes = ({ check, judge, models, tokenizer, reach }: ToolOptions) =>
  new Hono()
    .post("/check", (c) =>
      answer(c, async (body) => {
        const tool = await settled(check);
        return await asked(tool, body);
      }))
    .post("/judge", (c) =>
      answer(c, async (body) => {
        const tool = await settled(judge);
        return await asked(tool, body);
      }))
    .post("/tokenize", (c) =>
      answer(c, async ({ tokenizer: named, ...body }) => {
        const path = typeof named === "string"
          ? await confinePath(named, "tokenizer", reach)
          : tokenizer;
        return await settled(tokenize(path, body));
      }))
    .post("/generate", (c) => answer(c, (body) => answerGenerate(models, body, c.req.raw.signal)))
    .post(
      "/translate",
      (c) => answer(c, (body) => answerTranslate(models, body, c.req.raw.signal)),
    );

// Loaded for each request: a server may be asked for many tokenizers, and a file may have changed.
const tokenize = Effect.fnUntraced(function* (path: string, body: Body) {
  const { decodeTool, encodeTool, openTokenizer } = yield* Effect.promise(() =>
    import("../tools/tokenizer.ts")
  );
  const tokenizer = yield* openTokenizer(path);
  const tool = "ids" in body ? decodeTool(tokenizer) : encodeTool(tokenizer, { offsets: false });
  const answers = yield* Effect.ensuring(
    tool.answer(body),
    Effect.sync(() => tokenizer.free()),
  );
  return answers[0]!;
});

const asked = async (tool: Tool, body: Body): Promise<object> =>
  (await settled(tool.answer(body)))[0]!;

/** Integers keep every digit, and the request's `id` comes back with its answer. */
const answer = async (
  c: Context,
  work: (body: Body) => Promise<object>,
): Promise<Response> => {
  let body: unknown;
  try {
    body = parseExact(await c.req.text());
  } catch (error) {
    const known = asUserError(error);
    // Hono's own: the body is over the limit.
    if (known.code !== "internal") return problem(c, error);
    return problem(c, new UserError({ code: "bad-json", message: known.message }));
  }
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    return problem(c, new UserError({ code: "bad-json", message: "expected a JSON object" }));
  }
  const { id, ...rest } = body as Body;
  const answered = { ...(id === undefined ? {} : { id }), ...await work(rest) };
  return c.body(stringifyExact(answered), 200, { "content-type": "application/json" });
};
