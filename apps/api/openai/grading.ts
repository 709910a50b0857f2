import { Effect } from "effect";
import { Hono } from "hono";
import { rename, writeFile } from "node:fs/promises";
import { layout, readObject, type Run } from "../../../ts/runs/mod.ts";
import type { JudgeTool } from "../../tools/judge.ts";
import { UserError } from "../../tools/mod.ts";
import type { Prepare } from "../queue.ts";
import { decodeGrader, grade } from "./graders.ts";
import { GRADED_HERE } from "./job_recipe.ts";
import type { Jobs } from "./jobs.ts";

/** Rewards from here on count as passed; what a run learns from is passed or not. */
const PASS_THRESHOLD = 0.5;

/** Where the process of a reinforcement job sends completions, as to any remote sandbox. */
export const gradingRoutes = (jobs: Jobs, judge: Effect.Effect<JudgeTool, UserError>) =>
  new Hono().post("/:run/api/judge", async (c) => {
    const { code, test_program } = await c.req.json();
    const grader = await jobs.grader(c.req.param("run"));
    if (grader === undefined || typeof code !== "string" || typeof test_program !== "string") {
      const message = "expected a completion of a reinforcement job with its item";
      throw new UserError({ code: "bad-value", message });
    }
    const item = JSON.parse(test_program);
    const { reward, infrastructure } = await grade(decodeGrader(grader), code, item, judge);
    const verdict = infrastructure
      ? "infrastructure"
      : reward >= PASS_THRESHOLD
      ? "pass"
      : "wrong-answer";
    return c.json({ verdict, tests: [{ verdict, cpu_ms: 0, wall_ms: 0, memory_kb: 0 }] });
  });

/**
 * Before a run starts: if it is graded by its server, its recipe gets the server's address, which may be
 * another than when the run began, and its process the token.
 */
export const pointAtGrader = (address: Promise<string>, token: string): Prepare => async (run) => {
  if (await readObject(`${run.folder}/job.json`) === undefined) return {};
  let graded = false;
  for (const file of [layout(run.folder).requested, layout(run.folder).recipe]) {
    const recipe = await readObject(file);
    const url = (recipe?.["judge"] as { readonly url: string } | undefined)?.url;
    if (recipe === undefined || url === undefined || !isOwn(url, run)) continue;
    graded = true;
    const pointed = { ...recipe, judge: { url: `${await address}/grading/${run.id}` } };
    await writeFile(`${file}.new`, JSON.stringify(pointed, null, 2) + "\n", { flush: true });
    await rename(`${file}.new`, file);
  }
  return graded ? { CALQUE_TOKEN: token } : {};
};

const isOwn = (url: string, run: Run): boolean =>
  url === GRADED_HERE || url.endsWith(`/grading/${run.id}`);
