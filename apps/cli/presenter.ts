import { Effect } from "effect";
import { CliOutput } from "effect/cli";
import process from "node:process";
import { colourful, writeErr, writeOut } from "./output.ts";

/**
 * Help that was asked for goes to stdout. A faulty command line gets one line that says what is wrong and
 * where help is, on stderr: the whole help would bury the fault.
 */
export const presenter = CliOutput.layerPresenter({
  present: (event) => {
    const formatter = CliOutput.defaultFormatter({ colors: colourful(process.stdout) });
    switch (event._tag) {
      case "Version":
        return writeOut(formatter.formatVersion(event.name, event.version) + "\n");
      case "Help": {
        const help = formatter.formatHelpDoc(event.helpDoc) + "\n";
        return event.reason === "Requested" ? writeOut(help) : writeErr(help);
      }
      case "InvalidInvocation": {
        const path = event.commandPath.join(" ");
        const faults = event.errors.map((error) =>
          `error: ${error.message.replace(/\s*\n\s*/g, " ").trim()}\n`
        );
        return Effect.asVoid(writeErr(`${faults.join("")}see: ${path} --help\n`));
      }
    }
  },
});
