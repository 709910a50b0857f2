/**
 * Generation: prompts are prefilled once each, their keys and values copied to every sample's slot, and
 * all live sequences decoded together in bursts of several tokens per submit. When a sequence ends, the
 * next takes its slot, be it of the same request or of the next. What a sequence samples depends on
 * (seed, prompt, sample, position) and on nothing else: not on its slot, the burst, or who decodes beside it.
 */
import { isDeepStrictEqual } from "node:util";
import {
  advance,
  BLOCK_WORDS,
  blockTable,
  chunkGroups,
  copyRows,
  copyRowsGroups,
  type Dispatch,
  NO_TARGET,
  part,
  type Pass,
  rowGroups,
  sample,
  TOKEN_WORDS,
  truncate,
} from "../gpu/mod.ts";
import { decoderForward } from "./decoder.ts";
import type { Completion, GenerateRequest } from "./engine.ts";
import type { Graph } from "./graph.ts";
import { headForward, headLogprob } from "./head.ts";
import {
  checkRequest,
  completionsOf,
  type Job,
  jobOf,
  type News,
  type Prompt,
  roomOf,
  type Sequence,
  tell,
} from "./job.ts";
import { BURST_MAX, type PlanOptions } from "./memory.ts";
import type { Rows } from "./projection.ts";

/** A stretch of the cache: who uses it, and whose prompt it holds. */
interface Slot {
  readonly base: number;
  prompt: Prompt | undefined;
  sequence: Sequence | undefined;
}

export class Sampler {
  readonly #prefill: readonly Dispatch[];
  readonly #decode: readonly Dispatch[];
  readonly #decodeCut: readonly Dispatch[];
  readonly #copy: readonly Dispatch[];
  /** Requests that wait, in the order they came. */
  readonly #queue: Job[] = [];
  #serving = false;

