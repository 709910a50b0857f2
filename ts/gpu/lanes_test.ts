import { strict as assert } from "node:assert";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LANES } from "./kernel.ts";
import { openDevice } from "./lanes.ts";

Deno.test({
  name: "the fastest way is measured once for an adapter, and kept",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    const folder = mkdtempSync(join(tmpdir(), "calque-lanes-"));
    const before = Deno.env.get("CALQUE_CACHE");
    Deno.env.set("CALQUE_CACHE", folder);
    const file = join(folder, "devices.json");
    const opened = async () => {
      const device = await openDevice();
      device.close();
      return device.lanes;
    };
    try {
      const lanes = await opened();
      const kept = JSON.parse(readFileSync(file, "utf8"));
      const [key] = Object.keys(kept) as [string];
      assert.deepEqual(kept, { [key]: lanes });

      const other = LANES.find((way) => way !== lanes)!;
      writeFileSync(file, JSON.stringify({ [key]: other, another: "load" }));
      assert.equal(await opened(), other, "what is kept counts");

      for (const broken of ["[", "null", JSON.stringify({ [key]: "unheard of" })]) {
        writeFileSync(file, broken);
        assert.ok(LANES.includes(await opened()));
        const again = JSON.parse(readFileSync(file, "utf8"));
        assert.ok(LANES.includes(again[key]), `kept again after ${broken}`);
      }

      rmSync(file);
      writeFileSync(join(folder, "file"), "");
      Deno.env.set("CALQUE_CACHE", join(folder, "file"));
      assert.ok(LANES.includes(await opened()), "no place to keep it");
    } finally {
      if (before === undefined) Deno.env.delete("CALQUE_CACHE");
      else Deno.env.set("CALQUE_CACHE", before);
      rmSync(folder, { recursive: true });
    }
  },
});
