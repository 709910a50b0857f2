/** What clang makes of the bundled sources is what the checker reads: little of it may have no model. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { Effect } from "effect";
import { compile, type Level } from "../ts/data/groups/toolchain.ts";
import { findToolchain, readPrograms, ToolchainMissing } from "../ts/data/mod.ts";
import { Check, stripIr } from "../ts/wasm/mod.ts";

const SAMPLE = 5;
const LEVELS: readonly Level[] = ["-O0", "-O1", "-O3", "-Oz"];
/** Pieces of a check by which all of both functions has been read: the first inputs, their traces and the first walks are some 60. */
const PIECES = 100;
/** Of a hundred functions, so many may be `unsupported-instruction`. */
const MOST_PERCENT = 10;

const tools = await findToolchain().catch((error: unknown) => {
  if (!(error instanceof ToolchainMissing)) throw error;
  console.warn(`SKIPPED: what the checker reads of clang's output: ${error.message}`);
  return undefined;
});

Deno.test({
  name: "at most a tenth of clang's output for the bundled sources is unsupported-instruction",
  ignore: tools === undefined,
  fn: async () => {
    const folder = fileURLToPath(new URL("../assets/tasks", import.meta.url));
    const programs = (await Effect.runPromise(readPrograms(folder)))
      .filter((program) => program.language === "c");
    const sample = programs.filter((_, i) => i * SAMPLE % programs.length < SAMPLE);
    let functions = 0;
    const unsupported: string[] = [];
    for (const { code } of sample) {
      for (const level of LEVELS) {
        const module = await compile(tools!, "c", code, level);
        for (const [, name = ""] of module.matchAll(/^define [^\n]*?@([\w.$]+)\(/gm)) {
          const ir = stripIr(module, name);
          // The same function in another text: all of it must be read to say so.
          const longer = ir.replace(/ \{\n/, " {\n%unused = xor i7 3, 5\n");
          assert.notEqual(longer, ir);
          using running = new Check(ir, longer);
          let verdict = running.step();
          for (let i = 1; i < PIECES && verdict === undefined; i++) verdict = running.step();
          assert.notEqual(verdict?.verdict, "refuted", `${level}\n${ir}`);
          functions += 1;
          if (verdict?.reason === "unsupported-instruction") {
            unsupported.push(`${level} ${verdict.detail}\n${ir}`);
          }
        }
      }
    }
    assert.ok(functions > SAMPLE, `${functions} functions`);
    const percent = 100 * unsupported.length / functions;
    assert.ok(percent <= MOST_PERCENT, `${percent} % of ${functions}:\n${unsupported.join("\n")}`);
    console.log(`${unsupported.length} of ${functions} functions are unsupported-instruction`);
  },
});
