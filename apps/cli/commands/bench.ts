import { Effect, Option } from "effect";
import { Command, Flag } from "effect/cli";
import process from "node:process";
import { asUserError } from "../../tools/mod.ts";
import { json } from "../flags.ts";
import { memoryTable } from "../memory.ts";
import { printJson, writeErr, writeOut } from "../output.ts";

const positive = (name: string, otherwise: number, description: string) =>
  Flag.Int(name).pipe(Flag.withDescription(description), Flag.withDefault(otherwise));

const benchModel = Command.make(
  "model",
  {
    config: Flag.String("config").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription("The model's config.json, or its folder; weights are random"),
    ),
    full: Flag.Boolean("full").pipe(
      Flag.withDescription("Train all weights instead of an adapter"),
      Flag.withDefault(false),
    ),
    rank: positive("rank", 16, "Of the adapter, on all seven projections"),
    weights: Flag.Literals("weights", ["f32", "f16", "q4"]).pipe(
      Flag.withDescription("How frozen matrices are kept; f16 by default, f32 with --full"),
      Flag.optional,
    ),
    recompute: Flag.Boolean("recompute").pipe(
      Flag.withDescription("Keep one activation a layer and compute the others again"),
      Flag.withDefault(false),
    ),
    tokens: positive("tokens", 2048, "Tokens of a training step, in one sequence"),
    steps: positive("steps", 1, "Training steps measured after the first; 0: only the first"),
    slots: positive("slots", 0, "Sequences to sample at once; 0: none"),
    plan: Flag.Boolean("plan").pipe(
      Flag.withDescription("Only plan memory; needs no device"),
      Flag.withDefault(false),
    ),
    provider: Flag.Literals("provider", ["native", "dawn"]).pipe(
      Flag.withDescription("WebGPU implementation"),
      Flag.withDefault("native"),
    ),
    json,
  },
  Effect.fnUntraced(function* (flags) {
    const model = yield* Effect.promise(() => import("../../../ts/model/mod.ts"));
    const { config, full, rank, recompute, tokens, steps, slots, provider } = flags;
    const options = {
      model: config.replace(/(^|\/)config\.json$/, "") || ".",
      fresh_seed: 1,
      train: true,
      tokens_per_pass: tokens,
      context: tokens,
      slots,
      provider,
      recompute,
      weights: Option.getOrElse(flags.weights, () => full ? "f32" as const : "f16" as const),
      ...(full ? {} : { lora: { rank, alpha: 2 * rank, targets: model.loraModules, seed: 1 } }),
    };
    const memory = yield* Effect.tryPromise({
      try: async () => model.planMemory(await model.readModelConfig(options.model), options),
      catch: asUserError,
    });
    if (flags.plan) {
      return yield* flags.json ? printJson({ memory }) : writeOut(memoryTable(memory));
    }
    if (!flags.json) yield* writeOut(memoryTable(memory));
    const started = performance.now();
    const engine = yield* Effect.acquireRelease(
      Effect.tryPromise({ try: () => model.openEngine(options), catch: asUserError }),
      (engine) => Effect.promise(() => engine.close()),
    );
    const open_s = (performance.now() - started) / 1000;
    yield* writeErr(`opened on ${engine.device.name} in ${open_s.toFixed(1)} s\n`);
    const speed = yield* Effect.tryPromise({
      try: () =>
        model.measureSpeed(engine, {
          train: true,
          rows: 1,
          length: tokens,
          steps,
          slots,
          onStep: (step, seconds) =>
            process.stderr.write(`step ${step}: ${seconds.toFixed(1)} s\n`),
        }),
      catch: asUserError,
    });
    const { device } = engine;
    if (flags.json) return yield* printJson({ device, memory, open_s, ...speed });
    for (const [name, value] of Object.entries(speed)) {
      yield* writeOut(`${name.padEnd(22)}${value.toPrecision(4)}\n`);
    }
  }, Effect.scoped),
).pipe(
  Command.withDescription("Memory and speed of a model of this configuration, with random weights"),
);

export const bench = Command.make("bench").pipe(
  Command.withDescription("Measure what this machine can do"),
  Command.withSubcommands([benchModel]),
);
