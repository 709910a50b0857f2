import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { calque, objects, root } from "./calque.ts";

const withFolder = async (work: (folder: string) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), "calque-data-"));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
};

Deno.test("a data set is generated, the same from the same seed, verified, counted and leak-free", () =>
  withFolder(async (folder) => {
    const made = (name: string) => join(folder, name);
    const args = [
      "--families",
      "5",
      "--per-family",
      "1",
      "--languages",
      "python,lua",
      "--seed",
      "3",
    ];
    const generated = await calque(["data", "generate", "--out", made("a"), ...args, "--json"]);
    assert.equal(generated.code, 0, generated.stderr);
    assert.deepEqual(JSON.parse(generated.stdout).failed, []);
    await calque(["data", "generate", "--out", made("b"), ...args]);
    for (const file of ["tasks.jsonl", "programs.jsonl"]) {
      assert.equal(
        await readFile(join(made("a"), file), "utf8"),
        await readFile(join(made("b"), file), "utf8"),
      );
    }
    const counted = JSON.parse((await calque(["data", "stats", made("a")])).stdout);
    assert.deepEqual(counted.programs, { lua: 5, python: 5 });
    const leaks = await calque(["data", "leaks", made("a"), "--json"]);
    assert.deepEqual([leaks.code, JSON.parse(leaks.stdout).leaks], [0, []]);

    // All verified translations of the training tasks, none of the held-out ones.
    const pairs = [
      "--prompts",
      join(root, "recipes/quickstart.json"),
      "--out",
      made("pairs.jsonl"),
    ];
    const paired = await calque(["data", "pairs", made("a"), ...pairs, "--json"]);
    assert.equal(paired.code, 0, paired.stderr);
    const training = counted.tasks.train;
    assert.deepEqual(JSON.parse(paired.stdout).rows, 2 * training);
    const rows = objects(await readFile(made("pairs.jsonl"), "utf8"));
    assert.match(rows[0]!["prompt"] as string, /^<\|(lua|python)\|>.+<\|(lua|python)\|>$/s);
    assert.match(rows[0]!["completion"] as string, /<\|end\|>$/);

    // One wrong program: verify names it, and says so by its exit.
    const programs = objects(await readFile(join(made("a"), "programs.jsonl"), "utf8"));
    const spoilt = programs.map((row, i) => i === 0 ? { ...row, code: "this is no program" } : row);
    await writeFile(
      join(made("a"), "programs.jsonl"),
      spoilt.map((row) => JSON.stringify(row) + "\n").join(""),
    );
    const verified = await calque(["data", "verify", made("a"), "--json"]);
    assert.equal(verified.code, 1);
    const { passed, failed } = JSON.parse(verified.stdout);
    assert.deepEqual([passed, failed.length, failed[0].task], [9, 1, programs[0]!["task"]]);
  }));

Deno.test("a leak between two data sets is found", () =>
  withFolder(async (folder) => {
    const args = ["--families", "5", "--per-family", "1", "--languages", "lua", "--seed", "3"];
    const [one, other] = [join(folder, "one"), join(folder, "other")];
    await calque(["data", "generate", "--out", one, ...args]);
    await calque(["data", "generate", "--out", other, ...args]);
    const tasks = objects(await readFile(join(other, "tasks.jsonl"), "utf8"));
    const swapped = tasks.map((task) => ({
      ...task,
      id: `other-${task["id"]}`,
      split: task["split"] === "train" ? "held-out" : "train",
    }));
    const write = (rows: object[], file: string) =>
      writeFile(join(other, file), rows.map((row) => JSON.stringify(row) + "\n").join(""));
    await write(swapped, "tasks.jsonl");
    await write([], "programs.jsonl");
    const { code, stdout } = await calque(["data", "leaks", one, other, "--json"]);
    assert.equal(code, 1);
    assert.ok(JSON.parse(stdout).leaks.some((leak: { kind: string }) => leak.kind === "family"));
  }));

Deno.test("programs with slips planted are of the same tasks, and marked as they ran", () =>
  withFolder(async (folder) => {
    const args = ["--families", "20", "--per-family", "1", "--languages", "python,lua"];
    const read = async (out: string, file: string) =>
      (await readFile(join(out, file), "utf8")).trimEnd().split("\n")
        .map((line) => JSON.parse(line));
    const [clean, slipped] = [join(folder, "clean"), join(folder, "slipped")];
    await calque(["data", "generate", "--out", clean, ...args]);
    const made = await calque(["data", "generate", "--out", slipped, ...args, "--slips", "--json"]);
    assert.equal(made.code, 0, made.stderr);
    const { programs, verified, failed } = JSON.parse(made.stdout);
    assert.deepEqual([programs, failed], [40, []]);
    assert.ok(verified > 8 && verified < 32, `${verified} of 40`);
    assert.deepEqual(await read(slipped, "tasks.jsonl"), await read(clean, "tasks.jsonl"));
    const right = (await read(clean, "programs.jsonl")).map(({ code }) => code);
    (await read(slipped, "programs.jsonl")).forEach(({ code, verified }, i) => {
      if (!verified) assert.notEqual(code, right[i]);
    });
  }));

Deno.test("what data commands cannot do is one line and exit 2", () =>
  withFolder(async (folder) => {
    const out = join(folder, "out");
    const cases: [string[], RegExp][] = [
      [["generate", "--out", out, "--languages", "klingon"], /klingon: expected some of .*python/],
      [["generate", "--out", out, "--slips", "--levels", "1"], /--slips: not with --levels/],
      [["generate", "--out", out, "--families", "1"], /--families 1: expected at least 2/],
      [["import", "absent.jsonl", "--format", "mbxp", "--out", out], /absent\.jsonl/],
      [["import", "x", "--format", "csv", "--out", out], /--format csv: expected one of mbxp/],
      [
        ["import", "assets/tasks/tasks.jsonl", "--format", "jsonl", "--out", out],
        /licence is unknown; name it with --licence/,
      ],
      [["stats", folder], /tasks\.jsonl/],
    ];
    for (const [args, message] of cases) {
      const { code, stdout, stderr } = await calque(["data", ...args]);
      assert.deepEqual([code, stdout], [2, ""], stderr);
      assert.match(stderr, /^error: .*\n$/);
      assert.match(stderr, message);
    }
  }));
