import { Cause, Exit, Runtime, Schema } from "effect";
import { CliError } from "effect/cli";
import { asUserError, ERRORS } from "../tools/mod.ts";

/** Ends the command with an exit code and nothing more to say: the output has said it. */
export class ExitWith extends Schema.TaggedError<ExitWith>()("ExitWith", {
  exit: Schema.Int,
}) {}

/**
 * 0 done or proved; 1 refuted, not equal, a check failed; 2 bad input or usage; 3 unknown; 4 the machine
 * lacks something; 130 interrupted.
 */
export const exitCodeOf: Runtime.Teardown = (exit, onExit) => {
  if (Exit.isSuccess(exit)) return onExit(0);
  if (Cause.hasInterruptsOnly(exit.cause)) return onExit(130);
  const error = Cause.squash(exit.cause);
  if (error instanceof ExitWith) return onExit(error.exit);
  if (CliError.isCliError(error)) {
    // `calque` or `calque runs` alone shows its help, which is no fault but no command either.
    return onExit(2);
  }
  return onExit(ERRORS[asUserError(error).code].exit);
};
