import { Effect, Schema } from "effect";
import { Hono } from "hono";
import { writeFile } from "node:fs/promises";
import { basename } from "node:path";
import {
  layout,
  lockHolder,
  readRows,
  type Run,
  RunStore,
  STATUSES,
  thin,
} from "../../ts/runs/mod.ts";
import { UserError } from "../tools/mod.ts";
import { jsonBody, query } from "./body.ts";
import { eventStream, lastEventId } from "./events.ts";
import { problem } from "./problem.ts";
import { requestedRecipe, RunQueue } from "./queue.ts";
import type { RunServices } from "./services.ts";

const whole = (minimum: number, maximum: number) =>
  Schema.NumberFromString.check(Schema.isInt(), Schema.isBetween({ minimum, maximum }));

const RunRequest = Schema.Struct({
  /** The name of a recipe in `recipes/`, or a recipe. */
  recipe: Schema.Union([Schema.NonEmptyString, Schema.Record(Schema.String, Schema.Unknown)]),
  /** Dotted keys and the values they get. */
  set: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown)),
  name: Schema.optionalKey(Schema.NonEmptyString.check(Schema.isMaxLength(100))),
});

const ListQuery = Schema.Struct({
  limit: Schema.optionalKey(whole(1, 100)),
  cursor: Schema.optionalKey(Schema.String),
  status: Schema.optionalKey(Schema.Literals(STATUSES)),
});

const MetricsQuery = Schema.Struct({ points: Schema.optionalKey(whole(1, 100_000)) });

const RolloutsQuery = Schema.Struct({
  limit: Schema.optionalKey(whole(1, 100)),
  cursor: Schema.optionalKey(whole(0, Number.MAX_SAFE_INTEGER)),
  target: Schema.optionalKey(Schema.String),
  verdict: Schema.optionalKey(Schema.String),
  min_reward: Schema.optionalKey(Schema.NumberFromString.check(Schema.isFinite())),
});

export interface RunOptions {
  readonly services: RunServices;
}

/** `/api/runs`. */
export const runRoutes = ({ services: { run, find } }: RunOptions) => {
  const change = async (asked: string, what: "pause" | "resume" | "cancel") => {
    const { id } = await find(asked);
    return publicRun(await run(RunQueue.use((queue) => queue[what](id))));
  };

  return new Hono()
    .post("/", jsonBody(RunRequest), async (c) => {
      const asked = c.req.valid("json");
      const created = await run(Effect.gen(function* () {
        const store = yield* RunStore;
        const queue = yield* RunQueue;
        const { resolveRequest } = yield* Effect.promise(() => import("../tools/recipe.ts"));
        const recipe = yield* resolveRequest(asked.recipe, asked.set ?? {});
        const name = asked.name ??
          (typeof asked.recipe === "string" ? basename(asked.recipe, ".json") : "run");
        const folder = yield* store.create(name);
        yield* Effect.promise(() =>
          writeFile(requestedRecipe(folder), JSON.stringify(recipe, null, 2) + "\n")
        );
        yield* queue.add(basename(folder));
        return yield* queue.get(basename(folder));
      }));
      return c.json(publicRun(created), 201, { location: `/api/runs/${created.id}` });
    })
    .get("/", query(ListQuery), async (c) => {
      const page = await run(RunStore.use((store) => store.list(c.req.valid("query"))));
      const data = await Promise.all(page.data.map(({ id }) => find(id)));
      return c.json({ data: data.map(publicRun), next_cursor: page.next_cursor });
    })
    .get("/:id", async (c) => c.json(publicRun(await find(c.req.param("id")))))
    .delete("/:id", async (c) => {
      const found = await find(c.req.param("id"));
      if (found.status === "running") {
        const message = `run "${found.id}" is running; cancel it first`;
        return problem(c, new UserError({ code: "wrong-state", message }));
      }
      await run(RunStore.use((store) => store.remove(found.id)));
      return c.body(null, 204);
    })
    .post("/:id/pause", async (c) => c.json(await change(c.req.param("id"), "pause")))
    .post("/:id/resume", async (c) => c.json(await change(c.req.param("id"), "resume")))
    .post("/:id/cancel", async (c) => c.json(await change(c.req.param("id"), "cancel")))
    .get("/:id/events", async (c) => {
      const found = await find(c.req.param("id"));
      const after = lastEventId(c.req.header("last-event-id"));
      if (after === undefined) {
        const message = 'header "Last-Event-ID": expected the id of an event, an integer';
        return problem(c, new UserError({ code: "bad-value", message }));
      }
      // A run that was deleted meanwhile has ended too.
      const ended = async () => {
        const now = await find(found.id).catch(() => undefined);
        if (now !== undefined && LIVE.has(now.status)) return false;
        // Its process may still be writing what it did last.
        return await lockHolder(layout(found.folder).process) === undefined;
      };
      return new Response(eventStream(found, { after, ended }), {
        headers: {
          "content-type": "text/event-stream",
          "cache-control": "no-store",
          "x-accel-buffering": "no",
        },
      });
    })
    .get("/:id/metrics", query(MetricsQuery), async (c) => {
      const found = await find(c.req.param("id"));
      const rows = await readRows(layout(found.folder).metrics);
      const { points } = c.req.valid("query");
      return c.json({ data: points === undefined ? rows : thin(rows, points), next_cursor: null });
    })
    .get("/:id/rollouts", query(RolloutsQuery), async (c) => {
      const found = await find(c.req.param("id"));
      const { limit = 50, cursor = 0, target, verdict, min_reward } = c.req.valid("query");
      const matching = (await readRows(layout(found.folder).rollouts)).filter((row) =>
        (target === undefined || row["target"] === target) &&
        (verdict === undefined || verdictOf(row["judgement"]) === verdict) &&
        (min_reward === undefined || Number(row["reward"]) >= min_reward)
      );
      const data = matching.slice(cursor, cursor + limit);
      const next = cursor + limit < matching.length ? String(cursor + limit) : null;
      return c.json({ data, next_cursor: next });
    });
};

const LIVE: ReadonlySet<string> = new Set(["queued", "running", "paused"]);

/** Where a run lies is the server's business. */
const publicRun = ({ folder: _, ...rest }: Run): Omit<Run, "folder"> => rest;

const verdictOf = (judgement: unknown): unknown =>
  typeof judgement === "object" && judgement !== null && "verdict" in judgement
    ? judgement.verdict
    : judgement;
