/** The GPU meets the golden numbers, matrices whole and in shards, and under Dawn. */
import { strict as assert } from "node:assert";
import { requestGpu } from "../gpu/mod.ts";
import { goldenCases, measureGolden } from "./golden_fixture.ts";

if (goldenCases.length === 0) console.log("golden: shared/golden is absent, nothing is compared");

const dawn = await requestGpu("dawn").then(({ device }) => (device.destroy(), true), (error) => {
  console.warn(`SKIPPED: golden numbers under Dawn: ${error.message}`);
  return false;
});

/** Shards of 64 rows: the smallest there are. */
const ways = [
  ["", {}],
  [", sharded", { shard_bytes: 1 }],
  ...(dawn ? [[", under Dawn", { provider: "dawn" }]] as const : []),
] as const;

for (const [how, o] of ways) {
  for (const each of goldenCases) {
    Deno.test({
      name: `golden ${each.kind} ${each.name}${how}`,
      sanitizeOps: false,
      sanitizeResources: false,
      fn: async () => {
        const measured = await measureGolden(each, o);
        const quantities = new Set(measured.map(({ quantity }) => quantity));
        for (const needed of ["logits", "log-probs", "gradients", "update of step 3"]) {
          assert.ok(quantities.has(needed), `${needed} were not compared`);
        }
        const wrong = measured.filter(({ error, allowed }) => !(error <= allowed));
        assert.deepEqual(wrong, []);
      },
    });
  }
}
