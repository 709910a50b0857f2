import { strict as assert } from "node:assert";
import { ENDED, NO_TARGET, TOKEN_WORDS } from "../kernel.ts";
import { chunkGroups } from "./logprob.ts";
import { advance, rowGroups, sample, truncate, twinSample, twinTruncate } from "./sample.ts";
import { numbers, SIZES, type Trial, tryKernel } from "./trial_test.ts";

const [VOCAB, STRIDE] = [37, 40];

/** Bits in the order of the floats, as the kernel has them. */
const ordered = (x: number): number => {
  const bits = new Uint32Array(Float32Array.of(x).buffer)[0]!;
  return (bits >>> 31 === 1 ? ~bits : bits | 0x80000000) >>> 0;
};

const setting = (rows: number, temperature: number) => {
  // Few distinct values in every other row: ties. A temperature that is a power of two: exact division.
  const logits = new Float32Array(rows * STRIDE).fill(50);
  const rowsOf = Array.from({ length: rows }, (_, n) => {
    const x = numbers(VOCAB, n + 1).map((value) => n % 2 ? value : Math.round(8 * value) / 4);
    logits.set(x, n * STRIDE);
    return x.map((value) => value / temperature);
  });
  const tokens = new Uint32Array(rows * TOKEN_WORDS);
  for (let n = 0; n < rows; n++) {
    tokens.set([0, 3 * n, 0, 0, NO_TARGET, 0, 1000 + n], n * TOKEN_WORDS);
  }
  return {
    logits,
    rowsOf,
    tokens,
    shape: { row0: 0, rows_max: rows, vocab: VOCAB, stride: STRIDE },
    groups: () => chunkGroups(0, rows, 1),
  };
};

const CUTS = [[0, 1], [1, 1], [5, 1], [0, 0.5], [0, 0.9], [7, 0.6], [99, 0.999]] as const;

tryKernel(
  "truncate",
  SIZES.flatMap((rows) =>
    CUTS.map(([top_k, top_p]): Trial => {
      const s = setting(rows, 0.5);
      const cut = s.rowsOf.map((x) => {
        const kept = twinTruncate(x, top_k, top_p);
        return top_k === 0 && top_p === 1 ? 0 : ordered(Math.min(...[...kept].map((v) => x[v]!)));
      });
      return {
        label: `${rows} rows, top_k ${top_k}, top_p ${top_p}`,
        kernel: truncate,
        buffers: { logits: s.logits, cut: new Uint32Array(rows) },
        shape: s.shape,
        pass: { rows, temperature: 0.5, top_k, top_p },
        groups: s.groups,
        expected: { cut },
      };
    })
  ),
  [
    ["count >= min", "count > min"],
    ["pass_.top_p * mass", "0.5 * mass"],
    ["need) { nucleus = trial; }", "need) { nucleus = kept; }"],
    ["exp(x - top)", "1.0"],
    ["bit < 32u", "bit < 20u"],
  ],
);

tryKernel(
  "sample",
  SIZES.flatMap((rows) =>
    [false, true].flatMap((greedy) =>
      CUTS.slice(0, 4).map(([top_k, top_p]): Trial => {
        const s = setting(rows, 0.5);
        const tokens = s.tokens.slice();
        const cut = s.rowsOf.map((x, n) => {
          const kept = twinTruncate(x, top_k, top_p);
          tokens[n * TOKEN_WORDS + 4] = greedy
            ? x.indexOf(Math.max(...x))
            : twinSample(x, 1000 + n, 3 * n, kept);
          return ordered(Math.min(...[...kept].map((v) => x[v]!)));
        });
        return {
          label: `${rows} rows, greedy ${greedy}, top_k ${top_k}, top_p ${top_p}`,
          kernel: sample,
          buffers: { tokens: s.tokens, logits: s.logits, cut: Uint32Array.from(cut) },
          shape: s.shape,
          pass: { rows, temperature: 0.5, top_k, top_p, greedy: Number(greedy) },
          groups: s.groups,
          expected: { tokens },
        };
      })
    )
  ),
  [
    ["tokens[n].random ^", "0u ^"],
    ["pcg(tokens[n].position)", "pcg(0u)"],
    ["pcg(key + v)", "pcg(key ^ v)"],
    ["< cut[n]", "<= cut[n]"],
    ["score > best", "score >= best"],
    ["x - log(", "x + log("],
    ["2891336453u", "2891336455u"],
    ["277803737u", "277803735u"],
    ["pass_.greedy == 0u", "true"],
  ],
);

tryKernel(
  "advance",
  SIZES.map((rows): Trial => {
    const burst = 4;
    const stops = Uint32Array.of(8, 9);
    const tokens = new Uint32Array(rows * TOKEN_WORDS);
    const after = new Uint32Array(rows * TOKEN_WORDS);
    const ids = new Uint32Array(rows * burst);
    const logps = new Float32Array(rows * burst);
    const logp = Float32Array.from({ length: rows }, (_, n) => -1 - n);
    for (let n = 0; n < rows; n++) {
      const [position, target, limit, done, ended] = [
        10 + n,
        n % 12,
        10 + n + n % 2,
        n % 3,
        n % 5 === 4,
      ];
      const state = (done | (ended ? ENDED : 0)) >>> 0;
      const before = [1, position, 20 + n, 3, target, limit, 5, state];
      tokens.set(before, n * TOKEN_WORDS);
      if (ended) {
        after.set(before, n * TOKEN_WORDS);
        continue;
      }
      ids[n * burst + done] = target;
      logps[n * burst + done] = logp[n]!;
      const ends = stops.includes(target) || position >= limit;
      after.set(
        ends
          ? [1, position, 20 + n, 3, target, limit, 5, ((done + 1) | ENDED) >>> 0]
          : [target, position + 1, 21 + n, 3, target, limit, 5, done + 1],
        n * TOKEN_WORDS,
      );
    }
    return {
      label: `${rows} rows`,
      kernel: advance,
      buffers: {
        tokens,
        stops,
        logp,
        ids_out: new Uint32Array(rows * burst),
        logp_out: new Float32Array(rows * burst),
      },
      shape: { burst },
      pass: { rows, stops: 2 },
      groups: () => rowGroups,
      expected: { tokens: after, ids_out: ids, logp_out: logps },
    };
  }),
  [
    ["i < pass_.stops", "i + 1u < pass_.stops"],
    ["token.position >= token.limit", "token.position > token.limit"],
    ["token.kv_row += 1u", "token.kv_row += 2u"],
    ["+ token.state;", "+ 0u;"],
    ["token.id = token.target_id", "token.id = token.id"],
  ],
);

Deno.test("draws follow the distribution", () => {
  const x = Float64Array.of(0, Math.log(2), Math.log(5));
  const all = new Set([0, 1, 2]);
  const counts = [0, 0, 0];
  for (let i = 0; i < 20_000; i++) counts[twinSample(x, i % 100, Math.floor(i / 100), all)]!++;
  [1 / 8, 2 / 8, 5 / 8].forEach((p, v) => {
    const spread = Math.sqrt(p * (1 - p) / 20_000);
    assert.ok(Math.abs(counts[v]! / 20_000 - p) < 4 * spread, `${v}: ${counts[v]}`);
  });
});
