import assert from "node:assert/strict";
import { Effect } from "effect";
import { languages, Sandbox } from "./mod.ts";

/** Programs that print, one a line, which of the tools whose paths they read from stdin they can see. */
const lookers: Readonly<Record<string, string>> = {
  python: `import os, sys
for path in sys.stdin.read().split():
    if os.path.exists(path): print(path)`,
  lua: `for path in io.lines() do
  local file = io.open(path)
  if file then print(path) end
end`,
  c: `#include <stdio.h>
#include <unistd.h>
int main(void) { char path[999]; while (scanf("%998s", path) == 1) if (!access(path, F_OK)) puts(path); return 0; }`,
};

/** By absolute path, whatever the PATH of the program. */
const paths = [...languages.values()].flatMap((language) =>
  language.variants.flatMap((variant) => variant.tools)
).concat("sh", "perl", "awk", "busybox", "git")
  .flatMap((tool) =>
    tool.startsWith("/") ? [tool] : [`/usr/bin/${tool}`, `/usr/local/bin/${tool}`, `/bin/${tool}`]
  );

for (const [language, code] of Object.entries(lookers)) {
  Deno.test(`no other tool can be seen from ${language}`, () =>
    Effect.runPromise(
      Effect.gen(function* () {
        const sandbox = yield* Sandbox;
        if (!(yield* sandbox.available(language))) {
          console.warn(`SKIPPED: ${language} is not installed`);
          return;
        }
        const judgement = yield* sandbox.judge({
          language,
          code,
          tests: [{ stdin: paths.join("\n"), stdout: "" }],
        });
        const seen = new Set(
          (judgement.tests[0]?.stdout ?? "").split("\n").filter((path) => path !== "")
            .map((path) => path.slice(path.lastIndexOf("/") + 1)),
        );
        const own = language === "c" ? [] : [...seen].filter((name) => name.startsWith(language));
        assert.deepEqual([...seen].sort(), own.sort(), JSON.stringify(judgement));
        assert.equal(own.length > 0, language !== "c");
      }).pipe(Effect.provide(Sandbox.layer())),
    ));
}
