import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cellsOf, readExperiment, readResults, root } from "./experiment.ts";
import { armsPicture, driftPicture } from "./picture.ts";
import { groupsOf, section } from "./report.ts";

/** Names of all experiments. */
export const experiments: readonly string[] = readdirSync(join(root, "experiments"))
  .flatMap((file) => file.endsWith(".json") ? [file.slice(0, -".json".length)] : []).sort();

/** docs/results.md and its pictures, by path: made of the results that are there, and of what words.md says of them. */
export const page = (): ReadonlyMap<string, string> => {
  const files = new Map<string, string>();
  const parts = experiments.map((name) => {
    const experiment = readExperiment(name);
    const cells = cellsOf(experiment);
    const results = readResults(name, cells);
    const pictures: string[] = [];
    const add = (what: string, about: string, picture: string) => {
      files.set(`docs/results/${what}.svg`, picture);
      pictures.push(`![${about}](results/${what}.svg)`);
    };
    if (results.length > 0) {
      groupsOf(experiment).forEach(([group, languages], i) =>
        add(
          i === 0 ? name : `${name}-${i}`,
          `pass@1 at T=1 before and after${group === "" ? "" : `, ${group}`}`,
          armsPicture(experiment, results, languages),
        )
      );
      const drift = driftPicture(experiment, results);
      if (drift !== undefined) add(`${name}-drift`, "pass@1 at T=1 by step", drift);
    }
    return [section(name, experiment, cells.length, results), ...pictures].join("\n");
  });
  const words = readFileSync(join(root, "experiments", "words.md"), "utf8");
  files.set(
    "docs/results.md",
    [
      "# Do the two papers' claims hold?",
      "",
      "Written by `just experiment` from the results beside it; the words are those of " +
      "[experiments/words.md](../experiments/words.md). Other figures, each with its command: [results](results/README.md).",
      "",
      words,
      ...parts.map((part) => `${part.trimEnd()}\n`),
    ].join("\n"),
  );
  return files;
};

export const writePage = (): void => {
  for (const [path, text] of page()) writeFileSync(join(root, path), text);
};

/** Files of the page that are not what the results make, by path. */
export const stale = (): readonly string[] =>
  [...page()].flatMap(([path, text]) =>
    existsSync(join(root, path)) && readFileSync(join(root, path), "utf8") === text ? [] : [path]
  );
