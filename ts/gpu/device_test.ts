import { strict as assert } from "node:assert";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { DeviceError } from "./errors.ts";
import { adamw } from "./kernels/adamw.ts";
import { type Kernel, packFields } from "./kernel.ts";
import { openDevice } from "./lanes.ts";

const options = { sanitizeOps: false, sanitizeResources: false };

const fails = (call: () => Promise<unknown>, code: string, text: RegExp) =>
  assert.rejects(
    call,
    (error) => error instanceof DeviceError && error.code === code && text.test(error.message),
  );

Deno.test("a device says what it is and what it grants", options, async () => {
  const device = await openDevice();
  const { name, provider, limits } = device.info;
  assert.ok(name.length > 0);
  assert.equal(provider, "native");
  assert.ok(limits.binding_bytes >= 128 * 2 ** 20 && limits.buffer_bytes >= limits.binding_bytes);
  device.close();
});

Deno.test("slices taken as they are at the moment come back in order", options, async () => {
  const device = await openDevice();
  const slice = device.buffer("slice", 4);
  const collector = device.collect(32);
  device.write(slice, Float32Array.of(1, 2, 3, 4));
  collector.take(slice);
  device.write(slice, Float32Array.of(5, 6, 7, 8));
  collector.take(slice);
  const read = (await collector.read()).map((bytes) => [...new Float32Array(bytes)]);
  assert.deepEqual(read, [[1, 2, 3, 4], [5, 6, 7, 8]]);
  device.close();
});

Deno.test("a device that went away is named, and nothing hangs", options, async () => {
  const device = await openDevice();
  const slice = device.buffer("slice", 4);
  device.gpu.destroy();
  await fails(() => device.read([slice]), "lost", /GPU/);
});

Deno.test("a kernel that the compiler refuses is an error, not zeros", options, async () => {
  const device = await openDevice();
  const broken: Kernel = { ...adamw, name: "broken", code: () => "fn main( {" };
  const slice = device.buffer("slice", 4);
  const buffers = Object.fromEntries(Object.keys(adamw.buffers).map((name) => [name, slice]));
  device.dispatch(broken, buffers, { count4: 1 }, () => [1]);
  await fails(() => device.read([slice]), "validation", /broken/);
  device.close();
});

Deno.test("npm webgpu is asked for by name when it is not installed", () => {
  // From a folder without node_modules.
  const provider = import.meta.resolve("./provider.ts");
  const script = `import { requestGpu } from ${JSON.stringify(provider)};
    await requestGpu("dawn").catch((error) => console.log(error.code, error.message));`;
  const { stdout } = spawnSync(Deno.execPath(), ["run", "-A", "--no-config", "-"], {
    cwd: tmpdir(),
    input: script,
    encoding: "utf8",
  });
  assert.match(stdout, /^provider-missing provider "dawn" needs the npm package "webgpu"/);
});

Deno.test("a buffer over the limit is refused with its size", options, async () => {
  const device = await openDevice();
  const floats = device.info.limits.buffer_bytes;
  assert.throws(
    () => device.buffer("huge", floats),
    (error) => error instanceof DeviceError && error.message.includes(`${4 * floats}`.slice(0, 5)),
  );
  device.close();
});

Deno.test("a uniform is packed in the order of its fields; a missing number is named", () => {
  const view = new DataView(packFields({ a: "u32", b: "f32" }, { b: 0.5, a: 7 }));
  assert.deepEqual([view.getUint32(0, true), view.getFloat32(4, true)], [7, 0.5]);
  assert.throws(() => packFields({ a: "u32" }, {}), /field a/);
});
