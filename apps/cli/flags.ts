import { Effect } from "effect";
import { Argument, Flag } from "effect/cli";
import { UserError } from "../tools/mod.ts";

/** Flags that mean the same in every command that has them. */
export const json = Flag.Boolean("json").pipe(
  Flag.withDescription("Machine-readable output on stdout instead of a table"),
  Flag.withDefault(false),
);

export const batch = Flag.Boolean("batch").pipe(
  Flag.withDescription(
    "Read one JSON object a line from stdin and answer each in order; exit 2 if a line was bad",
  ),
  Flag.withDefault(false),
);

export const unsafeNoIsolation = Flag.Boolean("unsafe-no-isolation").pipe(
  Flag.withDescription(
    "Run programs with all your rights where the machine allows no sandbox; every verdict says so",
  ),
  Flag.withDefault(false),
);

export const runsFolder = Flag.String("data").pipe(
  Flag.withMetavar("DIR"),
  Flag.withDescription("The folder of the run folders"),
  Flag.withDefault("runs"),
);

export const model = Flag.String("model").pipe(
  Flag.withMetavar("DIR|ORG/NAME"),
  Flag.withDescription(
    "Hugging Face folder (config.json, *.safetensors, tokenizer.json), or a model's name on the hub " +
      "(CALQUE_HUB, HF_TOKEN; kept in CALQUE_CACHE)",
  ),
);

export const adapter = Flag.String("adapter").pipe(
  Flag.withMetavar("DIR"),
  Flag.withDescription("PEFT folder: adapter_config.json, adapter_model.safetensors"),
  Flag.optional,
);

export const seed = Flag.Int("seed").pipe(
  Flag.withDescription("Seed of the random numbers; the same seed gives the same output"),
  Flag.withDefault(0),
);

export const context = Flag.Int("context").pipe(
  Flag.withDescription("Longest sequence in tokens; the model's own limit up to 2048 by default"),
  Flag.optional,
);

export const prompts = Flag.String("prompts").pipe(
  Flag.withMetavar("RECIPE"),
  Flag.withDescription(
    "The recipe whose prompts the model was trained with; else that beside the model, else plain words",
  ),
  Flag.optional,
);

/** Names with commas between them. */
export const languages = (name: string, description: string) =>
  Flag.String(name).pipe(
    Flag.withMetavar("A,B,..."),
    Flag.withDescription(description),
    Flag.map((text) => text.split(",")),
  );

/** Those named of `known`, all where none is named. */
export const chooseLanguages = <L extends string>(
  named: readonly string[] | undefined,
  known: readonly L[],
): Effect.Effect<readonly L[], UserError> => {
  if (named === undefined) return Effect.succeed(known);
  const strange = named.filter((name) => !known.includes(name as L));
  if (strange.length === 0) return Effect.succeed(named as readonly L[]);
  const message = `--languages ${strange.join(",")}: expected some of ${known.join(",")}`;
  return new UserError({ code: "bad-usage", message });
};

export const dataFolder = Argument.String("dir").pipe(
  Argument.withDescription("Folder with tasks.jsonl and programs.jsonl"),
);
