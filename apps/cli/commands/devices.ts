import { Effect, Result } from "effect";
import { Command } from "effect/cli";
import { asUserError, UserError } from "../../tools/mod.ts";
import { json } from "../flags.ts";
import { printJson, writeErr, writeOut } from "../output.ts";

export const devices = Command.make(
  "devices",
  { json },
  Effect.fnUntraced(function* ({ json }) {
    const { requestGpu } = yield* Effect.promise(() => import("../../../ts/model/mod.ts"));
    const ask = (provider: "native" | "dawn") =>
      Effect.tryPromise({
        try: async () => {
          const { device, info } = await requestGpu(provider);
          device.destroy();
          return info;
        },
        catch: asUserError,
      });
    const answers = [yield* Effect.result(ask("native")), yield* Effect.result(ask("dawn"))];
    const found = answers.filter(Result.isSuccess).map(({ success }) => success);
    if (found.length === 0) {
      const [native] = answers;
      return yield* (Result.isFailure(native!)
        ? native.failure
        : new UserError({ code: "no-adapter", message: "no WebGPU adapter on this machine" }));
    }
    if (json) return yield* printJson(found);
    for (const info of found) {
      const mib = (bytes: number): string => `${Math.floor(bytes / 1024 / 1024)} MiB`;
      yield* writeOut(
        [
          `${info.name}${info.fallback ? " (software)" : ""}`,
          `  provider  ${info.provider}`,
          `  vendor    ${info.vendor === "" ? "unknown" : info.vendor}`,
          `  buffer    ${mib(info.limits.buffer_bytes)}`,
          `  binding   ${mib(info.limits.binding_bytes)}`,
          `  workgroup ${info.limits.workgroup_bytes} bytes`,
          `  features  ${info.features.join(" ")}`,
        ].join("\n") + "\n",
      );
      if (info.warning !== undefined) yield* writeErr(`warning: ${info.warning}\n`);
    }
  }),
).pipe(Command.withDescription("The GPUs that can train here, with their limits and features"));
