import { Effect, Schema } from "effect";
import { check } from "../../ts/wasm/mod.ts";
import { UserError } from "./errors.ts";
import { makeTool } from "./tool.ts";

export const CheckInput = Schema.Struct({
  source: Schema.String,
  /** Without it `source` defines both `@src` and `@tgt`. */
  target: Schema.optionalKey(Schema.String),
  function: Schema.optionalKey(Schema.String),
  relation: Schema.optionalKey(Schema.Literals(["refines", "equivalent", "agrees"])),
  unroll: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1024 }))),
  assume: Schema.optionalKey(
    Schema.Array(Schema.Literals(["noundef-arguments", "disjoint-arguments"])),
  ),
  /** What functions of two languages take and give: `slice<i32>, i32 -> option<i32>`. */
  signature: Schema.optionalKey(Schema.String),
});

export const checkTool = makeTool({
  name: "check",
  input: CheckInput,
  answer: ({ source, target, ...options }) =>
    Effect.try({
      try: () => {
        const began = performance.now();
        const verdict = check(source, target, options);
        return [{ ...verdict, ms: Math.round(1000 * (performance.now() - began)) / 1000 }];
      },
      catch: (error) => new UserError({ code: "bad-ir", message: (error as Error).message }),
    }),
});
