import assert from "node:assert/strict";
import fc from "fast-check";
import { Batches } from "./batches.ts";
import { scheduleAt } from "./schedule.ts";

Deno.test("an epoch shows every item once, and steps do not depend on those asked before", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 9 }), fc.nat(99), (
      count,
      size,
      seed,
    ) => {
      const straight = new Batches(count, size, { seed, shuffle: true });
      const steps = Math.ceil((3 * count) / size);
      const seen = Array.from({ length: steps }, (_, i) => straight.at(i + 1)).flat();
      for (let epoch = 0; epoch < 3; epoch++) {
        const items = seen.slice(epoch * count, (epoch + 1) * count);
        assert.equal(new Set(items).size, count);
      }
      const late = new Batches(count, size, { seed, shuffle: true });
      assert.deepEqual(late.at(steps), seen.slice((steps - 1) * size, steps * size));
    }),
  );
});

Deno.test("without shuffle the items come in the order of the file", () => {
  const batches = new Batches(5, 3, { seed: 1, shuffle: false });
  assert.deepEqual([batches.at(1), batches.at(2)], [[0, 1, 2], [3, 4, 0]]);
});

Deno.test("schedules warm up, fall to their floor, and a constant one without warm-up is 1 from the start", () => {
  assert.equal(scheduleAt({ kind: "constant", warmup: 0, floor: 0 }, 1, 3), 1);
  assert.equal(scheduleAt({ kind: "constant", warmup: 3, floor: 0 }, 1, 9), 0.25);
  const cosine = { kind: "cosine", warmup: 0, floor: 0.1 } as const;
  assert.equal(scheduleAt(cosine, 1, 100), 1);
  assert.ok(Math.abs(scheduleAt(cosine, 101, 100) - 0.1) < 1e-12);
  assert.ok(Math.abs(scheduleAt({ ...cosine, kind: "linear" }, 51, 100) - 0.55) < 1e-12);
});
