import {
  adamw,
  clipScale,
  type Device,
  type Dispatch,
  fixedGroups,
  fold,
  HYPER,
  type Hyper,
  part,
  type Slice,
  squareSum,
} from "../gpu/mod.ts";
import type { UpdateOptions } from "./engine.ts";
import { ModelError } from "./errors.ts";
import type { Layout } from "./layout.ts";
import { squareChunks } from "./memory.ts";
import { NO_PASS } from "./passes.ts";

/** Turns gradients into updates: global-norm clipping, the stash of folded gradients, AdamW. */
export class Optimizer {
  /** Updates made. */
  step = 0;
  /** Something was folded aside since the last update. */
  #stashed = false;
  readonly #foldList: readonly Dispatch[];
  readonly #updateGradient: readonly Dispatch[];
  readonly #updateStash: readonly Dispatch[];

  constructor(
    private readonly device: Device,
    private readonly buffer: (name: string) => Slice,
    private readonly trained: { readonly layout: Layout; readonly weights: Slice },
  ) {
    this.#foldList = this.#folding();
    this.#updateGradient = this.#updating(buffer("optimizer.gradient"));
    this.#updateStash = this.#updating(buffer("optimizer.stash"));
  }

  async fold(o: { readonly weight: number; readonly clip_norm?: number }): Promise<number> {
    this.#fold(o.weight, o.clip_norm ?? 0);
    const [norm] = await this.device.read([this.buffer("optimizer.norm")]);
    return new Float32Array(norm!)[0]!;
  }

  async update(o: UpdateOptions): Promise<{ grad_norm: number; skipped: boolean }> {
    if (!(o.eps > 0)) throw new ModelError("request", "update", `eps is ${o.eps}; expected > 0`);
    if (this.#stashed) this.#fold(1, 0);
    const step = this.step + 1;
    this.#hyper({
      lr: o.lr,
      beta1: o.betas[0],
      beta2: o.betas[1],
      eps: o.eps,
      weight_decay: o.weight_decay,
      correct1: 1 - o.betas[0] ** step,
      correct2: 1 - o.betas[1] ** step,
      clip_norm: o.clip_norm,
      weight: 1,
    });
    this.device.submit(NO_PASS, [this.#stashed ? this.#updateStash : this.#updateGradient]);
    this.#stashed = false;
    const [bytes] = await this.device.read([this.buffer("optimizer.norm")]);
    const [grad_norm, , good] = new Float32Array(bytes!);
    if (good === 1) this.step = step;
    return { grad_norm: grad_norm!, skipped: good !== 1 };
  }

  async unsound(): Promise<readonly string[]> {
    const { layout, weights } = this.trained;
    const { chunk } = squareChunks(weights.size / 4);
    const [bytes] = await this.device.read([this.buffer("optimizer.partial")]);
    const at = new Float32Array(bytes!).findIndex((sum) => !Number.isFinite(sum));
    if (at < 0) return [];
    const [start, end] = [at * chunk, (at + 1) * chunk];
    return [...layout.tensors.values()]
      .filter((t) => t.start < end && t.start + t.rows * t.stride > start)
      .flatMap(({ parts }) => parts.map(({ name }) => name));
  }

  #fold(weight: number, clip_norm: number): void {
    this.#hyper({ ...NO_HYPER, weight, clip_norm });
    this.device.submit(NO_PASS, [this.#foldList]);
    this.#stashed = true;
  }

  /** Norm of the gradient, then its clipped part onto the stash. */
  #folding(): Dispatch[] {
    const gradient = this.buffer("optimizer.gradient");
    return [
      ...this.#clip(gradient),
      ...this.#pieces(gradient.size / 4).map(([start, count]) =>
        this.device.dispatch(
          fold,
          {
            g: part(gradient, start, count),
            stash: part(this.buffer("optimizer.stash"), start, count),
            hyper: this.buffer("optimizer.hyper"),
            norm: this.buffer("optimizer.norm"),
          },
          { count4: count / 4 },
          fixedGroups(count / 4),
        )
      ),
    ];
  }

  /** Norm of `from`, then AdamW with its clipped part. */
  #updating(from: Slice): Dispatch[] {
    const { weights } = this.trained;
    return [
      ...this.#clip(from),
      ...this.#pieces(weights.size / 4).map(([start, count]) =>
        this.device.dispatch(
          adamw,
          {
            w: part(weights, start, count),
            m: part(this.buffer("optimizer.moment1"), start, count),
            v: part(this.buffer("optimizer.moment2"), start, count),
            g: part(from, start, count),
            hyper: this.buffer("optimizer.hyper"),
            norm: this.buffer("optimizer.norm"),
          },
          { count4: count / 4 },
          fixedGroups(count / 4),
        )
      ),
    ];
  }

  /** Norm and clip scale of a gradient into `optimizer.norm`. */
  #clip(gradient: Slice): Dispatch[] {
    const { chunk } = squareChunks(gradient.size / 4);
    const partial = this.buffer("optimizer.partial");
    let chunks = 0;
    const sums = this.#pieces(gradient.size / 4, chunk).map(([start, count]) => {
      const at = chunks;
      chunks += Math.ceil(count / chunk);
      return this.device.dispatch(
        squareSum,
        { g: part(gradient, start, count), partial },
        { count, chunk, at },
        fixedGroups(Math.ceil(count / chunk)),
      );
    });
    const hyper = this.buffer("optimizer.hyper");
    const norm = this.buffer("optimizer.norm");
    return [
      ...sums,
      this.device.dispatch(clipScale, { partial, hyper, norm }, { chunks }, fixedGroups(1)),
    ];
  }

  /** Stretches of a flat array that one binding may hold; starts are multiples of 64 and of `unit`. */
  #pieces(floats: number, unit = 64): (readonly [start: number, count: number])[] {
    const grain = 64 * unit;
    const most = Math.max(
      grain,
      Math.floor(this.device.info.limits.binding_bytes / 4 / grain) * grain,
    );
    return Array.from(
      { length: Math.ceil(floats / most) },
      (_, i) => [i * most, Math.min(most, floats - i * most)] as const,
    );
  }

  #hyper(values: Hyper): void {
    this.device.write(
      this.buffer("optimizer.hyper"),
      Float32Array.from(HYPER, (name) => values[name]),
    );
  }

  /** Starts anew after `step` updates, as if no gradient had been computed since. */
  reset(step: number): void {
    this.device.clear(this.buffer("optimizer.gradient"));
    this.device.clear(this.buffer("optimizer.stash"));
    this.#stashed = false;
    this.step = step;
  }
}

const NO_HYPER: Hyper = {
  lr: 0,
  beta1: 0,
  beta2: 0,
  eps: 1,
  weight_decay: 0,
  correct1: 1,
  correct2: 1,
  clip_norm: 0,
  weight: 1,
};
