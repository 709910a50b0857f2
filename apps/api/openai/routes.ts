import type { Effect } from "effect";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { HTTPException } from "hono/http-exception";
import type { JudgeTool } from "../../tools/judge.ts";
import { UserError } from "../../tools/mod.ts";
import { jsonBody, query } from "../body.ts";
import type { ModelShelf, Served } from "../models.ts";
import { problem } from "../problem.ts";
import { answerChat, answerCompletion } from "./chat.ts";
import { ChatRequest, CompletionRequest } from "./chat_request.ts";
import type { FileShelf } from "./files.ts";
import { decodeGrader, GraderRun, GraderValidation, runResult } from "./graders.ts";
import { JobRequest } from "./job_request.ts";
import { type Jobs, RESULTS } from "./jobs.ts";
import { pageOf } from "./page.ts";
import { FilePage, Page } from "./queries.ts";

const LARGEST_FILE_BYTES = 64 * 1024 * 1024;

export interface WireOptions {
  readonly files: FileShelf;
  readonly jobs: Jobs;
  readonly models: ModelShelf;
  readonly judge: Effect.Effect<JudgeTool, UserError>;
}

/** Files are larger than other bodies. */
export const fileLimit = bodyLimit({
  maxSize: LARGEST_FILE_BYTES,
  onError: (c) => {
    const message = `expected a file of at most ${LARGEST_FILE_BYTES} bytes`;
    return problem(c, new UserError({ code: "too-large", message }));
  },
});

/** `/v1`: OpenAI's wire, as its official clients speak it. */
export const openaiRoutes = ({ files, jobs, models, judge }: WireOptions) =>
  new Hono()
    .post("/files", async (c) => {
      const { file, purpose } = await formOf(c);
      if (!(file instanceof File)) throw missing("file", "a file in multipart/form-data");
      if (typeof purpose !== "string" || purpose === "") throw missing("purpose", '"fine-tune"');
      if (!PURPOSES.has(purpose)) {
        const message = `key "purpose": expected one of ${[...PURPOSES].join(", ")}`;
        throw new UserError({ code: "bad-value", message });
      }
      const name = file.name.slice(0, 200) || "file";
      return c.json(await files.put(name, purpose, new Uint8Array(await file.arrayBuffer())));
    })
    .get("/files", query(FilePage), async (c) => {
      const { purpose, order, limit = 10_000, after } = c.req.valid("query");
      const all = (await files.list())
        .filter((file) => purpose === undefined || file.purpose === purpose);
      return c.json(pageOf(order === "asc" ? all.reverse() : all, { after, limit }));
    })
    .get("/files/:id", async (c) => {
      const id = c.req.param("id");
      return c.json(RESULTS.test(id) ? (await jobs.results(id)).file : await files.get(id));
    })
    .get("/files/:id/content", async (c) => {
      const id = c.req.param("id");
      if (RESULTS.test(id)) {
        return c.body((await jobs.results(id)).csv, 200, { "content-type": "text/csv" });
      }
      return c.body(await files.content(id), 200, { "content-type": "application/octet-stream" });
    })
    .delete("/files/:id", async (c) => {
      const id = c.req.param("id");
      await files.remove(id);
      return c.json({ id, object: "file", deleted: true });
    })
    .post("/fine_tuning/jobs", jsonBody(JobRequest), async (c) =>
      c.json(await jobs.create(c.req.valid("json"))))
    .get("/fine_tuning/jobs", async (c) => {
      const { metadata, page } = jobQuery(c.req.query());
      const all = (await jobs.list()).filter((job) =>
        Object.entries(metadata).every(([key, value]) =>
          (job.metadata as Record<string, string>)[key] === value
        )
      );
      return c.json(pageOf(all, page));
    })
    .get("/fine_tuning/jobs/:id", async (c) =>
      c.json(await jobs.get(c.req.param("id"))))
    .post("/fine_tuning/jobs/:id/cancel", async (c) =>
      c.json(await jobs.change(c.req.param("id"), "cancel")))
    .post("/fine_tuning/jobs/:id/pause", async (c) =>
      c.json(await jobs.change(c.req.param("id"), "pause")))
    .post("/fine_tuning/jobs/:id/resume", async (c) =>
      c.json(await jobs.change(c.req.param("id"), "resume")))
    .get("/fine_tuning/jobs/:id/events", query(Page), async (c) => {
      const { limit = 20, after } = c.req.valid("query");
      return c.json(pageOf(await jobs.events(c.req.param("id")), { after, limit }));
    })
    .get("/fine_tuning/jobs/:id/checkpoints", query(Page), async (c) => {
      const { limit = 10, after } = c.req.valid("query");
      return c.json(pageOf(await jobs.checkpoints(c.req.param("id")), { after, limit }));
    })
    .post("/fine_tuning/alpha/graders/validate", jsonBody(GraderValidation), (c) => {
      const grader = decodeGrader(c.req.valid("json").grader);
      return c.json({ grader });
    })
    .post("/fine_tuning/alpha/graders/run", jsonBody(GraderRun), async (c) => {
      const { grader, model_sample, item = {} } = c.req.valid("json");
      return c.json(await runResult(decodeGrader(grader), model_sample, item, judge));
    })
    .get("/models", async (c) => {
      const data = (await models.list()).map(modelOf);
      return c.json({ object: "list", data });
    })
    // A name may hold a slash, written as such or as %2F.
    .get("/models/:id{.+}", async (c) =>
      c.json(modelOf(await models.get(c.req.param("id")))))
    .delete("/models/:id{.+}", async (c) => {
      const { id } = await models.get(c.req.param("id"));
      return c.json(await jobs.removeModel(id));
    })
    .post("/chat/completions", jsonBody(ChatRequest), (c) =>
      answerChat(c, models, c.req.valid("json")))
    .post("/completions", jsonBody(CompletionRequest), (c) =>
      answerCompletion(c, models, c.req.valid("json")));

const formOf = async (c: Context) => {
  try {
    return await c.req.parseBody();
  } catch (error) {
    // Hono's own: the body is over the limit.
    if (error instanceof HTTPException) throw error;
    const message = `expected a body of multipart/form-data; ${(error as Error).message}`;
    throw new UserError({ code: "bad-value", message });
  }
};

const PURPOSES: ReadonlySet<string> = new Set(["fine-tune", "evals", "user_data", "batch"]);

const modelOf = ({ id, created }: Served): object => ({
  id,
  object: "model",
  created,
  owned_by: id.startsWith("ft:") ? "user" : "calque",
});

const missing = (key: string, what: string): UserError =>
  new UserError({ code: "missing-key", message: `key "${key}": is missing; expected ${what}` });

/** `metadata[key]=value` beside the keys of a page. */
const jobQuery = (given: Readonly<Record<string, string>>) => {
  const metadata: Record<string, string> = {};
  let after: string | undefined;
  let limit = 20;
  for (const [key, value] of Object.entries(given)) {
    const name = /^metadata\[(.*)\]$/.exec(key)?.[1];
    if (name !== undefined) metadata[name] = value;
    else if (key === "after") after = value;
    else if (key === "limit" && /^[1-9]\d{0,3}$/.test(value)) limit = Number(value);
    else {
      const message = `key "${key}": expected after, limit (1 to 9999) or metadata[NAME]`;
      throw new UserError({ code: "bad-value", message });
    }
  }
  return { metadata, page: { after, limit } };
};
