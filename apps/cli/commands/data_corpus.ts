import { Effect } from "effect";
import { Command, Flag } from "effect/cli";
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
    seed,
    json,
  },
  Effect.fnUntraced(function* ({ out, clean, slipped, seed, json }) {
    const data = yield* Effect.promise(() => import("../../../ts/data/mod.ts"));
    const made = yield* data.writeSeedCorpus({
      seed,
      out,
      clean_rows: clean,
      slipped_rows: slipped,
    });
    if (json) return yield* printJson({ ...made, out });
    yield* writeOut(`${clean} clean and ${slipped} slipped rows, in ${out} (${made.compiler})\n`);
  }),
).pipe(
  Command.withDescription("Draw the seed model's corpus: translations, statements, C to LLVM IR"),
);
