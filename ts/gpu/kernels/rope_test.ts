import { strict as assert } from "node:assert";
import { TOKEN_WORDS } from "../kernel.ts";
import { rope, ropeBackward, ropeGroups, ropeTable, twinRope } from "./rope.ts";
import { laidOut, numbers, SIZES, type Trial, tryKernel } from "./trial_test.ts";

const [HEADS, KV, D, STRIDE] = [3, 1, 10, 12];
const SLOTS = HEADS + 2 * KV;
const TABLE = ropeTable(D, 200, { theta: 100 });
const SHAPE = { heads: HEADS, kv_heads: KV, half: D / 2, head_stride: STRIDE };

/** Rows at positions 5 on; their keys and values go to rows 2 on. */
const setting = (rows: number) => {
  const positions = Uint32Array.from({ length: rows }, (_, n) => 5 + n);
  const tokens = new Uint32Array(rows * TOKEN_WORDS);
  positions.forEach((position, n) => {
    tokens[n * TOKEN_WORDS + 1] = position;
    tokens[n * TOKEN_WORDS + 2] = n + 2;
  });
  return { positions, tokens, table: Float32Array.from(TABLE) };
};

/** Heads `first` to `first + count` of rows of `of` heads. */
const heads = (x: Float64Array, of: number, first: number, count: number): Float64Array =>
  x.filter((_, i) => Math.floor(i / D) % of >= first && Math.floor(i / D) % of < first + count);

const pad = (x: ArrayLike<number>) => laidOut(x, D, STRIDE);

tryKernel(
  "rope",
  SIZES.map((rows): Trial => {
    const { positions, tokens, table } = setting(rows);
    const [qk, qkv] = [numbers(rows * SLOTS * D, 1), numbers(rows * SLOTS * D, 2)];
    const q = heads(qk, SLOTS, 0, HEADS);
    const k = heads(qk, SLOTS, HEADS, KV);
    twinRope(q, positions, HEADS, TABLE);
    twinRope(k, positions, KV, TABLE);
    const v = heads(qkv, SLOTS, HEADS + KV, KV);
    const kv = new Float32Array((rows + 2) * 2 * KV * STRIDE);
    const width = KV * STRIDE;
    for (let n = 0; n < rows; n++) {
      kv.set(pad(k).subarray(n * width, (n + 1) * width), (2 * n + 4) * width);
      kv.set(pad(v).subarray(n * width, (n + 1) * width), (2 * n + 5) * width);
    }
    return {
      label: `${rows} rows`,
      kernel: rope(),
      buffers: {
        tokens,
        table,
        qk: pad(qk),
        qkv: pad(qkv),
        q: new Float32Array(rows * HEADS * STRIDE),
        kv: new Float32Array(kv.length),
      },
      shape: SHAPE,
      pass: { rows },
      groups: () => ropeGroups(SLOTS),
      expected: { q: pad(q), kv },
    };
  }),
  [
    ["x1 * c - x2 * s", "x1 * c + x2 * s"],
    ["x2 * c + x1 * s", "x2 * c"],
    ["token.position * shape.half", "row * shape.half"],
    ["token.kv_row", "row"],
    ["qkv[from_ + i]", "qk[from_ + i]"],
  ],
);

