import { Effect, Option } from "effect";
import { Command, Flag } from "effect/cli";
import type { GeneratorLanguage } from "../../../ts/data/mod.ts";
import { UserError } from "../../tools/mod.ts";
import { json, seed } from "../flags.ts";
import { printJson, writeOut } from "../output.ts";

/** `calque data corpus`: what `recipes/seed.json` trains the bundled model on. */
export const corpus = Command.make(
  "corpus",
  {
    out: Flag.String("out").pipe(
      Flag.withMetavar("DIR"),
      Flag.withDescription("Folder that gets clean.jsonl and slipped.jsonl"),
    ),
    clean: Flag.Int("clean-rows").pipe(
      Flag.withDescription("Rows without slips"),
      Flag.withDefault(60_000),
    ),
    slipped: Flag.Int("slipped-rows").pipe(
      Flag.withDescription("Rows in which slips are planted"),
      Flag.withDefault(7_500),
    ),
    weights: Flag.String("weights").pipe(
      Flag.withMetavar("LANGUAGE=N,..."),
      Flag.withDescription(
        "How often each language is source or target; one that is not named never is " +
          "(default: python, javascript, lua and c 4, perl and php 2)",
      ),
      Flag.optional,
    ),
    seed,
    json,
  },
  Effect.fnUntraced(function* ({ out, clean, slipped, weights, seed, json }) {
    const data = yield* Effect.promise(() => import("../../../ts/data/mod.ts"));
    const made = yield* data.writeSeedCorpus({
      seed,
      out,
      clean_rows: clean,
      slipped_rows: slipped,
      ...(Option.isSome(weights)
        ? { weights: yield* parseWeights(weights.value, data.generatorLanguages) }
        : {}),
    });
    if (json) return yield* printJson({ ...made, out });
    yield* writeOut(`${clean} clean and ${slipped} slipped rows, in ${out} (${made.compiler})\n`);
  }),
).pipe(
  Command.withDescription("Draw the seed model's corpus: translations, statements, C to LLVM IR"),
);

const parseWeights = (text: string, languages: readonly GeneratorLanguage[]) =>
  Effect.gen(function* () {
    const weights: Partial<Record<GeneratorLanguage, number>> = {};
    for (const part of text.split(",")) {
      const [name, weight] = part.split("=");
      const language = languages.find((each) => each === name);
      if (language === undefined || !(Number(weight) > 0) || !Number.isFinite(Number(weight))) {
        const message = `--weights ${part}: expected one of ${languages.join(", ")}, "=" and a ` +
          "number above 0";
        return yield* new UserError({ code: "bad-usage", message });
      }
      weights[language] = Number(weight);
    }
    if (Object.keys(weights).length < 2) {
      const message =
        `--weights ${text}: expected two languages or more, for there to be translations`;
      return yield* new UserError({ code: "bad-usage", message });
    }
    return weights;
  });
