import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * A Python that has these packages: `CALQUE_PYTHON`, the one that `./setup --for test` makes, or that on
 * PATH. Says on the console what is skipped where none has them.
 */
export const findPython = (...packages: readonly string[]): string | undefined => {
  const own = join(root, ".tools/clients/bin/python");
  const named = process.env["CALQUE_PYTHON"];
  const places = [named, existsSync(own) ? own : undefined, "python3"];
  const found = places.find((python) =>
    python !== undefined &&
    spawnSync(python, ["-c", `import ${packages.join(", ")}`], { stdio: "ignore" }).status === 0
  );
  if (found === undefined) {
    console.log(`skipped: no Python with ${packages.join(", ")} (./setup --for test installs it)`);
  }
  return found;
};
