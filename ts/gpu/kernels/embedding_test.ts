import { strict as assert } from "node:assert";
import { TOKEN_WORDS } from "../kernel.ts";
import {
  embedding,
  embeddingBackward,
  embeddingBackwardGroups,
  embeddingGroups,
  listUses,
  twinEmbedding,
  twinEmbeddingBackward,
} from "./embedding.ts";
import { numbers, SIZES, type Trial, tryKernel } from "./trial_test.ts";
import { weightStride } from "./weight.ts";
import { storedWeights } from "./weight_test.ts";

const [VOCAB, WIDTH] = [13, 20];
const idsOf = (rows: number) => Uint32Array.from({ length: rows }, (_, n) => (n * n + 5) % VOCAB);

tryKernel(
  "embedding",
  SIZES.map((rows): Trial => {
    const ids = idsOf(rows);
    const table = numbers(VOCAB * WIDTH, 1);
    const tokens = new Uint32Array(rows * TOKEN_WORDS);
    ids.forEach((id, n) => tokens[n * TOKEN_WORDS] = id);
    return {
      label: `${rows} rows`,
      kernel: embedding(),
      buffers: { tokens, table: Float32Array.from(table), x: new Float32Array(rows * WIDTH) },
      shape: { width4: WIDTH / 4, table_stride: WIDTH / 4, first: 0, count: VOCAB },
      pass: { rows },
      groups: () => embeddingGroups(WIDTH),
      expected: { x: twinEmbedding(ids, table, WIDTH) },
    };
  }),
  [["tokens[row].id", "row"], ["index % shape.width4)", "0u)"]],
);

tryKernel(
  "embedding_backward",
  SIZES.map((rows): Trial => {
    const ids = idsOf(rows);
    const [dx, dtable] = [numbers(rows * WIDTH, 1), numbers(VOCAB * WIDTH, 2)];
    const want = dtable.slice();
    twinEmbeddingBackward(want, ids, dx, WIDTH);
    const { uses, distinct } = listUses(ids);
    return {
      label: `${rows} rows`,
      kernel: embeddingBackward,
      buffers: { uses, dx: Float32Array.from(dx), dtable: Float32Array.from(dtable) },
      shape: { width4: WIDTH / 4, first: 0, count: VOCAB },
      pass: { rows, distinct },
      groups: () => embeddingBackwardGroups(WIDTH),
      expected: { dtable: want },
    };
  }),
  [
    ["var sum = dtable[at]", "var sum = vec4f(0.0)"],
    ["sum += dx", "sum = dx"],
    ["3u * pass_.distinct + i", "3u * pass_.distinct"],
  ],
);

/** Ids 4 to 9 of the table; rows of other ids keep what they held. */
const [FIRST, COUNT] = [4, 6];
const held = (id: number) => id >= FIRST && id < FIRST + COUNT;
const shardOf = (table: Float64Array) => table.slice(FIRST * WIDTH, (FIRST + COUNT) * WIDTH);

tryKernel(
  "embedding of a shard",
  SIZES.map((rows): Trial => {
    const ids = idsOf(rows);
    const table = numbers(VOCAB * WIDTH, 1);
    const before = numbers(rows * WIDTH, 3);
    const x = twinEmbedding(ids, table, WIDTH).map((value, i) =>
      held(ids[Math.floor(i / WIDTH)]!) ? value : before[i]!
    );
    const tokens = new Uint32Array(rows * TOKEN_WORDS);
    ids.forEach((id, n) => tokens[n * TOKEN_WORDS] = id);
    return {
      label: `${rows} rows`,
      kernel: embedding(),
      buffers: {
        tokens,
        table: Float32Array.from(shardOf(table)),
        x: Float32Array.from(before),
      },
      shape: { width4: WIDTH / 4, table_stride: WIDTH / 4, first: FIRST, count: COUNT },
      pass: { rows },
      groups: () => embeddingGroups(WIDTH),
      expected: { x },
    };
  }),
  [["id >= shape.count", "false"]],
);

tryKernel(
  "embedding_backward of a shard",
  SIZES.map((rows): Trial => {
    const ids = idsOf(rows);
    const [dx, dtable] = [numbers(rows * WIDTH, 1), numbers(VOCAB * WIDTH, 2)];
    const want = dtable.slice();
    twinEmbeddingBackward(want, ids, dx, WIDTH);
    const { uses, distinct } = listUses(ids);
    return {
      label: `${rows} rows`,
      kernel: embeddingBackward,
      buffers: { uses, dx: Float32Array.from(dx), dtable: Float32Array.from(shardOf(dtable)) },
      shape: { width4: WIDTH / 4, first: FIRST, count: COUNT },
      pass: { rows, distinct },
      groups: () => embeddingBackwardGroups(WIDTH),
      expected: { dtable: shardOf(want) },
    };
  }),
  [["- shape.first", ""]],
);

for (const format of ["f16", "q4"] as const) {
  tryKernel(
    `embedding of a table in ${format}`,
    SIZES.map((rows): Trial => {
      const ids = idsOf(rows);
      const { w, stored } = storedWeights(format, numbers(VOCAB * WIDTH, 1), WIDTH);
      const tokens = new Uint32Array(rows * TOKEN_WORDS);
      ids.forEach((id, n) => tokens[n * TOKEN_WORDS] = id);
      return {
        label: `${rows} rows`,
        kernel: embedding(format),
        buffers: { tokens, table: stored, x: new Float32Array(rows * WIDTH) },
        shape: {
          width4: WIDTH / 4,
          table_stride: weightStride(format, WIDTH),
          first: 0,
          count: VOCAB,
        },
        pass: { rows },
        groups: () => embeddingGroups(WIDTH),
        expected: { x: twinEmbedding(ids, w, WIDTH) },
      };
    }),
    [["id * shape.table_stride", "id * shape.width4 + 1u"]],
  );
}

Deno.test("uses list every row once, under its id, in order", () => {
  const { uses, distinct } = listUses(Uint32Array.from([5, 2, 5, 9, 2]));
  assert.equal(distinct, 3);
  assert.deepEqual([...uses], [2, 0, 2, 5, 2, 4, 9, 4, 5, 1, 4, 0, 2, 3]);
});
