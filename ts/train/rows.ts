import { Effect, Schema } from "effect";
import { readJsonl } from "../data/mod.ts";
import { render } from "../rollout/mod.ts";
import type { Chat } from "./chat.ts";
import { TrainRefused } from "./errors.ts";
import type { PreferenceGroup } from "./preference_step.ts";
import { countedTokens, type Sequence, sequenceOf, type SftRow } from "./sequences.ts";
import type { Tokenizer } from "../wasm/mod.ts";

const Id = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0));

const SftRowSchema = Schema.Union([
  Schema.Struct({ ids: Schema.NonEmptyArray(Id), mask: Schema.Array(Schema.Literals([0, 1])) })
    .check(
      Schema.makeFilter(({ ids, mask }) => ids.length === mask.length || "as many masks as ids"),
    ),
  Schema.Struct({ prompt: Schema.String, completion: Schema.NonEmptyString }),
  Schema.Struct({ text: Schema.NonEmptyString }),
  Schema.Struct({
    messages: Schema.NonEmptyArray(
      Schema.Struct({ role: Schema.NonEmptyString, content: Schema.String }),
    ),
  }),
]);

const DpoRowSchema = Schema.Struct({
  prompt: Schema.String,
  chosen: Schema.NonEmptyString,
  rejected: Schema.NonEmptyString,
});

/** A program, and whether it does what the prompt says. */
const VerificationRowSchema = Schema.Struct({
  prompt: Schema.String,
  program: Schema.String,
  label: Schema.Boolean,
});

/** Rows of supervised data in any of their spellings, as sequences; `verification` is a template. */
export const readSequences = Effect.fn("readSequences")(
  function* (
    file: string,
    tokenizer: Tokenizer | undefined,
    lossOn: "completion" | "all",
    verification: { readonly template: string; readonly stop: string },
    chat: Chat | undefined,
  ) {
    const rows = yield* readJsonl(file, Schema.Union([SftRowSchema, VerificationRowSchema]));
    const plain = rows.map((row): SftRow =>
      !("label" in row) ? row : {
        prompt: render(verification.template, { statement: row.prompt, code: row.program }),
        completion: (row.label ? "yes" : "no") + verification.stop,
      }
    );
    return yield* sequencesOf(file, plain, tokenizer, lossOn, chat);
  },
);

export const sequencesOf = Effect.fn("sequencesOf")(function* (
  file: string,
  rows: readonly SftRow[],
  tokenizer: Tokenizer | undefined,
  lossOn: "completion" | "all",
  chat?: Chat,
) {
  const sequences: Sequence[] = [];
  for (const [i, row] of rows.entries()) {
    sequences.push(
      yield* Effect.try({
        try: () => sequenceOf(row, tokenizer, lossOn, chat),
        catch: (error) =>
          new TrainRefused({
            code: "row-unusable",
            message: `${file}:${i + 1}: ${(error as Error).message}`,
          }),
      }),
    );
  }
  if (countedTokens(sequences) === 0) {
    return yield* new TrainRefused({
      code: "no-rows",
      message: `${file}: expected at least one token that counts in the loss, found none`,
    });
  }
  return sequences;
});

/** Rows of DPO: a group of one winner and one loser each. */
export const readPairs = Effect.fn("readPairs")(function* (file: string, tokenizer: Tokenizer) {
  const rows = yield* readJsonl(file, DpoRowSchema);
  if (rows.length === 0) {
    return yield* new TrainRefused({
      code: "no-rows",
      message: `${file}: expected rows, found none`,
    });
  }
  return rows.map(({ prompt, chosen, rejected }, i): PreferenceGroup => ({
    id: String(i + 1),
    members: [[chosen, true] as const, [rejected, false] as const].map(([completion, winner]) => ({
      ...sequenceOf({ prompt, completion }, tokenizer, "completion"),
      winner,
    })),
  }));
});
