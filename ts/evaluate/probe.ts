import { Effect } from "effect";
import type { Program, Task } from "../data/mod.ts";
import { Random } from "../data/mod.ts";
import type { Engine } from "../model/mod.ts";
import { onEngine, render } from "../rollout/mod.ts";
import type { Tokenizer } from "../wasm/mod.ts";
import { bootstrap, clusterInterval, type Estimate } from "./interval.ts";
import { principalPlane } from "./plane.ts";

/** Programs of the same tasks in several languages, as a model is shown them. */
export interface ProbeTexts {
  readonly languages: readonly string[];
  readonly tasks: readonly string[];
  /** texts[language][task]. */
  readonly texts: readonly (readonly string[])[];
}

/** What one model's layers make of them. */
export interface Probe {
  readonly languages: readonly string[];
  readonly tasks: number;
  /** From the first layer on. */
  readonly layers: readonly ProbedLayer[];
  /** The layer where retrieval is best, in the plane of its largest variance. */
  readonly picture: {
    readonly layer: number;
    readonly points: readonly {
      readonly language: string;
      readonly task: number;
      readonly x: number;
      readonly y: number;
    }[];
  };
}

export interface ProbedLayer {
  readonly layer: number;
  /** Share of programs whose nearest one in another language, by cosine, is that of the same task. */
  readonly retrieval_at_1: Estimate;
  /** Mean cosine of programs of one task in two languages, less that of programs of different tasks. */
  readonly adjusted_cosine: Estimate;
}

/**
 * Held-out tasks that have a verified program in every language, at most `most`. Each is shown as the
 * prompt of translation shows it, up to the code's end. Fewer languages than two make no probe.
 */
export const probeTexts = (
  tasks: readonly Task[],
  programs: readonly Program[],
  options: {
    readonly languages: readonly string[];
    readonly most: number;
    /** The prompt of translation. */
    readonly template: string;
  },
): ProbeTexts => {
  const { languages, most } = options;
  const [head = ""] = options.template.split("{code}");
  const template = `${head}{code}`;
  const code = new Map(
    programs.filter(({ verified }) => verified).map((p) => [`${p.language} ${p.task}`, p.code]),
  );
  const complete = tasks.filter(({ id }) => languages.every((name) => code.has(`${name} ${id}`)));
  const chosen = new Random("probe").shuffle(complete.map(({ id }) => id)).slice(0, most);
  return {
    languages,
    tasks: chosen,
    texts: languages.map((source) =>
      chosen.map((id) => render(template, { source, code: code.get(`${source} ${id}`)! }))
    ),
  };
};

/** Reads the model's state at the last token of every program, after every layer, and compares them. */
export const probe = Effect.fn("probe")(function* (
  engine: Engine,
  tokenizer: Tokenizer,
  { languages, tasks, texts }: ProbeTexts,
  seed = 0,
  onProgress?: (done: number, of: number) => void,
) {
  const states: Float32Array[][] = [];
  for (const own of texts) {
    const rows = own.map((text) => tokenizer.encode(text));
    states.push(yield* onEngine(() => engine.states(rows)));
    onProgress?.(states.length, texts.length);
  }
  const count = engine.config.num_hidden_layers;
  return probeStates(languages, tasks.length, states, count, seed);
});

/** The figures of states[language][task], each layer-major. */
export const probeStates = (
  languages: readonly string[],
  tasks: number,
  states: readonly (readonly Float32Array[])[],
  count: number,
  seed: number,
): Probe => {
  const width = (states[0]?.[0]?.length ?? 0) / count;
  const at = (layer: number) =>
    states.map((own) => own.map((all) => unit(all.subarray(layer * width, (layer + 1) * width))));
  const layers = Array.from(
    { length: count },
    (_, layer) => ({ layer: layer + 1, ...figures(at(layer), tasks, seed) }),
  );
  const best = layers.reduce((a, b) => b.retrieval_at_1.value > a.retrieval_at_1.value ? b : a);
  const shown = states.flatMap((own, l) =>
    own.map((all, task) => ({
      language: languages[l]!,
      task,
      state: all.subarray((best.layer - 1) * width, best.layer * width),
    }))
  );
  const plane = principalPlane(shown.map(({ state }) => state));
  return {
    languages,
    tasks,
    layers,
    picture: {
      layer: best.layer,
      points: shown.map(({ language, task }, i) => ({ language, task, ...plane[i]! })),
    },
  };
};

/** Over all ordered pairs of languages; a task is a cluster, as its programs are in all of them. */
const figures = (units: readonly (readonly Float32Array[])[], tasks: number, seed: number) => {
  const hits = Array.from({ length: tasks }, () => ({ sum: 0, count: 0 }));
  const paired = Array.from({ length: tasks }, () => ({ sum: 0, count: 0 }));
  units.forEach((from, a) =>
    units.forEach((to, b) => {
      if (a === b) return;
      for (let i = 0; i < tasks; i++) {
        let [own, others, nearest] = [0, 0, -1];
        let highest = -Infinity;
        for (let j = 0; j < tasks; j++) {
          const cosine = dot(from[i]!, to[j]!);
          if (j === i) own = cosine;
          else others += cosine;
          if (cosine > highest) [highest, nearest] = [cosine, j];
        }
        hits[i]!.count++;
        hits[i]!.sum += nearest === i ? 1 : 0;
        paired[i]!.count++;
        paired[i]!.sum += own - others / Math.max(1, tasks - 1);
      }
    })
  );
  const { pass_at_1: value, low, high } = clusterInterval(hits, seed);
  return { retrieval_at_1: { value, low, high }, adjusted_cosine: bootstrap(paired, seed) };
};

const unit = (state: Float32Array): Float32Array => {
  const length = Math.sqrt(dot(state, state));
  return length === 0 ? state : state.map((value) => value / length);
};

const dot = (a: Float32Array, b: Float32Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};
