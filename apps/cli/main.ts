import * as NodeRuntime from "@effect/platform-node/NodeRuntime";
import * as NodeServices from "@effect/platform-node/NodeServices";
import { Cause, Effect } from "effect";
import { CliConfig, CliError, Command, GlobalFlag } from "effect/cli";
import process from "node:process";
import { asUserError } from "../tools/mod.ts";
import { bench } from "./commands/bench.ts";
import { check } from "./commands/check.ts";
import { compare } from "./commands/compare.ts";
import { data } from "./commands/data.ts";
import { devices } from "./commands/devices.ts";
import { evaluate } from "./commands/evaluate.ts";
import { exportModel } from "./commands/export.ts";
import { generate } from "./commands/generate.ts";
import { judge } from "./commands/judge.ts";
import { languages } from "./commands/languages.ts";
import { replay } from "./commands/replay.ts";
import { report as reportRuns } from "./commands/report.ts";
import { runs } from "./commands/runs.ts";
import { score } from "./commands/score.ts";
import { serve } from "./commands/serve.ts";
import { tokenizer } from "./commands/tokenizer.ts";
import { train } from "./commands/train.ts";
import { translate } from "./commands/translate.ts";
import { exitCodeOf, ExitWith } from "./exit.ts";
import { colourful, writeErr } from "./output.ts";
import { presenter } from "./presenter.ts";

const VERSION = "0.1.0";

// Rooms that load WebAssembly or a GPU are imported by the handlers, not here: help must come at once.
const calque = Command.make("calque").pipe(
  Command.withDescription(
    "Post-trains small code models so that what they can do in one programming language, they can do in the others.",
  ),
  Command.withExamples([
    { command: "calque train recipes/quickstart.json", description: "The first run, ten minutes" },
    { command: "calque runs list", description: "What was run, and what came of it" },
    { command: "calque check before.ll after.ll", description: "Prove or refute an optimisation" },
  ]),
  Command.withSubcommands([
    train,
    evaluate,
    translate,
    generate,
    score,
    exportModel,
    runs,
    compare,
    replay,
    reportRuns,
    data,
    check,
    judge,
    tokenizer,
    languages,
    devices,
    bench,
    serve,
  ]),
);

const report = (cause: Cause.Cause<unknown>): Effect.Effect<void> => {
  if (Cause.hasInterruptsOnly(cause)) return Effect.void;
  const error = Cause.squash(cause);
  // Both have been spoken for: one by its output, the other by the presenter.
  if (error instanceof ExitWith || CliError.isCliError(error)) return Effect.void;
  const { code, message } = asUserError(error);
  const label = colourful(process.stderr) ? "\u001b[31merror:\u001b[0m" : "error:";
  const trace = code === "internal" && process.env["CALQUE_TRACE"] === "1"
    ? "\n" + Cause.pretty(cause)
    : "";
  return writeErr(`${label} ${message}${trace}\n`);
};

/** A second Ctrl-C does not wait for the first one's clean end. */
const killOnSecondInterrupt = Effect.sync(() => {
  let interrupts = 0;
  const count = () => {
    if (++interrupts === 2) process.exit(130);
  };
  process.on("SIGINT", count);
  process.on("SIGTERM", count);
});

NodeRuntime.runMain(
  killOnSecondInterrupt.pipe(
    Effect.andThen(Command.run(calque, { version: VERSION })),
    Effect.tapCause(report),
    Effect.provide(presenter),
    Effect.provide(CliConfig.layer({
      builtIns: [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.Completions],
    })),
    Effect.provide(NodeServices.layer),
  ),
  {
    disableErrorReporting: true,
    // Explicit: a GPU worker or an open stdin must not keep an ended command alive.
    teardown: (exit) => exitCodeOf(exit, (code) => process.exit(code)),
  },
);
