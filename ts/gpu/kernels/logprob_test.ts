import { NO_TARGET, TOKEN_WORDS } from "../kernel.ts";
import { chunkGroups, logprob, logprobBackward, twinLogprob } from "./logprob.ts";
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
