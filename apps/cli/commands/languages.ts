import { Effect } from "effect";
import { Command } from "effect/cli";
import { json } from "../flags.ts";
import { printJson, writeOut } from "../output.ts";

export const languages = Command.make(
  "languages",
  { json },
  Effect.fnUntraced(function* ({ json }) {
    const { Sandbox } = yield* Effect.promise(() => import("../../../ts/sandbox/mod.ts"));
    const found = yield* Sandbox.use((sandbox) => sandbox.languages).pipe(
      Effect.provide(Sandbox.layer()),
    );
    if (json) return yield* printJson(found);
    const { renderTable } = yield* Effect.promise(() => import("../../../ts/evaluate/mod.ts"));
    yield* writeOut(
      renderTable(
        [
          { title: "language" },
          { title: "version" },
          { title: "hello, ms", align: "right" },
          { title: "package" },
        ],
        found.map((language) => [
          language.language,
          language.available ? language.version ?? "" : "not installed",
          language.hello_ms === undefined || language.hello_ms === null
            ? ""
            : language.hello_ms.toFixed(0),
          language.package,
        ]),
      ) + "\n",
    );
  }),
).pipe(Command.withDescription("Which languages can be judged here, and the package of each"));
