import { Effect, Option, Result } from "effect";
import { Command, Flag } from "effect/cli";
import { freemem } from "node:os";
import { renderTable } from "../../../ts/evaluate/mod.ts";
import type { DeviceInfo, Fit, Peak } from "../../../ts/model/mod.ts";
import { asUserError, UserError } from "../../tools/mod.ts";
import { json } from "../flags.ts";
import { printJson, writeErr, writeOut } from "../output.ts";

export const devices = Command.make(
  "devices",
  {
    fit: Flag.Boolean("fit").pipe(
      Flag.withDescription("Which models and methods fit, and about how fast they are"),
      Flag.withDefault(false),
    ),
    memory: Flag.Finite("memory").pipe(
      Flag.withMetavar("GIB"),
      Flag.withDescription("Memory of the GPU, which WebGPU does not tell"),
      Flag.optional,
    ),
    context: Flag.Int("context").pipe(
      Flag.withDescription("With --fit: longest sequence"),
      Flag.withDefault(2048),
    ),
    slots: Flag.Int("slots").pipe(
      Flag.withDescription("With --fit: sequences sampled at once"),
      Flag.withDefault(16),
    ),
    json,
  },
  Effect.fnUntraced(function* ({ fit, memory, context, slots, json }) {
    const { openDevice, measurePeak, fitTable } = yield* Effect.promise(() =>
      import("../../../ts/model/mod.ts")
    );
    const ask = (provider: "native" | "dawn") =>
      Effect.tryPromise({
        try: async () => {
          const device = await openDevice(provider);
          const peak = await measurePeak(device);
          device.close();
          return { ...device.info, peak };
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
    const [first] = found as [typeof found[0] & object];
    const memory_bytes = Option.isSome(memory)
      ? memory.value * 2 ** 30
      : first.fallback
      ? freemem()
      : undefined;
    const table = fit
      ? fitTable(first.peak, {
        context,
        slots,
        ...(memory_bytes === undefined ? {} : { memory_bytes }),
      })
      : undefined;
    if (json) return yield* printJson(table ? { devices: found, fit: table } : found);
    for (const info of found) {
      yield* writeOut(describe(info));
      if (info.warning !== undefined) yield* writeErr(`warning: ${info.warning}\n`);
    }
    if (table === undefined) return;
    if (memory_bytes === undefined) {
      yield* writeErr("WebGPU does not tell a GPU's memory; name it with --memory GIB\n");
    }
    yield* writeOut(`\n${fitText(table)}`);
    const best = table.filter(({ fits }) => fits).at(-1);
    if (best) {
      const sets = best.settings.map((setting) => `--set '${setting}'`);
      yield* writeOut(`\nthe largest that fits, as a recipe's settings:\n${sets.join(" ")}\n`);
    }
  }),
).pipe(Command.withDescription("The GPUs that can train here: limits, features, and speed"));

const describe = (info: DeviceInfo & { readonly peak: Peak }): string => {
  const mib = (bytes: number): string => `${Math.floor(bytes / 1024 / 1024)} MiB`;
  const { matmul_gflop_per_s, copy_gbyte_per_s, wait_ms, lanes } = info.peak;
  const rates = [
    `${matmul_gflop_per_s.toPrecision(3)} GFLOP/s matmul`,
    `${copy_gbyte_per_s.toPrecision(3)} GB/s copy`,
    `${wait_ms.toPrecision(2)} ms a wait`,
  ];
  return [
    `${info.name}${info.fallback ? " (software)" : ""}`,
    `  provider  ${info.provider}`,
    `  vendor    ${info.vendor === "" ? "unknown" : info.vendor}`,
    `  buffer    ${mib(info.limits.buffer_bytes)}`,
    `  binding   ${mib(info.limits.binding_bytes)}`,
    `  workgroup ${info.limits.workgroup_bytes} bytes`,
    `  features  ${info.features.join(" ")}`,
    `  measured  ${rates.join(", ")}`,
    `  kernels   ${KERNELS[lanes]}`,
  ].join("\n") + "\n";
};

const KERNELS: Record<Peak["lanes"], string> = {
  broadcast: "broadcast: lanes hand round what they load",
  load: "load: lanes load alone",
  workgroup: "workgroup: tiles in the workgroup's memory",
};

const fitText = (table: readonly Fit[]): string =>
  renderTable(
    [
      { title: "model" },
      { title: "method" },
      { title: "GiB", align: "right" },
      { title: "fits" },
      { title: "trained tok/s", align: "right" },
      { title: "sampled tok/s", align: "right" },
    ],
    table.map((row) => [
      row.model,
      row.method,
      (row.bytes / 2 ** 30).toFixed(1),
      row.fits === undefined ? "?" : row.fits ? "yes" : "no",
      row.trained_tokens_per_s.toPrecision(2),
      row.sampled_tokens_per_s.toPrecision(2),
    ]),
  ) + "\n";
