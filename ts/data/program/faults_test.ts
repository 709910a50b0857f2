import assert from "node:assert/strict";
import { Random } from "../random.ts";
import { draw } from "./draw.ts";
import { faultOf } from "./faults.ts";
import { generatorLanguages, print } from "./print.ts";
import { printSlipped } from "./slips.ts";

Deno.test("every planted slip is told by its kind, and what no slip explains is other", () => {
  const kinds = new Set<string>();
  for (let seed = 0; seed < 400; seed++) {
    const random = new Random(seed);
    const tree = draw(random);
    const language = random.pick(generatorLanguages);
    const clean = print(tree, language);
    const { code, slips } = printSlipped(tree, language, random);
    const fault = faultOf(tree, language, `\n${code}\n`);
    assert.equal(faultOf(tree, language, clean), "other");
    assert.equal(faultOf(tree, language, `${clean} `.replace("f(", "g(")), "other");
    if (code === clean) continue;
    const reading = slips.some((slip) => slip.startsWith("reading"));
    const printing = slips.some((slip) => slip.startsWith("printing"));
    // A text that fewer slips explain is told by those.
    assert.ok(fault !== "other", code);
    if (!printing) assert.equal(fault, "reading", code);
    if (!reading) assert.equal(fault, "printing", code);
    kinds.add(fault);
  }
  assert.deepEqual([...kinds].sort(), ["both", "printing", "reading"]);
});
