import { Effect, type Scope, Semaphore } from "effect";
import { availableParallelism } from "node:os";
import { CheckInput } from "./check.ts";
import type { CheckCall, CheckReply } from "./check_worker.ts";
import { UserError } from "./errors.ts";
import { makeTool, type Tool } from "./tool.ts";

/**
 * `check` in Workers of its own: a comparison may take seconds, in which a server has others to answer. As
 * many at once as there are processors; Workers are started when they are needed, and stay.
 */
export const openCheckPool = Effect.fnUntraced(
  function* (): Effect.fn.Return<Tool, never, Scope.Scope> {
    const concurrency = availableParallelism();
    const places = yield* Semaphore.make(concurrency);
    const idle: Worker[] = [];
    const all = new Set<Worker>();
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => all.forEach((worker) => worker.terminate()))
    );
    const start = (): Worker => {
      const worker = new Worker(new URL("./check_worker.ts", import.meta.url), { type: "module" });
      all.add(worker);
      return worker;
    };
    const ask = (call: CheckCall): Effect.Effect<CheckReply> =>
      Effect.callback<CheckReply>((resume) => {
        const worker = idle.pop() ?? start();
        const drop = () => {
          all.delete(worker);
          worker.terminate();
        };
        worker.onmessage = ({ data }: MessageEvent<CheckReply>) => {
          idle.push(worker);
          resume(Effect.succeed(data));
        };
        worker.onerror = (event) => {
          event.preventDefault();
          drop();
          resume(Effect.die(new Error(`the checker's worker failed: ${event.message}`)));
        };
        worker.postMessage(call);
        // Who no longer waits has no use for what it is doing.
        return Effect.sync(drop);
      }).pipe(places.withPermit);
    return makeTool({
      name: "check",
      concurrency,
      input: CheckInput,
      answer: ({ source, target, ...options }) =>
        Effect.suspend(() => {
          const began_ms = performance.now();
          return ask({ source, target, options }).pipe(
            Effect.flatMap((reply) => {
              if ("error" in reply) return new UserError({ code: "bad-ir", message: reply.error });
              const ms = Math.round(1000 * (performance.now() - began_ms)) / 1000;
              return Effect.succeed([{ ...reply.verdict, ms }]);
            }),
          );
        }),
    });
  },
);
