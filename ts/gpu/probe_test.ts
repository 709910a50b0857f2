import { strict as assert } from "node:assert";
import { openDevice } from "./lanes.ts";
import { measurePeak } from "./probe.ts";

Deno.test({
  name: "a short measurement gives rates that a machine can have",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    const device = await openDevice();
    const peak = await measurePeak(device);
    device.close();
    // From a slow CPU under load to ten times the fastest accelerator there is.
    assert.ok(peak.matmul_gflop_per_s > 0.01 && peak.matmul_gflop_per_s < 1e7);
    assert.ok(peak.copy_gbyte_per_s > 0.01 && peak.copy_gbyte_per_s < 1e5);
    assert.ok(peak.wait_ms > 0);
    assert.match(peak.lanes, /^(broadcast|load|workgroup)$/);
  },
});
