import { Effect, Result, type Scope } from "effect";
import type { UserError } from "./errors.ts";
import { type Decodable, decodeInput } from "./input.ts";

/**
 * A command as a function of one JSON object: what `--batch` runs a line through and what the HTTP
 * interface answers with. Opening it loads what every answer needs.
 */
export interface Tool<S extends Decodable = Decodable> {
  readonly name: string;
  /** Without `id`, which is the caller's and comes back untouched. */
  readonly input: S;
  /** How many inputs are worked on at once; answers keep the order of the inputs. */
  readonly concurrency: number;
  /** Most answers are one object; samples of one prompt are several. */
  // A method, so that a tool of any input is a `Tool`; only `answerOne` calls it, on what it decoded.
  answer(input: S["Type"]): Effect.Effect<readonly object[], UserError>;
}

/** A tool that lives as long as its scope. */
export type OpenTool<S extends Decodable = Decodable> = Effect.Effect<
  Tool<S>,
  UserError,
  Scope.Scope
>;

/** Decodes and answers one object of which nothing is known. */
export const answerOne = <S extends Decodable>(
  tool: Tool<S>,
  value: unknown,
): Effect.Effect<readonly object[], UserError> => {
  const decoded = decodeInput(tool.input, value);
  return Result.isFailure(decoded) ? Effect.fail(decoded.failure) : tool.answer(decoded.success);
};
