/** The engine itself, inside its Worker: opens a folder, plans, allocates, and runs passes. */
import {
  adamw,
  clipScale,
  Device,
  DeviceError,
  type Dispatch,
  fixedGroups,
  fold,
  HYPER,
  type Hyper,
  part,
  type Pass,
  ropeTable,
  type Slice,
  squareSum,
} from "../gpu/mod.ts";
import {
  type AdapterConfig,
  type AdapterFolder,
  loraModules,
  loraScale,
  openAdapterFolder,
  saveAdapterFolder,
} from "./adapter.ts";
import {
  decoderBackward,
  decoderForward,
  type Graph,
  headBackward,
  headForward,
  headLogprob,
} from "./decoder.ts";
import type {
  Completion,
  EngineOptions,
  GenerateRequest,
  TrainingState,
  UpdateOptions,
} from "./engine.ts";
import { ModelError } from "./errors.ts";
import { type ModelFolder, openModelFolder, saveModelFolder } from "./folder.ts";
import {
  adapterLayout,
  type Layout,
  loraTargets,
  modelLayout,
  pack,
  partsOf,
  unpack,
} from "./layout.ts";
import {
  type BufferPlan,
  logitsRows,
  type MemoryPlan,
  passRows,
  planBuffers,
  type PlanOptions,
  resolveOptions,
  squareChunks,
  summarize,
} from "./memory.ts";
import { freshAdapter, mergeAdapter, namedParameters, readParameters } from "./parameters.ts";
import { gather, type RowPass, scatter, splitPasses } from "./passes.ts";
import type { Projection } from "./projection.ts";
import { Sampler } from "./sampler.ts";
import { pad4, type Sizes, sizesOf } from "./sizes.ts";

/** An adapter at work: its shape, where its parameters lie, and whether they are trained. */
interface LoraPlan {
  readonly config: AdapterConfig;
  readonly layout: Layout;
  readonly trained: boolean;
}

export class Core {
  readonly #buffers: ReadonlyMap<string, Slice>;
  readonly #layout: Layout;
  /** Layout and weights of what is trained: the adapter if there is one, else the model. */
  readonly #trained: { readonly layout: Layout; readonly weights: Slice };
  readonly #rows: { tokens_per_pass: number; context: number; vocab: number };
  readonly #score: readonly Dispatch[];
  #scoreReference: readonly Dispatch[] | undefined;
  readonly #learn: readonly Dispatch[];
  readonly #foldList: readonly Dispatch[];
  readonly #updateGradient: readonly Dispatch[];
  readonly #updateStash: readonly Dispatch[];
  readonly #sampler: Sampler | undefined;
  #step = 0;
  #stashed = false;

