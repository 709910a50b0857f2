import { Random } from "../data/mod.ts";

/**
 * Which of `count` items each step sees. A function of (seed, step) alone, so a resumed run goes on with
 * the very items of the uninterrupted one: every epoch has a permutation of its own.
 */
export class Batches {
  #epoch = -1;
  #order: readonly number[] = [];

  constructor(
    readonly count: number,
    readonly size: number,
    readonly options: { readonly seed: number; readonly shuffle: boolean },
  ) {
    if (count < 1) throw new RangeError("there is nothing to draw batches from");
  }

  /** Indices of the items of `step` (from 1). */
  at(step: number): number[] {
    const first = (step - 1) * this.size;
    return Array.from({ length: this.size }, (_, i) => this.#item(first + i));
  }

  #item(k: number): number {
    const within = k % this.count;
    if (!this.options.shuffle) return within;
    const epoch = Math.floor(k / this.count);
    if (epoch !== this.#epoch) {
      const random = new Random(this.options.seed).fork("epoch", epoch);
      this.#order = random.shuffle(Array.from({ length: this.count }, (_, i) => i));
      this.#epoch = epoch;
    }
    return this.#order[within]!;
  }
}
