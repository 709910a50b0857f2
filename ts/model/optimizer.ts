import {
  adamw,
  clipScale,
  type Device,
  type Dispatch,
  fixedGroups,
  fold,
  HYPER,
  type Hyper,
  NO_PASS,
  part,
  type Slice,
  squareSum,
} from "../gpu/mod.ts";
import type { UpdateOptions } from "./engine.ts";
import { ModelError } from "./errors.ts";
import type { Arena } from "./arena.ts";
import type { Layout } from "./layout.ts";
import { squareChunks } from "./memory.ts";

/** What is trained, and how its buffers are found. */
export interface Trained {
  readonly layout: Layout;
  readonly weights: Arena;
  readonly shard_bytes: number;
  readonly buffer: (name: string) => Slice;
  readonly arena: (name: string) => Arena;
  /** Whether there is room to fold. */
  readonly fold: boolean;
}

/** Turns gradients into updates: global-norm clipping, gradients folded aside, AdamW. */
export class Optimizer {
  /** Updates made. */
  step = 0;
  /** Something was folded aside since the last update. */
  #folded = false;
  readonly #gradient: Arena;
  readonly #update: readonly Dispatch[];
  /** Where gradients are folded to, if there is room. */
  readonly #aside: {
    readonly sum: Arena;
    readonly fold: readonly Dispatch[];
    readonly update: readonly Dispatch[];
  } | undefined;

  constructor(private readonly device: Device, private readonly trained: Trained) {
    this.#gradient = trained.arena("gradients.sum");
    this.#update = this.#updating(this.#gradient);
    if (!trained.fold) return;
    const sum = trained.arena("gradients.folded");
    this.#aside = { sum, fold: this.#folding(sum), update: this.#updating(sum) };
  }

  async fold(o: { readonly weight: number; readonly clip_norm?: number }): Promise<number> {
    this.#fold(o.weight, o.clip_norm ?? 0);
    const [norm] = await this.device.read([this.trained.buffer("gradients.norm")]);
    return new Float32Array(norm!)[0]!;
  }

  async update(o: UpdateOptions): Promise<{ grad_norm: number; skipped: boolean }> {
    if (!(o.eps > 0)) throw new ModelError("request", "update", `eps is ${o.eps}; expected > 0`);
    if (this.#folded) this.#fold(1, 0);
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
    this.device.submit(NO_PASS, [this.#folded ? this.#aside!.update : this.#update]);
    this.#folded = false;
    const [bytes] = await this.device.read([this.trained.buffer("gradients.norm")]);
    const [grad_norm, , good] = new Float32Array(bytes!);
    if (good === 1) this.step = step;
    return { grad_norm: grad_norm!, skipped: good !== 1 };
  }

  async unsound(): Promise<readonly string[]> {
    const { layout, shard_bytes, weights } = this.trained;
    const { chunk, ends } = squareChunks(layout, shard_bytes);
    const [bytes] = await this.device.read([this.trained.buffer("gradients.partial")]);
    const at = new Float32Array(bytes!).findIndex((sum) => !Number.isFinite(sum));
    if (at < 0) return [];
    const buffer = ends.findIndex((end) => at < end);
    const start = weights.starts[buffer]! + (at - (ends[buffer - 1] ?? 0)) * chunk;
    const end = start + chunk;
    return [...layout.tensors.values()]
      .filter((t) => t.start < end && t.start + t.rows * t.words > start)
      .flatMap(({ parts }) => parts.map(({ name }) => name));
  }

  #fold(weight: number, clip_norm: number): void {
    if (!this.#aside) throw new ModelError("not-planned", "foldGradient", "open with fold: true");
    this.#hyper({ ...NO_HYPER, weight, clip_norm });
    this.device.submit(NO_PASS, [this.#aside.fold]);
    this.#folded = true;
  }

  /** Norm of the gradient, then its clipped part onto `sum`. */
  #folding(sum: Arena): Dispatch[] {
    return [
      ...this.#clip(this.#gradient),
      ...this.#everywhere((i, start, count) =>
        this.device.dispatch(
          fold,
          {
            g: part(this.#gradient.buffers[i]!, start, count),
            stash: part(sum.buffers[i]!, start, count),
            hyper: this.trained.buffer("moments.hyper"),
            norm: this.trained.buffer("gradients.norm"),
          },
          { count4: count / 4 },
          fixedGroups(count / 4),
        )
      ),
    ];
  }

  /** Norm of `from`, then AdamW with its clipped part. */
  #updating(from: Arena): Dispatch[] {
    const { weights, arena } = this.trained;
    const [m, v] = [arena("moments.first"), arena("moments.second")];
    return [
      ...this.#clip(from),
      ...this.#everywhere((i, start, count) =>
        this.device.dispatch(
          adamw,
          {
            w: part(weights.buffers[i]!, start, count),
            m: part(m.buffers[i]!, start, count),
            v: part(v.buffers[i]!, start, count),
            g: part(from.buffers[i]!, start, count),
            hyper: this.trained.buffer("moments.hyper"),
            norm: this.trained.buffer("gradients.norm"),
          },
          { count4: count / 4 },
          fixedGroups(count / 4),
        )
      ),
    ];
  }

  /** Norm and clip scale of a gradient into `gradients.norm`. */
  #clip(gradient: Arena): Dispatch[] {
    const { chunk } = squareChunks(this.trained.layout, this.trained.shard_bytes);
    const partial = this.trained.buffer("gradients.partial");
    let chunks = 0;
    const sums = this.#everywhere((i, start, count) => {
      const at = chunks;
      chunks += Math.ceil(count / chunk);
      return this.device.dispatch(
        squareSum,
        { g: part(gradient.buffers[i]!, start, count), partial },
        { count, chunk, at },
        fixedGroups(Math.ceil(count / chunk)),
      );
    }, chunk);
    const hyper = this.trained.buffer("moments.hyper");
    const norm = this.trained.buffer("gradients.norm");
    return [
      ...sums,
      this.device.dispatch(clipScale, { partial, hyper, norm }, { chunks }, fixedGroups(1)),
    ];
  }

  /** Stretches of each buffer that one binding may hold; starts are multiples of 64 and of `unit`. */
  #everywhere(
    make: (buffer: number, start: number, count: number) => Dispatch,
    unit = 64,
  ): Dispatch[] {
    const grain = 64 * unit;
    const { binding_bytes } = this.device.info.limits;
    const most = Math.max(grain, Math.floor(binding_bytes / 4 / grain) * grain);
    return this.#gradient.buffers.flatMap(({ size }, buffer) =>
      Array.from(
        { length: Math.ceil(size / 4 / most) },
        (_, i) => make(buffer, i * most, Math.min(most, size / 4 - i * most)),
      )
    );
  }

  #hyper(values: Hyper): void {
    this.device.write(
      this.trained.buffer("moments.hyper"),
      Float32Array.from(HYPER, (name) => values[name]),
    );
  }

  /** Starts anew after `step` updates, as if no gradient had been computed since. */
  reset(step: number): void {
    this.#gradient.clear(this.device);
    this.#aside?.sum.clear(this.device);
    this.#folded = false;
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
