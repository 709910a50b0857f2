import { Schema } from "effect";
import { Hono } from "hono";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  compareRuns,
  layout,
  readRows,
  type Row,
  rowsFrom,
  type Run,
  thin,
  toCsv,
  toJsonl,
} from "../../ts/runs/mod.ts";
import { UserError } from "../tools/mod.ts";
import { query } from "./body.ts";
import { downloadFolder } from "./download.ts";
import { publicRun, type RunOptions, whole } from "./runs.ts";
import type { WireOptions } from "./openai/routes.ts";
import { probeOf } from "./probe.ts";
import { eventFile } from "./tensorboard.ts";

export const MetricsQuery = Schema.Struct({ points: Schema.optionalKey(whole(1, 100_000)) });

export const RolloutsQuery = Schema.Struct({
  limit: Schema.optionalKey(whole(1, 100)),
  /** The byte of the file from which the next page is read. */
  cursor: Schema.optionalKey(whole(0, Number.MAX_SAFE_INTEGER)),
  target: Schema.optionalKey(Schema.String),
  verdict: Schema.optionalKey(Schema.String),
  min_reward: Schema.optionalKey(Schema.NumberFromString.check(Schema.isFinite())),
});

export const CompareQuery = Schema.Struct({ runs: Schema.NonEmptyString });

/** What came of a run: `/api/runs/ID/...`. */
export const resultRoutes = ({ services, models }: RunOptions & Pick<WireOptions, "models">) => {
  const { find } = services;
  return new Hono()
    .get("/:id/metrics", query(MetricsQuery), async (c) => {
      const found = await find(c.req.param("id"));
      const rows = await readRows(layout(found.folder).metrics);
      const { points } = c.req.valid("query");
      return c.json({ data: points === undefined ? rows : thin(rows, points), next_cursor: null });
    })
    .get("/:id/metrics.jsonl", async (c) => {
      const rows = await readRows(layout((await find(c.req.param("id"))).folder).metrics);
      return c.body(toJsonl(rows), 200, { "content-type": "application/jsonl" });
    })
    .get("/:id/metrics.csv", async (c) => {
      const rows = await readRows(layout((await find(c.req.param("id"))).folder).metrics);
      return c.body(toCsv(rows.map(({ step, ...rest }) => ({ step, ...rest }))), 200, {
        "content-type": "text/csv",
      });
    })
    .get("/:id/tensorboard", async (c) => {
      const run = await find(c.req.param("id"));
      const events = await readRows(layout(run.folder).events);
      const file = eventFile(events, run.created_at);
      // TensorBoard knows its files by this name.
      const name = `events.out.tfevents.${Math.floor(Date.parse(run.created_at) / 1000)}.${run.id}`;
      return c.body(file, 200, {
        "content-type": "application/octet-stream",
        "content-disposition": `attachment; filename="${name}"`,
      });
    })
    .get("/:id/rollouts", query(RolloutsQuery), async (c) => {
      const found = await find(c.req.param("id"));
      const { limit = 50, cursor = 0, target, verdict, min_reward } = c.req.valid("query");
      const isWanted = (row: Row): boolean =>
        (target === undefined || row["target"] === target) &&
        (verdict === undefined || verdictOf(row["judgement"]) === verdict) &&
        (min_reward === undefined ||
          (typeof row["reward"] === "number" && row["reward"] >= min_reward));
      const data: Row[] = [];
      let end = cursor;
      // One more than asked for tells whether there is a next page.
      for await (const { row, next } of rowsFrom(layout(found.folder).rollouts, cursor)) {
        if (!isWanted(row)) continue;
        if (data.length === limit) return c.json({ data, next_cursor: String(end) });
        data.push(row);
        end = next;
      }
      return c.json({ data, next_cursor: null });
    })
    .get("/:id/checkpoints", async (c) => {
      const found = await find(c.req.param("id"));
      const folder = layout(found.folder).checkpoints;
      const names = (await readdir(folder).catch(() => [])).filter((name) => STEP.test(name));
      const data = await Promise.all(
        names.sort().map(async (name) => {
          const state = await stat(join(folder, name, "state.safetensors")).catch(() => undefined);
          const step = Number(STEP.exec(name)![1]);
          return state === undefined
            ? []
            : [{ step, bytes: state.size, created_at: state.mtime.toISOString() }];
        }),
      );
      return c.json({ data: data.flat(), next_cursor: null });
    })
    .get("/:id/adapter", async (c) => {
      const { id, folder } = await find(c.req.param("id"));
      const absent = `run "${id}" has no adapter: it has not ended, or its recipe has no "lora"`;
      return await downloadFolder(layout(folder).adapter, `${id}-adapter`, absent);
    })
    .get("/:id/model", async (c) => {
      const { id, folder } = await find(c.req.param("id"));
      const absent = `run "${id}" has no model: it has not ended, or made an adapter`;
      return await downloadFolder(layout(folder).model, `${id}-model`, absent);
    })
    .get("/:id/transfer", async (c) => c.json(transferOf(await find(c.req.param("id")))))
    .get(
      "/:id/probe",
      async (c) => c.json(await probeOf(await find(c.req.param("id")), models, services)),
    );
};

/** `/api/compare?runs=A,B`. */
export const compareRoutes = ({ services: { find } }: RunOptions) =>
  new Hono().get("/", query(CompareQuery), async (c) => {
    const ids = c.req.valid("query").runs.split(",");
    if (ids.length < 2 || ids.length > 20) {
      const message = 'key "runs": expected 2 to 20 ids with commas between them';
      throw new UserError({ code: "bad-value", message });
    }
    const { runs, differences } = await compareRuns(await Promise.all(ids.map(find)));
    return c.json({ runs: runs.map(publicRun), differences });
  });

/** pass@1 from each language (row) to each (column), before and after; `null` where nothing was asked. */
const transferOf = ({ before, after }: Run) => {
  const pairs = [before, after].flatMap((score) => Object.keys(score?.pairs ?? {}));
  const sources = [...new Set(pairs.map((pair) => pair.split("->")[0]!))].sort();
  const targets = [...new Set(pairs.map((pair) => pair.split("->")[1]!))].sort();
  const matrix = (score: Run["before"]) =>
    score === null
      ? null
      : sources.map((source) =>
        targets.map((target) => score.pairs[`${source}->${target}`] ?? null)
      );
  return { sources, targets, before: matrix(before), after: matrix(after) };
};

const STEP = /^step-(\d+)$/;

const verdictOf = (judgement: unknown): unknown =>
  typeof judgement === "object" && judgement !== null && "verdict" in judgement
    ? judgement.verdict
    : judgement;
