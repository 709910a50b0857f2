import { Effect, Option } from "effect";
import { Argument, Command, Flag } from "effect/cli";
import { readFile } from "node:fs/promises";
import { asUserError, UserError } from "../../tools/mod.ts";
import { ExitWith } from "../exit.ts";
import { batch, json } from "../flags.ts";
import { printJson, writeOut } from "../output.ts";

export const check = Command.make(
  "check",
  {
    files: Argument.String("file").pipe(
      Argument.withDescription("SOURCE.ll TARGET.ll, or one file that defines @src and @tgt"),
      Argument.variadic({ max: 2 }),
    ),
    relation: Flag.Literals("relation", ["refines", "equivalent", "agrees"]).pipe(
      Flag.withDescription(
        "refines: the target does nothing that the source does not allow; equivalent: both ways; " +
          "agrees: the same results wherever neither has undefined behaviour",
      ),
      Flag.withDefault("refines" as const),
    ),
    function: Flag.String("function").pipe(
      Flag.withMetavar("NAME"),
      Flag.withDescription("The function to compare; the only one, or @src and @tgt, by default"),
      Flag.optional,
    ),
    unroll: Flag.Int("unroll").pipe(
      Flag.withMetavar("N"),
      Flag.withDescription("Follow loops for at most N turns; a proof is then bounded"),
      Flag.optional,
    ),
    assume: Flag.Literals("assume", ["noundef-arguments", "disjoint-arguments"]).pipe(
      Flag.withDescription("What may be taken for granted; may be given many times"),
      Flag.atLeast(0),
    ),
    signature: Flag.String("signature").pipe(
      Flag.withMetavar("TYPES"),
      Flag.withDescription(
        "What functions of two languages take and give: 'slice<i32>, bool -> option<i32>'; of i8 to i128, f32, f64, bool, " +
          "slice<T>, out<T>, and as a result option<T> and ()",
      ),
      Flag.optional,
    ),
    json,
    batch,
  },
  Effect.fnUntraced(function* ({ files, batch, json, ...options }) {
    const { checkTool } = yield* Effect.promise(() => import("../../tools/check.ts"));
    if (batch) {
      const { runBatch } = yield* Effect.promise(() => import("../batch.ts"));
      return yield* runBatch(checkTool);
    }
    if (files.length === 0) {
      const message = "expected SOURCE.ll TARGET.ll, one file with @src and @tgt, or --batch";
      return yield* new UserError({ code: "bad-usage", message });
    }
    const texts = yield* Effect.tryPromise({
      try: () => Promise.all(files.map((file) => readFile(file, "utf8"))),
      catch: asUserError,
    });
    const [answer] = yield* checkTool.answer({
      source: texts[0],
      relation: options.relation,
      ...(texts[1] === undefined ? {} : { target: texts[1] }),
      ...(Option.isSome(options.function) ? { function: options.function.value } : {}),
      ...(Option.isSome(options.unroll) ? { unroll: options.unroll.value } : {}),
      ...(Option.isSome(options.signature) ? { signature: options.signature.value } : {}),
      ...(options.assume.length === 0 ? {} : { assume: options.assume }),
    });
    const verdict = answer as Verdict;
    if (verdict.reason === "parse-error") {
      const message = `${files.join(", ")}: ${verdict.detail}`;
      return yield* new UserError({ code: "bad-file", message });
    }
    yield* json ? printJson(verdict) : writeOut(describe(verdict, options.relation));
    const exit = { proved: 0, refuted: 1, unknown: 3 }[verdict.verdict];
    if (exit !== 0) return yield* new ExitWith({ exit });
  }),
).pipe(
  Command.withDescription(
    "Prove or refute that one LLVM IR function may stand for another. Exit 0 proved, 1 refuted, 2 no IR, 3 unknown",
  ),
);

interface Place {
  readonly line: number;
  readonly instruction: string;
  readonly value?: string;
}

interface Verdict {
  readonly verdict: "proved" | "refuted" | "unknown";
  readonly method?: string;
  readonly bounds?: unknown;
  readonly assumptions?: readonly string[];
  readonly counterexample?: {
    readonly arguments: Readonly<Record<string, unknown>>;
    readonly memory?: unknown;
    readonly source: unknown;
    readonly target: unknown;
    readonly parts_at?: { readonly source?: Place; readonly target?: Place };
  };
  readonly reason?: string;
  readonly detail?: string;
}

const describe = (verdict: Verdict, relation: string): string => {
  const show = (value: unknown): string =>
    typeof value === "string" ? value : JSON.stringify(value);
  const lines = [`${verdict.verdict}: ${relation}`];
  if (verdict.method !== undefined) lines.push(`  method   ${verdict.method}`);
  if (verdict.bounds !== undefined) lines.push(`  bounds   ${show(verdict.bounds)}`);
  if (verdict.assumptions?.length) lines.push(`  assuming ${verdict.assumptions.join(", ")}`);
  if (verdict.reason !== undefined) lines.push(`  reason   ${verdict.reason}`);
  if (verdict.detail !== undefined) lines.push(`  detail   ${verdict.detail}`);
  const found = verdict.counterexample;
  if (found !== undefined) {
    for (const [name, value] of Object.entries(found.arguments)) {
      lines.push(`  with     ${name} = ${show(value)}`);
    }
    if (found.memory !== undefined) lines.push(`  memory   ${show(found.memory)}`);
    for (const side of ["source", "target"] as const) {
      lines.push(`  ${side}   ${show(found[side])}`);
      const place = found.parts_at?.[side];
      if (place !== undefined) {
        const gives = place.value === undefined ? "" : ` gives ${place.value}`;
        lines.push(`           parts at line ${place.line}: ${place.instruction}${gives}`);
      }
    }
  }
  return lines.join("\n") + "\n";
};
