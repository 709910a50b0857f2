import { blockTable, listUses, NO_TARGET, TOKEN_WORDS } from "../gpu/mod.ts";
import { ModelError } from "./errors.ts";

/** A stretch of rows that go through the model in one pass, as tables for the GPU. */
export interface RowPass {
  /** Indices of the rows, in order. */
  readonly rows: readonly number[];
  /** Tokens of the pass: all of each row but its last, which predicts nothing asked. */
  readonly count: number;
  readonly tokens: Uint32Array;
  readonly blocks: Uint32Array;
  readonly uses: Uint32Array;
  readonly distinct: number;
}

/** Fills passes with rows in order, as many as fit. Rows of one token need no pass. */
export const splitPasses = (
  rows: readonly Uint32Array[],
  o: { readonly tokens_per_pass: number; readonly context: number; readonly vocab: number },
): RowPass[] => {
  const passes: RowPass[] = [];
  let pending: number[] = [];
  let count = 0;
  const flush = () => {
    if (pending.length > 0) passes.push(passOf(rows, pending, count));
    [pending, count] = [[], 0];
  };
  rows.forEach((row, index) => {
    checkRow(row, `row ${index}`, o);
    const inputs = row.length - 1;
    if (inputs < 1) return;
    if (inputs > o.tokens_per_pass) {
      throw new ModelError(
        "row-too-long",
        `row ${index}`,
        `${row.length} tokens, but a pass holds ${o.tokens_per_pass}: raise tokens_per_pass`,
      );
    }
    if (count + inputs > o.tokens_per_pass) flush();
    pending.push(index);
    count += inputs;
  });
  flush();
  return passes;
};

/** A row must fit the context and hold ids of the vocabulary only. */
export const checkRow = (
  row: Uint32Array,
  name: string,
  o: { readonly context: number; readonly vocab: number },
): void => {
  if (row.length > o.context) {
    throw new ModelError(
      "row-too-long",
      name,
      `${row.length} tokens, but the engine was opened for a context of ${o.context}`,
    );
  }
  const stranger = row.find((id) => id >= o.vocab);
  if (stranger !== undefined) {
    throw new ModelError(
      "row-token",
      name,
      `token id ${stranger} is outside the vocabulary of ${o.vocab}`,
    );
  }
};

const passOf = (rows: readonly Uint32Array[], indices: number[], count: number): RowPass => {
  const tokens = new Uint32Array(count * TOKEN_WORDS);
  const ids = new Uint32Array(count);
  let start = 0;
  for (const index of indices) {
    const row = rows[index]!;
    for (let t = 0; t < row.length - 1; t++) {
      const n = start + t;
      ids[n] = row[t]!;
      tokens.set([row[t]!, t, n, start, row[t + 1] ?? NO_TARGET], n * TOKEN_WORDS);
    }
    start += row.length - 1;
  }
  const blocks = blockTable(indices.map((index) => rows[index]!.length - 1));
  return { rows: indices, count, tokens, blocks, ...listUses(ids) };
};

/** Values of a pass's tokens, given per row: entry t of a row belongs to the token before it. */
export const gather = (pass: RowPass, perRow: readonly Float32Array[]): Float32Array => {
  const flat = new Float32Array(pass.count);
  let start = 0;
  for (const index of pass.rows) {
    const values = perRow[index]!.subarray(1);
    flat.set(values, start);
    start += values.length;
  }
  return flat;
};

/** The other way round; entry 0 of each row stays 0. */
export const scatter = (
  pass: RowPass,
  flat: Float32Array,
  perRow: readonly Float32Array[],
): void => {
  let start = 0;
  for (const index of pass.rows) {
    const row = perRow[index]!;
    row.set(flat.subarray(start, start + row.length - 1), 1);
    start += row.length - 1;
  }
};
