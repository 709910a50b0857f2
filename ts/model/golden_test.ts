/** The GPU meets the golden numbers, matrices whole and in shards. */
import { strict as assert } from "node:assert";
import { goldenCases, measureGolden } from "./golden_fixture.ts";

if (goldenCases.length === 0) console.log("golden: shared/golden is absent, nothing is compared");

/** Shards of 64 rows: the smallest there are. */
const ways = [["", undefined], [", sharded", 1]] as const;

for (const [how, shard_bytes] of ways) {
  for (const each of goldenCases) {
    Deno.test({
      name: `golden ${each.kind} ${each.name}${how}`,
      sanitizeOps: false,
      sanitizeResources: false,
      fn: async () => {
        const measured = await measureGolden(each, shard_bytes ? { shard_bytes } : {});
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
