import type { Engine } from "../model/mod.ts";

/**
 * Forward and backward over `rows`, at most `micro` of them in one call of the engine; rows whose
 * derivative is 0 everywhere add nothing and are passed over (`undefined` in the result).
 */
export const accumulateRows = async (
  engine: Engine,
  rows: readonly Uint32Array[],
  dlogp: readonly ArrayLike<number>[],
  options: { readonly temperature: number; readonly micro: number; readonly skipZero: boolean },
): Promise<{
  logProbs: (Float32Array | undefined)[];
  entropy: (Float32Array | undefined)[];
}> => {
  const logProbs: (Float32Array | undefined)[] = rows.map(() => undefined);
  const entropy: (Float32Array | undefined)[] = rows.map(() => undefined);
  const live = rows.map((_, i) => i).filter((i) =>
    !options.skipZero || Array.prototype.some.call(dlogp[i]!, (d: number) => d !== 0)
  );
  for (let first = 0; first < live.length; first += options.micro) {
    const part = live.slice(first, first + options.micro);
    const done = await engine.accumulate(
      part.map((i) => rows[i]!),
      part.map((i) => Float32Array.from(dlogp[i]!)),
      { temperature: options.temperature },
    );
    part.forEach((i, k) => {
      logProbs[i] = done.logProbs[k]!;
      entropy[i] = done.entropy[k]!;
    });
  }
  return { logProbs, entropy };
};
