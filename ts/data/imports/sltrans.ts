import { type Foreign, optionalTextOf, textOf } from "./foreign.ts";
import type { Imported, ImportOptions } from "./import.ts";
import { licenceOf } from "./licences.ts";

/**
 * SLTrans (IRCoder): `Source_Code` and the LLVM IR that one compiler made of it, `IR_Original`. There are
 * no tests, so nothing here is a task: the rows become supervised ones, source to IR, as the set's makers
 * trained on them. `--languages` names the one language that a file of the set holds. Levels are not
 * winners of one group: nobody has proved them equal.
 */
export const sltrans = (records: readonly Foreign[], options: ImportOptions): Imported => {
  licenceOf("sltrans", options);
  const language = options.languages?.[0];
  const seen = new Set<string>();
  const rows = records.flatMap((foreign) => {
    const source = textOf(foreign, "Source_Code");
    const completion = textOf(foreign, "IR_Original");
    const named = optionalTextOf(foreign, "Language")?.toLowerCase() ?? language;
    const prompt = named === undefined
      ? source
      : `Translate from ${named} to LLVM IR:\n${source}\n`;
    const key = `${prompt}\u0000${completion}`;
    if (seen.has(key)) return [];
    seen.add(key);
    return [{ prompt, completion }];
  });
  return { tasks: [], programs: [], rows };
};