  private constructor(
    readonly device: Device,
    readonly folder: ModelFolder,
    readonly memory: MemoryPlan,
    private readonly sizes: Sizes,
    private readonly plan: PlanOptions,
    private readonly lora: LoraPlan | undefined,
    buffers: BufferPlan,
  ) {
    this.#buffers = new Map(
      [...buffers].map(([name, floats]) => [name, device.buffer(name, floats)]),
    );
    this.#layout = modelLayout(sizes);
    this.#trained = lora
      ? { layout: lora.layout, weights: this.#buffer("weights.adapter") }
      : { layout: this.#layout, weights: this.#buffer("weights.model") };
    this.#rows = { ...plan, vocab: sizes.vocab };

    const scoring = this.#graph({ train: false });
    const own = { kv: (l: number) => this.#buffer(`activations.${scoring.set(l)}.kv`) };
    this.#score = [
      ...decoderForward(scoring, { ...own, by: "block" }),
      ...headForward(scoring, (rows) => headLogprob(scoring, rows)),
    ];
    this.#learn = plan.train ? this.#learning() : [];
    this.#foldList = plan.train ? this.#folding() : [];
    this.#updateGradient = plan.train ? this.#updating(this.#buffer("optimizer.gradient")) : [];
    this.#updateStash = plan.train ? this.#updating(this.#buffer("optimizer.stash")) : [];
    this.#sampler = plan.slots > 0 ? new Sampler(scoring, plan) : undefined;
  }

  /**
   * Checks the folder (config, names, shapes, lengths), plans memory, and only then takes a device.
   *
   * @throws ModelError, DeviceError
   */
  static async open(o: EngineOptions): Promise<Core> {
    const folder = await openModelFolder(o.model);
    const sizes = sizesOf(folder.config);
    const adapter = o.adapter === undefined
      ? undefined
      : await openAdapterFolder(o.adapter, folder.config);
    const lora = planLora(sizes, o, adapter);
    const plan = resolveOptions(o, lora?.config);
    const memory = summarize(sizes, plan);
    const buffers = planBuffers(sizes, plan);

    const device = await Device.open(o.provider);
    try {
      requireRoom(device, memory, buffers);
      const core = new Core(device, folder, memory, sizes, plan, lora, buffers);
      await core.#load(o, adapter);
      device.check();
      return core;
    } catch (cause) {
      device.close();
      throw cause;
    }
  }

  async logProbs(
    rows: readonly Uint32Array[],
    o: { readonly temperature: number; readonly reference?: boolean },
  ): Promise<Float32Array[]> {
    const list = o.reference ? this.#scoreReference : this.#score;
    if (!list) {
      throw new ModelError("not-planned", "logProbs", "reference: call snapshotReference first");
    }
    const passes = splitPasses(rows, this.#rows);
    const collector = this.device.collect(4 * sum(passes.map(({ count }) => count)));
    for (const pass of passes) {
      this.#upload(pass);
      this.device.submit(passNumbers(pass, o.temperature), [list]);
      collector.take(part(this.#buffer("head.logp"), 0, pass.count));
    }
    const read = await collector.read();
    const out = rows.map(({ length }) => new Float32Array(length));
    passes.forEach((pass, i) => scatter(pass, new Float32Array(read[i]!), out));
    return out;
  }

  async accumulate(
    rows: readonly Uint32Array[],
    dlogp: readonly Float32Array[],
    o: { readonly temperature: number },
  ): Promise<{ logProbs: Float32Array[]; entropy: Float32Array[] }> {
    this.#requireTraining("accumulate");
    rows.forEach((row, i) => {
      if (dlogp[i]?.length === row.length) return;
      const got = dlogp[i]?.length ?? "no";
      throw new ModelError("row-shape", `row ${i}`, `${got} gradients for ${row.length} tokens`);
    });
    const passes = splitPasses(rows, this.#rows);
    const collector = this.device.collect(8 * sum(passes.map(({ count }) => count)));
    for (const pass of passes) {
      this.#upload(pass);
      this.device.write(this.#buffer("backward.uses"), pass.uses);
      this.device.write(this.#buffer("backward.dlogp"), gather(pass, dlogp));
      this.device.submit(passNumbers(pass, o.temperature), [this.#learn]);
      collector.take(part(this.#buffer("head.logp"), 0, pass.count));
      collector.take(part(this.#buffer("head.entropy"), 0, pass.count));
    }
    const read = await collector.read();
    const empty = () => rows.map(({ length }) => new Float32Array(length));
    const [logProbs, entropy] = [empty(), empty()];
    passes.forEach((pass, i) => {
      scatter(pass, new Float32Array(read[2 * i]!), logProbs);
      scatter(pass, new Float32Array(read[2 * i + 1]!), entropy);
    });
    return { logProbs, entropy };
  }

  async foldGradient(o: { readonly weight: number; readonly clip_norm?: number }): Promise<number> {
    this.#requireTraining("foldGradient");
    this.#fold(o.weight, o.clip_norm ?? 0);
    const [norm] = await this.device.read([this.#buffer("optimizer.norm")]);
    return new Float32Array(norm!)[0]!;
  }

  async update(o: UpdateOptions): Promise<{ grad_norm: number; skipped: boolean }> {
    this.#requireTraining("update");
    if (!(o.eps > 0)) throw new ModelError("row-shape", "update", `eps is ${o.eps}; expected > 0`);
    if (this.#stashed) this.#fold(1, 0);
    const step = this.#step + 1;
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
    const [bytes] = await this.device.read([this.#buffer("optimizer.norm")]);
    const [grad_norm, , good] = new Float32Array(bytes!);
    if (good === 1) this.#step = step;
    return { grad_norm: grad_norm!, skipped: good !== 1 };
  }

  generate(request: GenerateRequest): Promise<Completion[]> {
    if (!this.#sampler) {
      throw new ModelError("not-planned", "generate", "the engine was opened with slots: 0");
    }
    return this.#sampler.generate(request);
  }

  snapshotReference(): void {
    this.#requireTraining("snapshotReference");
    const reference = this.#buffer("reference.weights");
    this.device.copy(this.#trained.weights, reference);
    const graph = this.#graph({ train: false, trained: reference });
    const kv = (l: number) => this.#buffer(`activations.${graph.set(l)}.kv`);
    this.#scoreReference ??= [
      ...decoderForward(graph, { kv, by: "block" }),
      ...headForward(graph, (rows) => headLogprob(graph, rows)),
    ];
  }

  async saveModel(folder: string): Promise<void> {
    const model = namedParameters(this.#layout, await this.#floats("weights.model"));
    if (this.lora) {
      const adapter = namedParameters(this.lora.layout, await this.#floats("weights.adapter"));
      mergeAdapter(model, adapter, loraScale(this.lora.config));
    }
    await saveModelFolder(folder, model, this.folder.folder);
  }

  async saveAdapter(folder: string): Promise<void> {
    if (!this.lora) {
      throw new ModelError(
        "not-planned",
        "saveAdapter",
        "the engine was opened without an adapter",
      );
    }
    const tensors = namedParameters(this.lora.layout, await this.#floats("weights.adapter"));
    await saveAdapterFolder(folder, this.lora.config, tensors, this.folder.folder);
  }

  async exportState(): Promise<TrainingState> {
    this.#requireTraining("exportState");
    const tensors = new Map<string, Float32Array>();
    for (const [kind, slice] of this.#state()) {
      const [bytes] = await this.device.read([slice]);
      const flat = new Float32Array(bytes!);
      for (const place of partsOf(this.#trained.layout)) {
        tensors.set(`${kind}.${place[0].name}`, unpack(flat, place));
      }
    }
    return { step: this.#step, tensors };
  }

  importState({ step, tensors }: TrainingState): void {
    this.#requireTraining("importState");
    const { layout } = this.#trained;
    const flats = this.#state().map(([kind, slice]) => {
      const flat = new Float32Array(layout.floats);
      for (const place of partsOf(layout)) {
        const name = `${kind}.${place[0].name}`;
        const data = tensors.get(name);
        const length = place[0].shape.reduce((a, b) => a * b, 1);
        if (data?.length !== length) {
          const got = data ? `has ${data.length} numbers` : "is missing";
          throw new ModelError("tensor-missing", "state", `${name} ${got}; expected ${length}`);
        }
        pack(flat, place, data);
      }
      return [slice, flat] as const;
    });
    for (const [slice, flat] of flats) this.device.write(slice, flat);
    this.device.clear(this.#buffer("optimizer.gradient"));
    this.device.clear(this.#buffer("optimizer.stash"));
    this.#stashed = false;
    this.#step = step;
  }

  /** The gradient as it stands, by the files' names; for tests. */
  async gradients(): Promise<Map<string, { shape: readonly number[]; data: Float32Array }>> {
    return namedParameters(this.#trained.layout, await this.#floats("optimizer.gradient"));
  }

  close(): void {
    this.device.close();
  }

  async #load(o: EngineOptions, adapter: AdapterFolder | undefined): Promise<void> {
    const model = await readParameters(this.#layout, this.folder.tensors);
    this.device.write(this.#buffer("weights.model"), model);
    if (this.lora) {
      const { layout } = this.lora;
      const flat = adapter
        ? await readParameters(layout, adapter.tensors)
        : freshAdapter(layout, (o.lora as { seed: number }).seed);
      this.device.write(this.#buffer("weights.adapter"), flat);
    }
    const { head, rope } = this.sizes;
    const table = Float32Array.from(ropeTable(head, this.plan.context, rope));
    this.device.write(this.#buffer("pass.rope"), table);
  }

  #learning(): Dispatch[] {
    const graph = this.#graph({ train: true });
    const kv = (l: number) => this.#buffer(`activations.${graph.set(l)}.kv`);
    return [
      ...decoderForward(graph, { kv, by: "block" }),
      ...headForward(graph, (rows) => [...headLogprob(graph, rows), ...headBackward(graph, rows)]),
      ...decoderBackward(graph),
    ];
  }

  /** `trained` puts other values in the place of the trained weights: the reference's. */
  #graph(o: { readonly train: boolean; readonly trained?: Slice }): Graph {
    const { sizes, device, lora } = this;
    const trained = o.trained ?? this.#trained.weights;
    const model = lora ? this.#buffer("weights.model") : trained;
    const find = (layout: Layout, flat: Slice, key: string): Slice => {
      const { start, rows, stride } = layout.tensors.get(key)!;
      return part(flat, start, rows * stride);
    };
    const weight = (key: string) => find(this.#layout, model, key);
    const learns = o.train && this.plan.train;
    const gradient = (key: string) =>
      learns && !lora ? find(this.#layout, this.#buffer("optimizer.gradient"), key) : undefined;
    const set = (l: number) => o.train ? l : 0;
    const shapes = {
      qkv: [sizes.hidden_p, sizes.qkv_width],
      o: [sizes.q_width, sizes.hidden_p],
      gate_up: [sizes.hidden_p, 2 * sizes.mlp_p],
      down: [sizes.mlp_p, sizes.hidden_p],
      head: [sizes.hidden_p, sizes.vocab_p],
    } as const;
    const targets = loraTargets(sizes);
    const projection: Graph["projection"] = (l, name) => {
      const [inputs, outputs] = shapes[name];
      const key = l === undefined ? (sizes.tied ? "embed" : "head") : `${l}.${name}`;
      const adapters = l === undefined || !lora ? [] : lora.config.targets
        .filter((target) => targets.get(target)!.packed === name)
        .map((target): Projection["adapters"][number] => {
          const t = targets.get(target)!;
          const half = (flat: Slice, which: "A" | "B") =>
            find(lora.layout, flat, `${l}.${target}.${which}`);
          const grad = learns && lora.trained ? this.#buffer("optimizer.gradient") : undefined;
          return {
            a: half(trained, "A"),
            b: half(trained, "B"),
            rank: pad4(lora.config.rank),
            scale: loraScale(lora.config),
            start: t.start,
            outputs: t.outputs_p,
            down: this.#buffer(`activations.${set(l)}.lora.${target}`),
            gradient_a: grad && half(grad, "A"),
            gradient_b: grad && half(grad, "B"),
          };
        });
      return { weight: weight(key), inputs, outputs, gradient: gradient(key), adapters };
    };
    return {
      device,
      sizes,
      rows_max: passRows(this.plan),
      logits_rows: logitsRows(sizes, this.plan),
      buffer: (name) => this.#buffer(name),
      weight,
      gradient,
      projection,
      set,
      own_sets: o.train,
    };
  }

  #upload({ tokens, blocks }: RowPass): void {
    this.device.write(this.#buffer("pass.tokens"), tokens);
    this.device.write(this.#buffer("pass.blocks"), blocks);
  }

  #fold(weight: number, clip_norm: number): void {
    this.#hyper({ ...NO_HYPER, weight, clip_norm });
    this.device.submit(NO_PASS, [this.#foldList]);
    this.#stashed = true;
  }

  /** Norm of the gradient, then its clipped part onto the stash. */
  #folding(): Dispatch[] {
    const gradient = this.#buffer("optimizer.gradient");
    return [
      ...this.#clip(gradient),
      ...this.#pieces(gradient.size / 4).map(([start, count]) =>
        this.device.dispatch(
          fold,
          {
            g: part(gradient, start, count),
            stash: part(this.#buffer("optimizer.stash"), start, count),
            hyper: this.#buffer("optimizer.hyper"),
            norm: this.#buffer("optimizer.norm"),
          },
          { count4: count / 4 },
          fixedGroups(count / 4),
        )
      ),
    ];
  }

  /** Norm of `from`, then AdamW with its clipped part. */
  #updating(from: Slice): Dispatch[] {
    const { weights } = this.#trained;
    return [
      ...this.#clip(from),
      ...this.#pieces(weights.size / 4).map(([start, count]) =>
        this.device.dispatch(
          adamw,
          {
            w: part(weights, start, count),
            m: part(this.#buffer("optimizer.moment1"), start, count),
            v: part(this.#buffer("optimizer.moment2"), start, count),
            g: part(from, start, count),
            hyper: this.#buffer("optimizer.hyper"),
            norm: this.#buffer("optimizer.norm"),
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
    const partial = this.#buffer("optimizer.partial");
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
    const hyper = this.#buffer("optimizer.hyper");
    const norm = this.#buffer("optimizer.norm");
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
      this.#buffer("optimizer.hyper"),
      Float32Array.from(HYPER, (name) => values[name]),
    );
  }

  #state(): (readonly [string, Slice])[] {
    return [
      ["weights", this.#trained.weights],
      ["moment1", this.#buffer("optimizer.moment1")],
      ["moment2", this.#buffer("optimizer.moment2")],
    ];
  }

  async #floats(name: string): Promise<Float32Array> {
    const [bytes] = await this.device.read([this.#buffer(name)]);
    return new Float32Array(bytes!);
  }

  #buffer(name: string): Slice {
    const slice = this.#buffers.get(name);
    if (!slice) throw new RangeError(`buffer ${name} is not in the plan`);
    return slice;
  }

  #requireTraining(call: string): void {
    if (this.plan.train) return;
    throw new ModelError("not-planned", call, "the engine was opened with train: false");
  }
}

const planLora = (
  sizes: Sizes,
  o: EngineOptions,
  adapter: AdapterFolder | undefined,
): LoraPlan | undefined => {
  const trained = o.lora !== undefined;
  if (o.lora === "continue" && !adapter) {
    throw new ModelError("adapter-config", "lora", '"continue" needs an adapter to go on with');
  }
  if (adapter && trained && o.lora !== "continue") {
    throw new ModelError("adapter-config", "lora", 'with an adapter, lora must be "continue"');
  }
  if (adapter && o.train && !trained) {
    throw new ModelError(
      "adapter-config",
      "lora",
      'training on top of an adapter needs lora: "continue"; merge it first to train all weights',
    );
  }
  const fresh = o.lora === "continue" ? undefined : o.lora;
  const config: AdapterConfig | undefined = adapter?.config ?? (fresh && {
    rank: fresh.rank,
    alpha: fresh.alpha,
    rslora: fresh.rslora ?? false,
    targets: loraModules.filter((name) => fresh.targets.includes(name)),
  });
  if (!config) return undefined;
  const stranger = fresh?.targets.find((name) => !loraModules.includes(name as never));
  if (stranger !== undefined) {
    throw new ModelError(
      "adapter-config",
      "lora",
      `target "${stranger}"; expected some of ${loraModules.join(", ")}`,
    );
  }
  return { config, layout: adapterLayout(sizes, config.rank, config.targets), trained };
};

/** Refuses, with the number that does not fit. */
const requireRoom = (device: Device, memory: MemoryPlan, buffers: BufferPlan): void => {
  const { binding_bytes, buffer_bytes } = device.info.limits;
  const { name, bytes } = memory.largest;
  if (bytes > binding_bytes) {
    throw new DeviceError(
      "out-of-memory",
      `${name} needs a binding of ${bytes} bytes, ${device.info.name} grants ${binding_bytes}: ` +
        "lower tokens_per_pass, slots or context",
    );
  }
  for (const [label, floats] of buffers) {
    if (4 * floats > buffer_bytes) {
      throw new DeviceError(
        "out-of-memory",
        `${label} needs ${4 * floats} bytes, ${device.info.name} grants ${buffer_bytes} a buffer`,
      );
    }
  }
};

export const NO_PASS: Pass = {
  rows: 0,
  blocks: 0,
  distinct: 0,
  stops: 0,
  temperature: 1,
  top_p: 1,
  top_k: 0,
  greedy: 0,
};

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

const passNumbers = ({ count, blocks, distinct }: RowPass, temperature: number): Pass => ({
  ...NO_PASS,
  rows: count,
  blocks: blocks.length / 3,
  distinct,
  temperature,
});

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
