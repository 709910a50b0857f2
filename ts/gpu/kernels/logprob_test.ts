import { NO_TARGET, TOKEN_WORDS } from "../kernel.ts";
import { chunkGroups, logprob, logprobBackward, logprobCut, twinLogprob } from "./logprob.ts";
import { laidOut, numbers, pad4, SIZES, type Trial, tryKernel } from "./trial_test.ts";

/** Rows from `row0` on are in `logits`; the last row has no target. */
const setting = (rows: number, vocab: number, row0: number, temperature: number) => {
  const logits = numbers(rows * vocab, 1).map((x) => 9 * x);
  const targets = Uint32Array.from(
    { length: rows },
    (_, n) => n === rows - 1 ? NO_TARGET : (7 * n) % vocab,
  );
  const tokens = new Uint32Array((row0 + rows) * TOKEN_WORDS);
  targets.forEach((target, n) => tokens[(row0 + n) * TOKEN_WORDS + 4] = target);
  const before = new Float32Array(row0);
  const dlogp = numbers(rows, 2).map((x, n) => n === rows - 1 ? 0 : x);
  const twin = twinLogprob(logits, targets, temperature, dlogp);
  const lse = Float64Array.from({ length: rows }, (_, n) => {
    const x = logits.subarray(n * vocab, (n + 1) * vocab);
    return Math.log(x.reduce((sum, value) => sum + Math.exp(value / temperature), 0));
  });
  return {
    label: `${rows} rows of ${vocab} from ${row0}`,
    shape: { row0, rows_max: rows + 3, vocab, stride4: pad4(vocab) / 4 },
    pass: { rows: row0 + rows, temperature },
    // What pads the vocabulary must not be looked at.
    padded: laidOut(logits, vocab, pad4(vocab), 0, 99),
    rows,
    vocab,
    row0,
    tokens,
    before,
    dlogp,
    twin,
    lse,
  };
};

const settings = SIZES.flatMap((n, i) => [
  setting(n, 37 + i, 0, 1),
  setting(5, Math.max(2, n), 64, 0.7),
]);

tryKernel(
  "logprob",
  settings.map((s): Trial => {
    const all = (values: Float64Array) => [...s.before, ...values];
    const empty = () => new Float32Array(s.row0 + s.rows);
    return {
      label: s.label,
      kernel: logprob,
      buffers: {
        tokens: s.tokens,
        logits: s.padded,
        logp: empty(),
        entropy: empty(),
        lse: empty(),
      },
      shape: s.shape,
      pass: s.pass,
      groups: () => chunkGroups(s.row0, s.rows, 1),
      expected: { logp: all(s.twin.logp), entropy: all(s.twin.entropy), lse: all(s.lse) },
    };
  }),
  [
    ["/ pass_.temperature", "* 1.0"],
    ["v < vec4u(shape.vocab)", "v <= vec4u(shape.vocab)"],
    ["log_z - (e4.x", "log_z + (e4.x"],
    ["lse[n] = top + log_z", "lse[n] = log_z"],
    ["- top - log_z", "- top"],
    ["z4.x + z4.y + z4.z + z4.w", "z4.x + z4.y + z4.z"],
    ["shape.row0 + row", "row"],
  ],
);

/** A threshold in the middle of each row: what lies below counts as if it were not there. */
tryKernel(
  "logprob of what a cut left",
  [1, 3, 65, 127].map((vocab): Trial => {
    const s = setting(5, vocab, 64, 0.7);
    const logits = numbers(5 * vocab, 1).map((x) => 9 * x);
    const targets = Uint32Array.from({ length: 5 }, (_, n) => {
      const row = logits.subarray(n * vocab, (n + 1) * vocab);
      return row.indexOf(Math.max(...row));
    });
    const cut = new Uint32Array(69);
    const kept = logits.map((x, i) => {
      const n = Math.floor(i / vocab);
      const least = Math.fround(Math.fround(logits[n * vocab + vocab / 2 | 0]!) / Math.fround(0.7));
      const bits = new Uint32Array(Float32Array.of(least).buffer)[0]!;
      // A little below, as the division here and there may round apart.
      cut[64 + n] = (bits >>> 31 ? ~bits >>> 0 : bits | 0x80000000) - 16 >>> 0;
      return x >= logits[n * vocab + vocab / 2 | 0]! ? x : -1e9;
    });
    targets.forEach((target, n) => s.tokens[(64 + n) * TOKEN_WORDS + 4] = target);
    const { logp, entropy } = twinLogprob(kept, targets, 0.7);
    const empty = () => new Float32Array(69);
    return {
      label: s.label,
      kernel: logprobCut,
      buffers: {
        tokens: s.tokens,
        logits: s.padded,
        logp: empty(),
        entropy: empty(),
        lse: empty(),
        cut,
      },
      shape: s.shape,
      pass: s.pass,
      groups: () => chunkGroups(64, 5, 1),
      expected: { logp: [...s.before, ...logp], entropy: [...s.before, ...entropy] },
      tolerance: 1e-4, // of log-probs near 0
    };
  }),
  [["cut[shape.row0 + row]", "0u"], ["cut[shape.row0 + row]", "cut[row]"]],
);

tryKernel(
  "logprob_backward",
  settings.map((s): Trial => ({
    label: s.label,
    kernel: logprobBackward,
    buffers: {
      tokens: s.tokens,
      dlogp: Float32Array.from([...s.before, ...s.dlogp]),
      lse: Float32Array.from([...s.before, ...s.lse]),
      logits: s.padded,
    },
    shape: s.shape,
    pass: s.pass,
    groups: () => chunkGroups(s.row0, s.rows, s.shape.stride4),
    expected: { logits: laidOut(s.twin.dlogits, s.vocab, pad4(s.vocab)) },
  })),
  [
    ["hit - exp", "hit + exp"],
    ["dlogp[n] * (", "("],
    ["- lse[n])) / pass_.temperature", "- lse[n]))"],
    ["vec4u(tokens[n].target_id)", "vec4u(tokens[n].id)"],
    ["vec4f(-3.0e38), x", "x, x"],
  ],
);
