import assert from "node:assert/strict";
import type { Program, Task } from "../data/mod.ts";
import { principalPlane } from "./plane.ts";
import { probeStates, probeTexts } from "./probe.ts";

/** Numbers that look random and are the same every time. */
const noise = (seed: number) => {
  let state = seed >>> 0;
  return () => ((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32) - 0.5;
};

/** Two layers of 16: in the first a state is its language, in the second its task. */
const states = (languages: number, tasks: number, aligned: number) => {
  const next = noise(7);
  const draw = () => Array.from({ length: 16 }, next);
  const [language, task] = [
    Array.from({ length: languages }, draw),
    Array.from({ length: tasks }, draw),
  ];
  return language.map((l) =>
    task.map((t) =>
      Float32Array.from([
        ...l.map((value) => value + 0.01 * next()),
        ...t.map((value) => aligned * value + (1 - aligned) * next()),
      ])
    )
  );
};

Deno.test("a layer that holds the task finds its counterpart; one that holds the language does not", () => {
  const found = probeStates(["c", "lua", "python"], 20, states(3, 20, 0.95), 2, 0);
  const [first, second] = found.layers;
  assert.equal(second!.retrieval_at_1.value, 1);
  assert.ok(second!.adjusted_cosine.value > 0.8);
  assert.ok(first!.retrieval_at_1.value < 0.3, String(first!.retrieval_at_1.value));
  // All programs of a language look alike there: raw cosine may be high, the adjusted one is not.
  assert.ok(Math.abs(first!.adjusted_cosine.value) < 0.02);
  assert.equal(found.picture.layer, 2);
  assert.equal(found.picture.points.length, 60);
});

Deno.test("states without anything in common are found as often as chance has it", () => {
  const { value, low, high } = probeStates(["c", "lua"], 40, states(2, 40, 0), 2, 1)
    .layers[1]!.retrieval_at_1;
  assert.ok(low <= 1 / 40 + 0.05 && value <= 0.15 && high <= 0.3, `${low} ${value} ${high}`);
});

Deno.test("the plane holds what varies most, centred", () => {
  const next = noise(3);
  const points = Array.from({ length: 50 }, () => [10 * next(), 3 * next(), 0.1 * next()]);
  const plane = principalPlane(points.map(([a, b, c]) => [a! + 5, c!, b! - 2, 1]));
  const variance = (values: number[]) =>
    values.reduce((sum, value) => sum + value * value, 0) / values.length;
  const wide = variance(plane.map(({ x }) => x));
  const narrow = variance(plane.map(({ y }) => y));
  assert.ok(wide > 4 * narrow && narrow > 0.3, `${wide} ${narrow}`);
  assert.ok(Math.abs(plane.reduce((sum, { x }) => sum + x, 0)) < 1e-9);
  assert.deepEqual(principalPlane([]), []);
});

Deno.test("only tasks with a verified program in every language are shown", () => {
  const program = (task: string, language: string, verified = true): Program => (
    { task, language, code: `${task} in ${language}`, verified }
  );
  const { tasks, texts } = probeTexts(
    ["one", "two", "three"].map((id) => ({ id }) as Task),
    [
      ...["one", "two", "three"].map((task) => program(task, "c")),
      program("one", "lua"),
      program("two", "lua", false),
    ],
    { languages: ["c", "lua"], most: 5, template: "<{source}>{code}" },
  );
  assert.deepEqual(tasks, ["one"]);
  assert.deepEqual(texts, [["<c>one in c"], ["<lua>one in lua"]]);
});
