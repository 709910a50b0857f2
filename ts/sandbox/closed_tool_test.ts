import { Effect } from "effect";
import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { languages } from "./languages/mod.ts";
import { defaultLimits } from "./limits.ts";
import { type Program, Runner } from "./runner.ts";
import { firstTool, Supervisor } from "./supervisor.ts";
import { visible } from "./visible.ts";

// Root's home is closed to nobody, and a fresh machine has its Deno there.
Deno.test({
  name: "a tool in a folder that nobody may not enter runs all the same",
  ignore: process.getuid?.() !== 0,
  async fn() {
    const closed = await mkdtemp(join(tmpdir(), "calque-closed-"));
    const tool = join(closed, "tool");
    await writeFile(tool, "#!/bin/sh\necho hello\n");
    await chmod(tool, 0o755);
    await chmod(closed, 0o700);
    const supervisor = new Supervisor([tool], 1);
    try {
      const runner = new Runner(supervisor);
      const language = languages.get("bash")!;
      const program: Program = {
        toolchain: {
          language,
          variant: language.variants[0]!,
          run: { command: ["/opt/tool"], visible: visible([], ["sh"]) },
          version: { command: ["/opt/tool"], visible: [] },
          paths: [tool],
          environment: {},
          tools: [[firstTool, "/opt/tool"] as const],
        },
      };
      await Effect.runPromise(runner.build(program, { "main.sh": "" }));
      const run = await Effect.runPromise(runner.run(program, { limits: defaultLimits }));
      assert.ok(!("fault" in run), JSON.stringify(run));
      assert.equal(run.stdout, "hello\n", run.stderr);
    } finally {
      await supervisor.close();
      await rm(closed, { recursive: true });
    }
  },
});
