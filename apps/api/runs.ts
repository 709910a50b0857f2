import { Effect, Schema } from "effect";
import { Hono } from "hono";
import { writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { layout, lockHolder, type Run, RunStore, STATUSES } from "../../ts/runs/mod.ts";
import { UserError } from "../tools/mod.ts";
import { resolveRequest } from "../tools/recipe.ts";
import { jsonBody, query } from "./body.ts";
import { confineRecipe, type Reach } from "./confine.ts";
import { estimate } from "./estimate.ts";
import type { EventHub } from "./event_hub.ts";
import { EVENT_STREAM } from "./event_stream.ts";
import { lastEventId } from "./events.ts";
import { problem } from "./problem.ts";
import { RunQueue } from "./queue.ts";
import type { RunServices } from "./services.ts";

export const whole = (minimum: number, maximum: number) =>
  Schema.NumberFromString.check(Schema.isInt(), Schema.isBetween({ minimum, maximum }));

export const RunRequest = Schema.Struct({
  /** The name of a recipe in `recipes/`, or a recipe. */
  recipe: Schema.Union([Schema.NonEmptyString, Schema.Record(Schema.String, Schema.Unknown)]),
  /** Dotted keys and the values they get. */
  set: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown)),
  name: Schema.optionalKey(Schema.NonEmptyString.check(Schema.isMaxLength(100))),
});

export const ListQuery = Schema.Struct({
  limit: Schema.optionalKey(whole(1, 100)),
  cursor: Schema.optionalKey(Schema.String),
  status: Schema.optionalKey(Schema.Literals(STATUSES)),
});

export interface RunOptions {
  readonly services: RunServices;
  /** What recipes may name. */
  readonly reach: Reach;
  /** Starts the command line: program and first arguments. */
  readonly command: readonly string[];
  readonly hub: EventHub;
}

/** `/api/runs`. */
export const runRoutes = ({ services: { run, find }, reach, command, hub }: RunOptions) => {
  const recipeOf = async ({ recipe, set = {} }: typeof RunRequest.Type) =>
    await confineRecipe(await run(resolveRequest(recipe, set)), reach);

  const change = async (asked: string, what: "pause" | "resume" | "cancel") => {
    const { id } = await find(asked);
    return publicRun(await run(RunQueue.use((queue) => queue[what](id))));
  };

  return new Hono()
    .post("/", jsonBody(RunRequest), async (c) => {
      const asked = c.req.valid("json");
      const recipe = await recipeOf(asked);
      const name = asked.name ??
        (typeof asked.recipe === "string" ? basename(asked.recipe, ".json") : "run");
      const created = await run(Effect.gen(function* () {
        const folder = yield* RunStore.use((store) => store.create(name));
        yield* Effect.promise(() =>
          writeFile(layout(folder).requested, JSON.stringify(recipe, null, 2) + "\n", {
            flush: true,
          })
        );
        const queue = yield* RunQueue;
        yield* queue.add(basename(folder));
        return yield* queue.get(basename(folder));
      }));
      return c.json(publicRun(created), 201, { location: `/api/runs/${created.id}` });
    })
    .post(
      "/estimate",
      jsonBody(RunRequest),
      async (c) => c.json(await estimate(command, await recipeOf(c.req.valid("json")))),
    )
    .get("/", query(ListQuery), async (c) => {
      const page = await run(Effect.gen(function* () {
        const { data, next_cursor } = yield* RunStore.use((store) =>
          store.list(c.req.valid("query"))
        );
        return { data: yield* RunQueue.use((queue) => queue.see(data)), next_cursor };
      }));
      return c.json({ data: page.data.map(publicRun), next_cursor: page.next_cursor });
    })
    .get("/:id", async (c) => c.json(publicRun(await find(c.req.param("id")))))
    .delete("/:id", async (c) => {
      const { id } = await find(c.req.param("id"));
      await run(RunQueue.use((queue) => queue.remove(id)));
      return c.body(null, 204);
    })
    .post("/:id/pause", async (c) => c.json(await change(c.req.param("id"), "pause")))
    .post("/:id/resume", async (c) => c.json(await change(c.req.param("id"), "resume")))
    .post("/:id/cancel", async (c) => c.json(await change(c.req.param("id"), "cancel")))
    .get("/:id/events", async (c) => {
      const id = c.req.param("id");
      const after = lastEventId(c.req.header("last-event-id"));
      if (after === undefined) {
        const message = 'header "Last-Event-ID": expected the id of an event, an integer';
        return problem(c, new UserError({ code: "bad-value", message }));
      }
      const stream = await hub.stream(id, after, async () => {
        const at = layout((await find(id)).folder);
        const ended = async () => {
          // A run that was deleted meanwhile has ended too.
          const now = await find(id).catch(() => undefined);
          if (now !== undefined && LIVE.has(now.status)) return false;
          // Its process may still be writing what it did last.
          return await lockHolder(at.process) === undefined;
        };
        return { file: at.events, ended };
      });
      return new Response(stream, { headers: EVENT_STREAM });
    });
};

const LIVE: ReadonlySet<string> = new Set(["queued", "running", "paused"]);

/** Where a run lies is the server's business. */
export const publicRun = ({ folder: _, ...rest }: Run): Omit<Run, "folder"> => rest;
