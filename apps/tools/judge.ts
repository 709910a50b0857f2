import { Effect, Layer, type Scope } from "effect";
import { availableParallelism } from "node:os";
import {
  decodeJudgeRequest,
  type PlainRun,
  type RunRequest,
  Sandbox,
} from "../../ts/sandbox/mod.ts";
import { describeMessage } from "./input.ts";
import type { Tool } from "./tool.ts";

/** Judges programs, and runs them without tests. */
export interface JudgeTool extends Tool {
  readonly run: (request: RunRequest) => Effect.Effect<PlainRun>;
}

/** Judges programs in a sandbox of its own; 0 runs as many at once as there are processors. */
export const openJudge = Effect.fnUntraced(
  function* (
    concurrency: number,
    options: { readonly unsafe_no_isolation?: boolean } = {},
  ): Effect.fn.Return<JudgeTool, never, Scope.Scope> {
    const at_once = concurrency > 0 ? concurrency : availableParallelism();
    const services = yield* Layer.build(Sandbox.layer({ ...options, concurrency: at_once }));
    return {
      name: "judge",
      concurrency: at_once,
      answer: (input) =>
        Effect.try({
          try: () => decodeJudgeRequest(input),
          catch: (error) => describeMessage((error as Error).message),
        }).pipe(
          Effect.flatMap((request) => Sandbox.use((sandbox) => sandbox.judge(request))),
          Effect.map((judgement): readonly object[] => [judgement]),
          Effect.provide(services),
        ),
      run: (request) =>
        Sandbox.use((sandbox) => sandbox.run(request)).pipe(Effect.provide(services)),
    };
  },
);
