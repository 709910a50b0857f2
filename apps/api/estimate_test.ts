import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../tools/mod.ts";
import { estimate } from "./estimate.ts";

/** A program in the place of the command line; it finds the recipe where that would. */
const withCommand = async (
  script: string,
  work: (command: readonly string[], folder: string) => Promise<void>,
): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), "calque-planner-"));
  try {
    const file = join(folder, "command.sh");
    await writeFile(file, `log=${folder}/log\n${script}`);
    await work(["sh", file], folder);
  } finally {
    await rm(folder, { recursive: true });
  }
};

const answer = '{"memory_bytes": 10, "seconds": null, "device": "d", "disk_bytes": 5, "parts": []}';

Deno.test("an estimate is what the plan of that recipe says, and nothing is left behind", () =>
  withCommand(
    `[ "$1 $3 $4" = "train --plan --json" ] && grep -q '"steps":7' "$2" && echo '${answer}'\n` +
      `echo "$2" >> $log`,
    async (command, folder) => {
      assert.deepEqual(await estimate(command, { steps: 7 }), {
        memory_bytes: 10,
        seconds: null,
        device: "d",
        disk_bytes: 5,
      });
      const recipe = (await Deno.readTextFile(join(folder, "log"))).trim();
      await assert.rejects(readdir(join(recipe, "..")), { code: "ENOENT" });
    },
  ));

Deno.test("what the plan refuses is told with its words and its code", async () => {
  const cases: [string, string, string][] = [
    ['error: key "steps": too few', "2", "bad-recipe"],
    ["error: no GPU adapter", "4", "no-adapter"],
    ["error: it fell over", "1", "training-failed"],
  ];
  for (const [words, exit, code] of cases) {
    await withCommand(`echo warming up >&2; echo '${words}' >&2; exit ${exit}`, async (command) => {
      await assert.rejects(
        estimate(command, {}),
        (error: unknown) =>
          error instanceof UserError && error.code === code &&
          error.message === words.replace("error: ", ""),
      );
    });
  }
});

Deno.test("estimates are made one after the other, and one that fails does not stop the next", () =>
  withCommand(
    `if grep -q bad "$2"; then exit 1; fi\n` +
      `echo in >> $log; sleep 0.05; echo out >> $log; echo '${answer}'`,
    async (command, folder) => {
      const asked = await Promise.allSettled(
        [{}, { bad: true }, {}, {}].map((recipe) => estimate(command, recipe)),
      );
      assert.deepEqual(asked.map(({ status }) => status), [
        "fulfilled",
        "rejected",
        "fulfilled",
        "fulfilled",
      ]);
      assert.equal(await Deno.readTextFile(join(folder, "log")), "in\nout\n".repeat(3));
    },
  ));
