/** The engine itself, inside its Worker: opens a folder, plans, allocates, and runs passes. */
import {
  type Device,
  type Dispatch,
  NO_PASS,
  openDevice,
  part,
  type Pass,
  ropeTable,
  type Slice,
} from "../gpu/mod.ts";
import { type AdapterFolder, loraScale, openAdapterFolder, saveAdapterFolder } from "./adapter.ts";
import { Arena, arenaCuts } from "./arena.ts";
import { decoderBackward, decoderForward, decoderStages, ownKeys } from "./decoder.ts";
import type {
  Completion,
  EngineOptions,
  GenerateRequest,
  TrainingState,
  UpdateOptions,
} from "./engine.ts";
import { ModelError } from "./errors.ts";
import { type ModelFolder, openModelFolder, saveModelFolder } from "./folder.ts";
import { type Graph, graphOver, type Ground } from "./graph.ts";
import { headBackward, headForward, headLogprob } from "./head.ts";
import { type Layout, modelLayout, partsOf } from "./layout.ts";
import { type LoraPlan, planLora } from "./lora_plan.ts";
import {
  type BufferPlan,
  type MemoryPlan,
  planBuffers,
  type PlanOptions,
  resolveOptions,
  summarize,
} from "./memory.ts";
import { freshModel } from "./init.ts";
import { Optimizer } from "./optimizer.ts";
import {
  freshAdapter,
  loadParameters,
  mergedParameters,
  type Named,
  readParameters,
  type ReadTensor,
} from "./parameters.ts";
import { gather, type RowPass, scatter, splitPasses } from "./passes.ts";
import { Sampler } from "./sampler.ts";
import { requireRoom } from "./room.ts";
import { type Sizes, sizesOf } from "./sizes.ts";

