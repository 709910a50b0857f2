import { Effect } from "effect";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { writeFileAtomic } from "../../../ts/data/mod.ts";
import { type Report, reportHtml } from "../../../ts/evaluate/mod.ts";
import { asUserError, UserError } from "../../tools/mod.ts";
import { writeErr } from "../output.ts";

/** Writes the page, and beside it the same as JSON, with every sample. */
export const writeReport = Effect.fnUntraced(function* (file: string, report: Report) {
  const beside = file.replace(/\.html?$/, "") + ".json";
  yield* Effect.tryPromise({
    try: async () => {
      await mkdir(dirname(file), { recursive: true });
      await writeFileAtomic(file, reportHtml(report));
      await writeFileAtomic(beside, JSON.stringify(report, null, 1) + "\n");
    },
    catch: (error) => new UserError({ code: "bad-file", message: asUserError(error).message }),
  });
  yield* writeErr(`report: ${file}, and ${beside}\n`);
});