  constructor(private readonly graph: Graph, private readonly plan: PlanOptions) {
    const { device, sizes, buffer } = graph;
    const kv = (l: number) => buffer(`cache.${l}`);
    const format = plan.cache;
    const width = 2 * sizes.kv_width / (format === "f16" ? 2 : 1); // words
    this.#prefill = decoderForward(graph, { kv, by: "block", format });
    const decode = (cut: boolean) => [
      ...decoderForward(graph, { kv, by: "row", format }),
      ...headForward(graph, (rows) => [
        ...this.#choose(rows, cut),
        ...headLogprob(graph, rows, cut),
      ]),
      device.dispatch(
        advance,
        {
          tokens: buffer("pass.tokens"),
          stops: buffer("sampling.stops"),
          logp: buffer("head.logp"),
          ids_out: buffer("sampling.ids"),
          logp_out: buffer("sampling.logp"),
        },
        { burst: BURST_MAX },
        rowGroups,
      ),
    ];
    this.#decode = decode(false);
    this.#decodeCut = decode(true);
    this.#copy = [...Array(sizes.layers).keys()].map((l) =>
      device.dispatch(
        copyRows,
        { pairs: buffer("sampling.pairs"), y: kv(l) },
        { width4: width / 4 },
        copyRowsGroups(width),
      )
    );
  }

  /** A request that comes while others are at work joins them, if it asks for the same way of sampling. */
  async generate(request: GenerateRequest): Promise<Completion[]> {
    checkRequest(request, { context: this.plan.context, vocab: this.graph.sizes.vocab });
    if (request.prompts.length === 0) return [];
    return await new Promise((resolve, reject) => {
      this.#queue.push(jobOf(request, this.plan.context, resolve, reject));
      if (!this.#serving) this.#serve();
    });
  }

  /** Until no request is left. What the device refuses, all that are at work are told. */
  async #serve(): Promise<void> {
    this.#serving = true;
    for (let job = this.#queue.shift(); job; job = this.#queue.shift()) {
      const jobs = new Set([job]);
      try {
        await this.#decodeAll(jobs, job);
      } catch (error) {
        for (const { reject } of jobs) reject(error);
      }
    }
    this.#serving = false;
  }

  /** Answers `first` and all that join it; `jobs` are those at work. */
  async #decodeAll(jobs: Set<Job>, { request: r, sequences }: Job): Promise<void> {
    const { device, buffer } = this.graph;
    const slots = Array.from({ length: this.plan.slots }, (_, i): Slot => ({
      base: i * this.plan.context,
      prompt: undefined,
      sequence: undefined,
    }));
    device.write(buffer("sampling.stops"), Uint32Array.from(r.stop));
    let waiting = [...sequences];
    while (true) {
      while (this.#queue[0] && alike(this.#queue[0].request, r)) {
        const job = this.#queue.shift()!;
        jobs.add(job);
        for (const sequence of job.sequences) waiting.push(sequence);
      }
      for (const job of jobs) {
        if (!job.request.signal?.aborted) continue;
        jobs.delete(job);
        job.reject(job.request.signal.reason);
        waiting = waiting.filter((sequence) => sequence.job !== job);
        for (const slot of slots) if (slot.sequence?.job === job) slot.sequence = undefined;
      }
      if (jobs.size === 0) return;
      waiting.splice(0, this.#fill(slots, waiting, r));
      const live = slots.filter(({ sequence }) => sequence);
      const streamed = [...jobs].some(({ request }) => request.onTokens);
      const room = Math.max(...live.map(({ sequence }) => roomOf(sequence!)));
      const burst = Math.min(streamed ? STREAM_BURST : BURST_MAX, burstLength(live.length, room));
      const news = await this.#burst(live, burst, r);
      for (const slot of live) if (slot.sequence!.finish) slot.sequence = undefined;
      for (const [job, own] of Map.groupBy(news, ({ sequence }) => sequence.job)) {
        tell(job, own);
        if (job.open > 0) continue;
        jobs.delete(job);
        job.resolve(completionsOf(job));
      }
    }
  }

  /** Target of each row: the best of logits plus noise, of those that top-k and top-p leave. */
  #choose(rows: Rows, cuts: boolean): Dispatch[] {
    const { device, sizes, buffer } = this.graph;
    const shape = { ...rows, vocab: sizes.vocab, stride: sizes.vocab_p };
    const groups = chunkGroups(rows.row0, rows.rows_max, 1);
    const logits = buffer("head.logits");
    const cut = buffer("sampling.cut");
    const tokens = buffer("pass.tokens");
    return [
      ...(cuts ? [device.dispatch(truncate, { logits, cut }, shape, groups)] : []),
      device.dispatch(sample, { tokens, logits, cut }, shape, groups),
    ];
  }

  /**
   * Gives free slots to waiting sequences. A prompt that some slot holds is copied from there; others
   * are prefilled. Copies read before prefills write: a slot that is read from keeps its prompt.
   */
  #fill(slots: readonly Slot[], waiting: readonly Sequence[], r: GenerateRequest): number {
    const free = slots.filter(({ sequence }) => !sequence);
    const old = new Map(slots.flatMap((s) => s.prompt === undefined ? [] : [[s.prompt, s]]));
    const fresh = new Map<Prompt, Slot>();
    const read = new Set<Slot>();
    const [early, late]: [Slot, Slot][][] = [[], []];
    let next = 0;
    while (next < waiting.length && free.length > 0) {
      const sequence = waiting[next]!;
      const { prompt } = sequence;
      const same = free.findIndex((slot) => slot.prompt === prompt);
      const at = same >= 0 ? same : free.findIndex((slot) => !read.has(slot));
      if (at < 0) break; // the rest are being read from; they come in the next round
      const [slot] = free.splice(at, 1) as [Slot];
      if (same < 0) {
        if (slot.prompt && old.get(slot.prompt) === slot) old.delete(slot.prompt);
        const source = old.get(prompt);
        if (source) {
          early!.push([source, slot]);
          read.add(source);
        } else if (fresh.has(prompt)) late!.push([fresh.get(prompt)!, slot]);
        else fresh.set(prompt, slot);
      }
      slot.prompt = prompt;
      slot.sequence = sequence;
      next++;
    }
    this.#copyPrompts(early!, r);
    this.#prefillPrompts([...fresh.values()], r);
    this.#copyPrompts(late!, r);
    return next;
  }

  #copyPrompts(copies: readonly (readonly [Slot, Slot])[], r: GenerateRequest): void {
    const pairs = copies.flatMap(([from, to]) =>
      Array.from({ length: to.prompt!.ids.length - 1 }, (_, t) => [from.base + t, to.base + t])
    ).flat();
    if (pairs.length === 0) return;
    const { device, buffer } = this.graph;
    device.write(buffer("sampling.pairs"), Uint32Array.from(pairs));
    device.submit({ ...numbers(r), blocks: pairs.length / 2 }, [this.#copy]);
  }

  /** All of each prompt but its last token, in passes; long prompts are cut across passes. */
  #prefillPrompts(slots: readonly Slot[], r: GenerateRequest): void {
    let tokens: number[] = [];
    let lengths: number[] = [];
    const flush = () => {
      if (lengths.length > 0) this.#submitPrefill(tokens, lengths, r);
      [tokens, lengths] = [[], []];
    };
    const room = () => this.graph.rows_max - tokens.length / TOKEN_WORDS;
    for (const { base, prompt } of slots) {
      const { ids } = prompt!;
      for (let t = 0; t < ids.length - 1;) {
        if (room() === 0) flush();
        const end = Math.min(ids.length - 1, t + room());
        lengths.push(end - t);
        for (; t < end; t++) tokens.push(ids[t]!, t, base + t, base, NO_TARGET, 0, 0, 0);
      }
    }
    flush();
  }

  #submitPrefill(tokens: number[], lengths: number[], r: GenerateRequest): void {
    const { device, buffer } = this.graph;
    const blocks = blockTable(lengths);
    device.write(buffer("pass.tokens"), Uint32Array.from(tokens));
    device.write(buffer("pass.blocks"), blocks);
    device.submit({
      ...numbers(r),
      rows: tokens.length / TOKEN_WORDS,
      blocks: blocks.length / BLOCK_WORDS,
    }, [this.#prefill]);
  }

  /** Decodes up to `length` tokens of each live sequence in one submit. */
  async #burst(live: readonly Slot[], length: number, r: GenerateRequest): Promise<News[]> {
    const { device, buffer } = this.graph;
    const tokens = live.flatMap(({ base, sequence }) => {
      const { prompt, ids, random } = sequence!;
      const position = prompt.ids.length + ids.length - 1;
      const id = ids.at(-1) ?? prompt.ids.at(-1)!;
      return [id, position, base + position, base, NO_TARGET, prompt.longest - 2, random, 0];
    });
    device.write(buffer("pass.tokens"), Uint32Array.from(tokens));
    const cut = r.temperature > 0 && ((r.top_k ?? 0) > 0 || (r.top_p ?? 1) < 1);
    const list = cut ? this.#decodeCut : this.#decode;
    device.submit({ ...numbers(r), rows: live.length }, Array(length).fill(list));
    const words = live.length * BURST_MAX;
    const [idBytes, logpBytes] = await device.read([
      part(buffer("sampling.ids"), 0, words),
      part(buffer("sampling.logp"), 0, words),
    ]);
    const sampled = new Uint32Array(idBytes!);
    const logp = new Float32Array(logpBytes!);
    return live.map(({ sequence }, row) => {
      const s = sequence!;
      const ids: number[] = [];
      for (let i = row * BURST_MAX; i < row * BURST_MAX + length && !s.finish; i++) {
        ids.push(sampled[i]!);
        s.ids.push(sampled[i]!);
        s.logProbs.push(logp[i]!);
        if (r.stop.includes(sampled[i]!)) s.finish = "stop";
        else if (roomOf(s) === 0) s.finish = "length";
      }
      return { sequence: s, ids, logProbs: s.logProbs.slice(-ids.length) };
    });
  }
}

/** Whether one submit can sample for both: these settings hold for all its rows. */
const alike = (a: GenerateRequest, b: GenerateRequest): boolean =>
  isDeepStrictEqual([numbers(a), a.stop], [numbers(b), b.stop]);

/** Tokens between two waits when they are streamed: few, so that a reader sees them flow. */
const STREAM_BURST = 4;

/** A wait costs the same for one token as for many; tokens past a sequence's end are thrown away. */
const burstLength = (live: number, room: number): number =>
  Math.min(room, live >= 128 ? 8 : live >= 32 ? 16 : BURST_MAX);

const numbers = (r: GenerateRequest): Pass => ({
  rows: 0,
  blocks: 0,
  distinct: 0,
  stops: r.stop.length,
  temperature: r.temperature > 0 ? r.temperature : 1,
  top_p: r.top_p ?? 1,
  top_k: r.top_k ?? 0,
  greedy: r.temperature > 0 ? 0 : 1,
});