export class Core {
  readonly #ground: Ground;
  readonly #buffers: ReadonlyMap<string, Slice>;
  readonly #layout: Layout;
  /** Layout and weights of what is trained: the adapter if there is one, else the model. */
  readonly #trained: { readonly layout: Layout; readonly weights: Arena };
  readonly #rows: { tokens_per_pass: number; context: number; vocab: number };
  readonly #score: readonly Dispatch[];
  #scoreReference: readonly Dispatch[] | undefined;
  readonly #learn: readonly Dispatch[];
  readonly #optimizer: Optimizer | undefined;
  readonly #sampler: Sampler | undefined;

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
      [...buffers].map(([name, words]) => [name, device.buffer(name, words)]),
    );
    this.#layout = modelLayout(sizes, plan.weights);
    this.#trained = lora
      ? { layout: lora.layout, weights: this.#arena("weights.adapter", lora.layout) }
      : { layout: this.#layout, weights: this.#arena("weights.model", this.#layout) };
    this.#rows = { ...plan, vocab: sizes.vocab };

    const buffer = (name: string) => this.#buffer(name);
    const { layout } = this.#trained;
    const arena = (name: string) =>
      this.#arena(name, name === "weights.model" ? this.#layout : layout);
    this.#ground = { device, sizes, plan, lora, layout: this.#layout, buffer, arena };
    const scoring = graphOver(this.#ground, { train: false, trained: this.#trained.weights });
    this.#score = scoreList(scoring);
    this.#learn = plan.train ? this.#learning() : [];
    const { shard_bytes, fold } = plan;
    this.#optimizer = plan.train
      ? new Optimizer(device, { ...this.#trained, shard_bytes, fold, buffer, arena })
      : undefined;
    this.#sampler = plan.slots > 0 ? new Sampler(scoring, plan) : undefined;
  }

  /**
   * Checks the folder (config, names, shapes, lengths), plans memory, and only then takes a device.
   * `shard_bytes`: tests shard small models.
   *
   * @throws ModelError, DeviceError
   */
  static async open(o: EngineOptions, shard_bytes?: number): Promise<Core> {
    const folder = o.fresh_seed === undefined
      ? await openModelFolder(o.model)
      : await freshModel(o.model, o.fresh_seed);
    const sizes = sizesOf(folder.config);
    const adapter = o.adapter === undefined
      ? undefined
      : await openAdapterFolder(o.adapter, folder.config);
    const lora = planLora(sizes, o, adapter);
    const plan = resolveOptions(o, lora?.config, shard_bytes);
    const memory = summarize(sizes, plan);
    const buffers = planBuffers(sizes, plan);

    const device = await openDevice(o.provider);
    try {
      requireRoom(device, memory, buffers, plan);
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

  async states(rows: readonly Uint32Array[]): Promise<Float32Array[]> {
    const { hidden_p } = this.sizes;
    const { hidden_size, num_hidden_layers } = this.folder.config;
    const graph = graphOver(this.#ground, { train: false, trained: this.#trained.weights });
    const [embed = [], ...layers] = decoderStages(graph, ownKeys(graph));
    // A pass leaves out a row's last token, as nothing follows it: one more makes it the last but one.
    const passes = splitPasses(rows.map((row) => Uint32Array.from([...row, 0])), this.#rows);
    const out = rows.map(() => new Float32Array(num_hidden_layers * hidden_size));
    for (const pass of passes) {
      this.#upload(pass);
      const collector = this.device.collect(4 * hidden_p * pass.rows.length * layers.length);
      const numbers = passNumbers(pass, 1);
      this.device.submit(numbers, [embed]);
      // All layers write the same stream, so each is read before the next one begins.
      layers.forEach((layer, l) => {
        this.device.submit(numbers, [layer]);
        let end = 0;
        for (const index of pass.rows) {
          end += rows[index]!.length;
          collector.take(part(graph.stream(l + 1), (end - 1) * hidden_p, hidden_p));
        }
      });
      const read = await collector.read();
      read.forEach((bytes, i) => {
        const [l, row] = [Math.floor(i / pass.rows.length), pass.rows[i % pass.rows.length]!];
        out[row]!.set(new Float32Array(bytes, 0, hidden_size), l * hidden_size);
      });
    }
    return out;
  }

  async accumulate(
    rows: readonly Uint32Array[],
    dlogp: readonly Float32Array[],
    o: { readonly temperature: number },
  ): Promise<{ logProbs: Float32Array[]; entropy: Float32Array[] }> {
    this.#training("accumulate");
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

  foldGradient(o: { readonly weight: number; readonly clip_norm?: number }): Promise<number> {
    return this.#training("foldGradient").fold(o);
  }

  update(o: UpdateOptions): Promise<{ grad_norm: number; skipped: boolean }> {
    return this.#training("update").update(o);
  }

  async unsound(): Promise<readonly string[]> {
    const gradients = await this.#training("unsound").unsound();
    if (gradients.length === 0) return [];
    // One bad weight spoils every gradient, so weights are looked at first: the trained, then the frozen.
    for (const [name, { data }] of await this.#trainedNow()) {
      if (!data.every(Number.isFinite)) return [name];
    }
    for (const [name, { shape }] of this.lora ? this.folder.tensors : []) {
      const length = shape.reduce((a, b) => a * b, 1);
      for (let at = 0; at < length; at += PIECE) {
        const piece = await this.#fromFiles(name, at, Math.min(length, at + PIECE));
        if (!piece.every(Number.isFinite)) return [name];
      }
    }
    return gradients;
  }

  generate(request: GenerateRequest): Promise<Completion[]> {
    if (!this.#sampler) {
      throw new ModelError("not-planned", "generate", "the engine was opened with slots: 0");
    }
    return this.#sampler.generate(request);
  }

  snapshotReference(): void {
    this.#training("snapshotReference");
    if (!this.plan.reference) {
      throw new ModelError("not-planned", "snapshotReference", "open with reference: true");
    }
    const reference = this.#ground.arena("reference.weights");
    this.#trained.weights.copyTo(this.device, reference);
    this.#scoreReference ??= scoreList(
      graphOver(this.#ground, { train: false, trained: reference }),
    );
  }

  async saveModel(folder: string): Promise<void> {
    const { lora, plan } = this;
    const trained = plan.train || lora ? await this.#trainedNow() : NOTHING;
    const model = plan.train && !lora
      ? trained
      : mergedParameters(this.#layout, this.#fromFiles, trained, lora ? loraScale(lora.config) : 0);
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
    await saveAdapterFolder(
      folder,
      this.lora.config,
      await this.#trainedNow(),
      this.folder.folder,
    );
  }

  async exportState(): Promise<TrainingState> {
    const { step } = this.#training("exportState");
    const tensors = new Map<string, Float32Array>();
    for (const [kind, arena] of this.#state()) {
      for (const [name, { data }] of await this.#named(arena)) tensors.set(`${kind}.${name}`, data);
    }
    return { step, tensors };
  }

  async importState({ step, tensors }: TrainingState): Promise<void> {
    const optimizer = this.#training("importState");
    const { layout } = this.#trained;
    for (const [kind] of this.#state()) {
      for (const [part] of partsOf(layout)) {
        const name = `${kind}.${part.name}`;
        const data = tensors.get(name);
        const length = part.shape.reduce((a, b) => a * b, 1);
        if (data?.length === length) continue;
        const got = data ? `has ${data.length} numbers` : "is missing";
        throw new ModelError("tensor-missing", "state", `${name} ${got}; expected ${length}`);
      }
    }
    for (const [kind, arena] of this.#state()) {
      await this.#fill(
        arena,
        layout,
        (name, from, end) => tensors.get(`${kind}.${name}`)!.subarray(from, end),
      );
    }
    optimizer.reset(step);
  }

  /** Logits (T, V) of a row that one chunk holds; for tests. */
  async logits(row: Uint32Array): Promise<Float32Array> {
    const { vocab, vocab_p } = this.sizes;
    const target = this.#rows.vocab - 1; // any: a row's last token is scored too
    await this.logProbs([Uint32Array.from([...row, target])], { temperature: 1 });
    const flat = await this.#floats("head.logits");
    const out = new Float32Array(row.length * vocab);
    for (let t = 0; t < row.length; t++) {
      out.set(flat.subarray(t * vocab_p, t * vocab_p + vocab), t * vocab);
    }
    return out;
  }

  /** The gradient as it stands, by the files' names; for tests. */
  gradients(): Promise<Named> {
    return this.#named(this.#ground.arena("gradients.sum"));
  }

  close(): void {
    this.device.close();
  }

  async #load(o: EngineOptions, adapter: AdapterFolder | undefined): Promise<void> {
    await this.#fill(this.#ground.arena("weights.model"), this.#layout, this.#fromFiles);
    if (this.lora) {
      const { layout } = this.lora;
      const fresh = adapter ? NOTHING : freshAdapter(layout, (o.lora as { seed: number }).seed);
      await this.#fill(
        this.#trained.weights,
        layout,
        (name, from, end) =>
          adapter
            ? adapter.tensors.get(name)!.read(from, end)
            : fresh.get(name)!.data.subarray(from, end),
      );
    }
    const { head, rope } = this.sizes;
    const table = Float32Array.from(ropeTable(head, this.plan.context, rope));
    this.device.write(this.#buffer("pass.rope"), table);
  }

  #learning(): Dispatch[] {
    const graph = graphOver(this.#ground, { train: true, trained: this.#trained.weights });
    return [
      ...decoderForward(graph, ownKeys(graph)),
      ...headForward(graph, (rows) => [...headLogprob(graph, rows), ...headBackward(graph, rows)]),
      ...decoderBackward(graph),
    ];
  }

  #upload({ tokens, blocks }: RowPass): void {
    this.device.write(this.#buffer("pass.tokens"), tokens);
    this.device.write(this.#buffer("pass.blocks"), blocks);
  }

  #state(): (readonly [string, Arena])[] {
    return [
      ["weights", this.#trained.weights],
      ["moment1", this.#ground.arena("moments.first")],
      ["moment2", this.#ground.arena("moments.second")],
    ];
  }

  readonly #fromFiles: ReadTensor = (name, from, end) =>
    this.folder.tensors.get(name)!.read(from, end);

  #fill(arena: Arena, layout: Layout, read: ReadTensor): Promise<void> {
    return loadParameters(this.device, arena, layout, this.plan.shard_bytes, read);
  }

  async #named(arena: Arena): Promise<Named> {
    const read = await arena.copied(this.device);
    return await readParameters(this.#trained.layout, this.plan.shard_bytes, read);
  }

  #trainedNow(): Promise<Named> {
    return this.#named(this.#trained.weights);
  }

  #arena(name: string, layout: Layout): Arena {
    const cuts = arenaCuts(layout, this.plan.shard_bytes);
    return new Arena(cuts.map((_, i) => this.#buffer(`${name}.${i}`)), cuts);
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

  #training(call: string): Optimizer {
    if (this.#optimizer) return this.#optimizer;
    throw new ModelError("not-planned", call, "the engine was opened with train: false");
  }
}

const NOTHING: Named = new Map();

/** Weights read at once from a file. */
const PIECE = 2 ** 20;

const scoreList = (graph: Graph): Dispatch[] => [
  ...decoderForward(graph, ownKeys(graph)),
  ...headForward(graph, (rows) => headLogprob(graph, rows)),
];

const passNumbers = ({ count, blocks, distinct }: RowPass, temperature: number): Pass => ({
  ...NO_PASS,
  rows: count,
  blocks: blocks.length / 3,
  distinct,
  temperature,
});

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
