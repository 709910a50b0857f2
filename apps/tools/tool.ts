import { Effect, Result } from "effect";
import type { UserError } from "./errors.ts";
import { type Decodable, decodeInput } from "./input.ts";

/**
 * A command as a function of one JSON object, without the caller's `id`: what `--batch` runs a line
 * through and what the HTTP interface answers with.
 */
export interface Tool {
  readonly name: string;
  /** How many inputs are worked on at once; answers keep the order of the inputs. */
  readonly concurrency: number;
  /** Decodes the input and answers it. Most answers are one object; samples of a prompt are several. */
  readonly answer: (input: unknown) => Effect.Effect<readonly object[], UserError>;
}

/** A tool whose input is of a schema; unknown keys are errors. */
export const makeTool = <S extends Decodable>(spec: {
  readonly name: string;
  readonly input: S;
  readonly concurrency?: number;
  readonly answer: (input: S["Type"]) => Effect.Effect<readonly object[], UserError>;
}): Tool => ({
  name: spec.name,
  concurrency: spec.concurrency ?? 1,
  answer: (input) => {
    const decoded = decodeInput(spec.input, input);
    return Result.isFailure(decoded) ? Effect.fail(decoded.failure) : spec.answer(decoded.success);
  },
});
