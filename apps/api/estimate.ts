import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../tools/mod.ts";

export interface Estimate {
  readonly memory_bytes: number;
  /** `null` where the time cannot be measured here. */
  readonly seconds: number | null;
  readonly device: string | null;
  readonly disk_bytes: number;
}

/** One at a time: each measures speed on the device. */
let turn: Promise<unknown> = Promise.resolve();

/** What `calque train --plan --json` says of a recipe. */
export const estimate = (command: readonly string[], recipe: object): Promise<Estimate> => {
  const result = turn.then(() => plan(command, recipe));
  turn = result.catch(() => undefined);
  return result;
};

const PATIENCE_MS = 300_000;

const plan = async (command: readonly string[], recipe: object): Promise<Estimate> => {
  const folder = await mkdtemp(join(tmpdir(), "calque-estimate-"));
  try {
    const file = join(folder, "recipe.json");
    await writeFile(file, JSON.stringify(recipe));
    const { memory_bytes, seconds, device, disk_bytes } = JSON.parse(
      await answerOf([...command, "train", file, "--plan", "--json"]),
    );
    return { memory_bytes, seconds, device, disk_bytes };
  } finally {
    await rm(folder, { recursive: true });
  }
};

const answerOf = ([program, ...args]: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    execFile(program!, args, { timeout: PATIENCE_MS }, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const said = stderr.trimEnd().split("\n").findLast((line) => line.startsWith("error:"));
      const message = said?.replace(/^error:\s*/, "") ?? "the plan ended without a word";
      const code = error.code as unknown;
      reject(
        new UserError({
          code: code === 2 ? "bad-recipe" : code === 4 ? "no-adapter" : "training-failed",
          message,
        }),
      );
    });
  });
