/** The end of the decoder: final norm, logits in chunks of rows, log-probs and their gradient. */
import { chunkGroups, type Dispatch, logprob, logprobBackward, logprobCut } from "../gpu/mod.ts";
import type { Graph } from "./graph.ts";
import { norm } from "./norms.ts";
import { fromRow, project, projectBackward, type Rows } from "./projection.ts";

/** Final norm, then by chunks of rows: logits and what `use` makes of them. */
export const headForward = (g: Graph, use: (rows: Rows) => Dispatch[]): Dispatch[] => [
  norm(g, "norm", g.stream(g.sizes.layers), g.buffer("head.norm"), g.buffer("head.scale")),
  ...chunks(g).flatMap((rows) => [
    ...project(g.device, g.projection(undefined, "head"), {
      x: fromRow(g.buffer("head.norm"), rows, g.sizes.hidden_p),
      y: g.buffer("head.logits"),
      rows,
    }),
    ...use(rows),
  ]),
];

/** Log-prob and entropy of a chunk's targets, of what top-k and top-p left if `cut`. */
export const headLogprob = (g: Graph, rows: Rows, cut = false): Dispatch[] => {
  const buffers = {
    tokens: g.buffer("pass.tokens"),
    logits: g.buffer("head.logits"),
    logp: g.buffer("head.logp"),
    entropy: g.buffer("head.entropy"),
    lse: g.buffer("head.lse"),
  };
  const shape = { ...rows, vocab: g.sizes.vocab, stride4: g.sizes.vocab_p / 4 };
  const groups = chunkGroups(rows.row0, rows.rows_max, 1);
  return [
    cut
      ? g.device.dispatch(
        logprobCut,
        { ...buffers, cut: g.buffer("sampling.cut") },
        shape,
        groups,
      )
      : g.device.dispatch(logprob, buffers, shape, groups),
  ];
};

/** From a chunk's logits to the gradient of the final norm's output, before the next chunk. */
export const headBackward = (g: Graph, rows: Rows): Dispatch[] => {
  const stride4 = g.sizes.vocab_p / 4;
  return [
    g.device.dispatch(
      logprobBackward,
      {
        tokens: g.buffer("pass.tokens"),
        dlogp: g.buffer("backward.dlogp"),
        lse: g.buffer("head.lse"),
        logits: g.buffer("head.logits"),
      },
      { ...rows, vocab: g.sizes.vocab, stride4 },
      chunkGroups(rows.row0, rows.rows_max, stride4),
    ),
    ...projectBackward(g.device, g.projection(undefined, "head"), {
      x: fromRow(g.buffer("head.norm"), rows, g.sizes.hidden_p),
      dy: g.buffer("head.logits"),
      dx: fromRow(g.buffer("backward.dnorm"), rows, g.sizes.hidden_p),
      rows,
    }),
  ];
};

const chunks = (g: Graph): Rows[] =>
  Array.from({ length: Math.ceil(g.rows_max / g.logits_rows) }, (_, i) => ({
    row0: i * g.logits_rows,
    rows_max: g.logits_rows,
  }));
