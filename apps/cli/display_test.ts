import assert from "node:assert/strict";
import fc from "fast-check";
import { barLine, clock, Display, plainLine } from "./display.ts";

const progress = {
  step: 3,
  steps: 12,
  stage: "sampling",
  part: 0.5,
  reward: 0.4215,
  pass: { lua: 0.5, python: 1 },
  verdicts: { pass: 120, "wrong-answer": 80 },
  tokens_per_s: 2345.6,
  left_s: 125,
};

Deno.test("the plain line holds every figure in words", () => {
  assert.equal(
    plainLine(progress),
    "step 3/12 | reward 0.421 | pass % lua 50 python 100 | pass 120 wrong-answer 80 | " +
      "2346 tokens/s | 2:05 left",
  );
});

Deno.test("the bar fits its width and grows with the step", () => {
  fc.assert(fc.property(fc.nat(200), fc.integer({ min: 1, max: 99 }), (width, step) => {
    assert.ok([...barLine({ ...progress, step, steps: 99 }, width)].length <= width);
  }));
  const filled = (step: number) => barLine({ step, steps: 12 }, 80).split("=").length;
  assert.ok(filled(1) < filled(6) && filled(6) < filled(12));
  assert.match(barLine(progress, 200), /^step 3\/12 \[=== {13}\] sampling 50 % \| reward/);
});

Deno.test("a terminal gets one rewritten line, a log one line a step", () => {
  const shown = (isTTY: boolean): string => {
    const written: string[] = [];
    const stream = { isTTY, columns: 200, write: (text: string) => written.push(text) > 0 };
    const display = new Display(stream as unknown as NodeJS.WriteStream);
    display.tick(progress);
    display.step(progress);
    display.line("checkpoint");
    return written.join("");
  };
  assert.equal(shown(false), plainLine(progress) + "\ncheckpoint\n");
  const parts = shown(true).split("\r\u001b[K");
  assert.deepEqual(parts.map((part) => part.slice(0, 4)), ["", "step", "step", "chec"]);
  assert.ok(parts.at(-1)!.endsWith("\n"));
});

Deno.test("clocks", () => {
  assert.deepEqual([0, 5, 65, 3725, -3].map(clock), ["0:00", "0:05", "1:05", "1:02:05", "0:00"]);
});
