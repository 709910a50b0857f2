import { strict as assert } from "node:assert";
import fc from "fast-check";
import { TOKEN_WORDS } from "../gpu/mod.ts";
import { gather, scatter, splitPasses } from "./passes.ts";

const rowsOf = fc.array(
  fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 0, maxLength: 20 }),
  { maxLength: 12 },
).map((rows) => rows.map((row) => Uint32Array.from(row)));

Deno.test("passes hold every token that predicts one, once, in order, and no more than fit", () => {
  fc.assert(fc.property(rowsOf, fc.integer({ min: 19, max: 40 }), (rows, tokens_per_pass) => {
    const passes = splitPasses(rows, { tokens_per_pass, context: 20, vocab: 31 });
    const seen = passes.flatMap(({ tokens, count }) => {
      assert.ok(count <= tokens_per_pass && count > 0);
      return Array.from({ length: count }, (_, n) => {
        const [id, position, kv_row, key_base, target] = tokens.subarray(n * TOKEN_WORDS);
        assert.equal(kv_row, n);
        assert.equal(key_base, n - position!);
        return [id, position, target];
      });
    });
    const want = rows.flatMap((row) =>
      Array.from({ length: Math.max(0, row.length - 1) }, (_, t) => [row[t], t, row[t + 1]])
    );
    assert.deepEqual(seen, want);
  }));
});

Deno.test("values go to a pass and come back where they were", () => {
  fc.assert(fc.property(rowsOf, (rows) => {
    const values = rows.map((row) => Float32Array.from(row, (_, t) => t === 0 ? 0 : row[0]! + t));
    const back = rows.map((row) => new Float32Array(row.length));
    for (const pass of splitPasses(rows, { tokens_per_pass: 25, context: 20, vocab: 31 })) {
      scatter(pass, gather(pass, values), back);
    }
    assert.deepEqual(back, values);
  }));
});
