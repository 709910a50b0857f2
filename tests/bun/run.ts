/**
 * Runs Deno tests under Bun: `bun tests/bun/run.ts FILE...`. Prints a line a test, `ok` or `FAILED` with
 * the reason, and exits 1 if one failed. What a test uses of the global `Deno` beyond `Deno.test` is not
 * there, and fails by name.
 */
import process from "node:process";
import { pathToFileURL } from "node:url";

interface Test {
  readonly name: string;
  readonly fn: (context: { readonly step: Step }) => unknown;
  readonly ignore?: boolean;
}

type Step = (name: string, fn: () => unknown) => Promise<boolean>;

const tests: Test[] = [];
Object.assign(globalThis, {
  Deno: {
    test: (...args: unknown[]) => {
      const options = args.find((arg) => typeof arg === "object") as Partial<Test> | undefined;
      const fn = args.find((arg) => typeof arg === "function") as Test["fn"] | undefined;
      const name = args.find((arg) => typeof arg === "string");
      tests.push({ name, fn, ...options } as Test);
    },
  },
});

let failed = false;
for (const file of process.argv.slice(2)) {
  try {
    await import(pathToFileURL(file).href);
  } catch (error) {
    failed = true;
    console.log(`FAILED ${file}: ${error}`);
  }
  for (const { name, fn, ignore } of tests.splice(0)) {
    if (ignore) continue;
    try {
      await fn({ step: async (_, fn) => (await fn(), true) });
      console.log(`ok ${file}: ${name}`);
    } catch (error) {
      failed = true;
      console.log(`FAILED ${file}: ${name}: ${String(error).split("\n")[0]}`);
    }
  }
}
process.exit(failed ? 1 : 0);
