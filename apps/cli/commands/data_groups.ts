import { Effect, Option } from "effect";
import { Command, Flag } from "effect/cli";
import { chooseLanguages, dataFolder, json, languages, seed } from "../flags.ts";
import { printJson, writeErr, writeOut } from "../output.ts";
import { progressLine } from "../progress.ts";

/** `calque data groups`: what GEPO learns from. */
export const groups = Command.make(
  "groups",
  {
    dir: dataFolder,
    out: Flag.String("out").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription("The file that gets the groups, one a line"),
    ),
    tokenizer: Flag.String("tokenizer").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription("tokenizer.json, or a folder holding one: lengths count its tokens"),
    ),
    languages: languages("languages", "Languages of the programs: c, cpp, rust, d (all)").pipe(
      Flag.optional,
    ),
    longest: Flag.Int("longest-tokens").pipe(
      Flag.withDescription("Longest IR that is kept"),
      Flag.withDefault(350),
    ),
    most: Flag.Int("most").pipe(
      Flag.withDescription("Stop after so many groups of training tasks"),
      Flag.optional,
    ),
    seed,
    json,
  },
  Effect.fnUntraced(function* ({ dir, out, tokenizer: file, longest, most, seed, json, ...flags }) {
    const data = yield* Effect.promise(() => import("../../../ts/data/mod.ts"));
    const { Sandbox } = yield* Effect.promise(() => import("../../../ts/sandbox/mod.ts"));
    const { openTokenizer } = yield* Effect.promise(() => import("../../tools/tokenizer.ts"));
    const wanted = yield* chooseLanguages(
      Option.getOrUndefined(flags.languages),
      data.sourceLanguages,
    );
    const tokenizer = yield* openTokenizer(file);
    const tools = yield* Effect.tryPromise({ try: () => data.findToolchain(), catch: (e) => e });
    const tasks = yield* data.readTasks(dir);
    const { programs, left_out } = yield* data.definedPrograms(
      tasks,
      yield* data.readPrograms(dir),
      wanted,
      progressLine("programs run"),
    ).pipe(Effect.provide(Sandbox.layer()));
    const report = progressLine("sources compiled");
    const made = yield* Effect.tryPromise({
      try: () =>
        data.groups({
          tasks,
          programs,
          seed,
          tools,
          tokens: (ir) => tokenizer.count(ir),
          longest_tokens: longest,
          ...(Option.isSome(most) ? { most: most.value } : {}),
          onProgress: (_groups, sources) => report(sources, programs.length),
        }),
      catch: (error) => error,
    });
    yield* data.writeGroups(out, made.groups);
    const tally = { ...left_out, ...made.tally };
    const { refuted } = made;
    if (json) return yield* printJson({ groups: made.groups.length, tally, refuted, out });
    yield* writeOut(`${made.groups.length} groups, in ${out}\n`);
    for (const [what, count] of Object.entries(tally).sort()) {
      yield* writeOut(`${String(count).padStart(6)}  ${what}\n`);
    }
    for (const { group, first, member, answer } of refuted) {
      yield* writeErr(
        `${group}: ${member.level} does not refine ${first.level}: ${JSON.stringify(answer)}\n` +
          `${first.ir}\n${member.ir}\n`,
      );
    }
  }),
).pipe(
  Command.withDescription(
    "IR groups from the C, C++, Rust and D programs: compiled, proved and refuted",
  ),
);