/** Quarter turns of halves are halves: exact. */
tryKernel(
  "rope into halves",
  SIZES.map((rows): Trial => {
    const { tokens } = setting(rows);
    const qkv = numbers(rows * SLOTS * D, 1).map((x) => new Float16Array([x])[0]!);
    const table = new Float64Array(TABLE.length).map((_, i) => i % 2);
    const k = heads(qkv, SLOTS, HEADS, KV);
    const q = heads(qkv, SLOTS, 0, HEADS);
    const v = heads(qkv, SLOTS, HEADS + KV, KV);
    const turn = (x: Float64Array, count: number) =>
      twinRope(x, new Uint32Array(rows).fill(1), count, table);
    turn(q, HEADS);
    turn(k, KV);
    const kv = new Float16Array((rows + 2) * 2 * KV * STRIDE).fill(9);
    const before = kv.slice();
    const width = KV * STRIDE;
    for (let n = 0; n < rows; n++) {
      for (const [x, at] of [[k, 4], [v, 5]] as const) {
        const from = pad(x).subarray(n * width, (n + 1) * width);
        from.forEach((value, i) => {
          // Padding of keys is not written, that of values is.
          if (at === 5 || i % STRIDE < D) kv[(2 * n + at) * width + i] = value;
        });
      }
    }
    return {
      label: `${rows} rows`,
      kernel: rope("f16"),
      buffers: {
        tokens,
        table: Float32Array.from(table),
        qk: pad(qkv),
        qkv: pad(qkv),
        q: new Float32Array(rows * HEADS * STRIDE),
        kv: new Uint32Array(before.buffer),
      },
      shape: SHAPE,
      pass: { rows },
      groups: () => ropeGroups(SLOTS),
      expected: { q: pad(q), kv: new Uint32Array(kv.buffer) },
    };
  }),
  [["0xffff0000u >> shift", "0xffffffffu >> shift"], ["half << shift", "half"]],
);

tryKernel(
  "rope_backward",
  SIZES.flatMap((rows) =>
    ([[0, SLOTS], [0, HEADS + KV], [HEADS + KV, KV]] as const).map(([first, count]): Trial => {
      const { positions, tokens, table } = setting(rows);
      const [dq, dk, dv] = [
        numbers(rows * HEADS * D, 1),
        numbers(rows * KV * D, 2),
        numbers(rows * KV * D, 3),
      ];
      const rowsOf = (
        x: Float64Array,
        of: number,
        n: number,
      ) => [...x.subarray(n * of * D, (n + 1) * of * D)];
      const range = [...Array(rows).keys()];
      const dkv = range.flatMap((n) => [...rowsOf(dk, KV, n), ...rowsOf(dv, KV, n)]);
      const [uq, uk] = [dq.slice(), dk.slice()];
      twinRope(uq, positions, HEADS, TABLE, -1);
      twinRope(uk, positions, KV, TABLE, -1);
      const all = Float64Array.from(range.flatMap((n) => [
        ...rowsOf(uq, HEADS, n),
        ...rowsOf(uk, KV, n),
        ...rowsOf(dv, KV, n),
      ]));
      const want = all.map((x, i) => {
        const slot = Math.floor(i / D) % SLOTS;
        return slot >= first && slot < first + count ? x : 0;
      });
      return {
        label: `${rows} rows, heads ${first} and ${count} on`,
        kernel: ropeBackward,
        buffers: {
          tokens,
          table,
          dq: pad(dq),
          dkv: pad(dkv),
          dqkv: new Float32Array(rows * SLOTS * STRIDE),
        },
        shape: { ...SHAPE, first, count },
        pass: { rows },
        groups: () => ropeGroups(count),
        expected: { dqkv: pad(want) },
      };
    })
  ),
  [
    ["y1 * c + y2 * s", "y1 * c - y2 * s"],
    ["y2 * c - y1 * s", "y2 * c"],
    ["shape.first +", "0u +"],
    ["dqkv[to + i] = dkv[kv_at + i]", "dqkv[to + i] = dq[kv_at + i]"],
  ],
);

Deno.test("llama3 scaling keeps short waves, divides long ones and blends between", () => {
  const llama3 = {
    factor: 8,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 32,
  };
  const angle = (table: Float64Array, i: number) =>
    Math.atan2(table[2 * (8 + i) + 1]!, table[2 * (8 + i)]!);
  const plain = ropeTable(16, 2, { theta: 10000 });
  const scaled = ropeTable(16, 2, { theta: 10000, llama3 });
  const ratio = (i: number) => angle(scaled, i) / angle(plain, i);
  assert.equal(ratio(0), 1);
  assert.ok(ratio(1) < 1 && ratio(1) > 1 / 8, `${ratio(1)}`);
  assert.ok(Math.abs(ratio(7) - 1 / 8) < 1e-9, `${ratio(7)}`);
});
