import { Effect } from "effect";
import { Command, Flag } from "effect/cli";
import { ExitWith } from "../exit.ts";
import { json, unsafeNoIsolation } from "../flags.ts";
import { printJson, writeOut } from "../output.ts";

export const languages = Command.make(
  "languages",
  {
    json,
    attack: Flag.Boolean("attack").pipe(
      Flag.withDescription(
        "Let the exploit suite loose on the sandbox; exit 1 where one gets what it must not",
      ),
      Flag.withDefault(false),
    ),
    unsafeNoIsolation,
  },
  Effect.fnUntraced(function* ({ json, attack, unsafeNoIsolation }) {
    if (attack) return yield* runAttack(json);
    const { Sandbox } = yield* Effect.promise(() => import("../../../ts/sandbox/mod.ts"));
    const found = yield* Sandbox.use((sandbox) => sandbox.languages).pipe(
      Effect.provide(Sandbox.layer({ unsafe_no_isolation: unsafeNoIsolation })),
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
          language.available
            ? language.version ?? ""
            : language.reason?.includes("is not installed")
            ? "not installed"
            : "does not run",
          language.hello_ms === undefined || language.hello_ms === null
            ? ""
            : language.hello_ms.toFixed(0),
          language.package,
        ]),
      ) + "\n",
    );
  }),
).pipe(Command.withDescription("Which languages can be judged here, and the package of each"));

/** The suite lies with the tests: it is no part of what runs. */
const runAttack = Effect.fnUntraced(function* (json: boolean) {
  const { attack } = yield* Effect.promise(() => import("../../../tests/exploits/attack.ts"));
  const { attacks, left } = yield* Effect.promise(() => attack());
  const held = attacks.every((each) => each.held) && left.length === 0;
  const rows = attacks.map(({ exploit, judgement, held }) => ({
    language: exploit.language,
    exploit: exploit.name,
    form: exploit.form,
    expected: [exploit.verdict].flat(),
    verdict: judgement?.verdict ?? null,
    held,
  }));
  if (json) yield* printJson({ held, left, exploits: rows });
  else {
    const { renderTable } = yield* Effect.promise(() => import("../../../ts/evaluate/mod.ts"));
    const table = renderTable(
      [
        { title: "language" },
        { title: "exploit" },
        { title: "form" },
        { title: "expected" },
        { title: "verdict" },
        { title: "" },
      ],
      rows.map(({ language, exploit, form, expected, verdict, held }) => [
        language,
        exploit,
        form,
        expected.join(" or "),
        verdict ?? "not installed",
        held ? "" : "GOT THROUGH",
      ]),
    );
    const tried = rows.filter(({ verdict }) => verdict !== null);
    const sum = `${tried.length} exploits in ${
      new Set(tried.map(({ language }) => language)).size
    } languages, ${tried.filter(({ held }) => !held).length} got through; ${
      left.length === 0 ? "nothing stayed behind" : `stayed behind: ${left.join(", ")}`
    }`;
    yield* writeOut(`${table}\n${sum}\n`);
  }
  if (!held) return yield* new ExitWith({ exit: 1 });
});
