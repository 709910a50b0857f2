/**
 * Exactness of the engine: `deno run -A bench/engine_golden.ts [--provider dawn] [--shards] [--json]`.
 *
 * The largest relative error of every quantity of every golden case, beside what is allowed. `--shards`
 * cuts every matrix into shards of 64 rows, as those of large models are. Exits 1 if a quantity fails.
 */
import { goldenCases, type Measured, measureGolden } from "../ts/model/golden_fixture.ts";

const provider = Deno.args.includes("dawn") ? "dawn" as const : "native" as const;
const shards = Deno.args.includes("--shards") ? { shard_bytes: 1 } : {};

const worst = (measured: readonly Measured[]) => {
  const rows = new Map<string, Measured & { tensors: number }>();
  for (const m of measured) {
    const known = rows.get(m.quantity);
    const tensors = (known?.tensors ?? 0) + 1;
    rows.set(m.quantity, { ...(known && known.error >= m.error ? known : m), tensors });
  }
  return [...rows.values()];
};

const table: Record<string, unknown>[] = [];
for (const each of goldenCases) {
  for (const row of worst(await measureGolden(each, { provider, ...shards }))) {
    const { quantity, tensors, error, allowed, of } = row;
    table.push({ case: each.name, quantity, compared: tensors, error, allowed, worst: of });
  }
}
if (table.length === 0) console.log("golden: shared/golden is absent, nothing is compared");
else if (Deno.args.includes("--json")) console.log(JSON.stringify(table));
else {
  const short = (x: unknown) => x === 0 ? "0" : (x as number).toExponential(1);
  console.table(table.map((row) => ({ ...row, error: short(row["error"]) })));
}
const failed = table.filter(({ error, allowed }) => !((error as number) <= (allowed as number)));
console.log(`${table.length - failed.length} of ${table.length} within what is allowed`);
Deno.exit(failed.length > 0 ? 1 : 0);
