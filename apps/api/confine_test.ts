import assert from "node:assert/strict";
import fc from "fast-check";
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";
import { formatRecipe, parseRecipe, recipeJsonSchema } from "../../ts/train/mod.ts";
import { UserError } from "../tools/mod.ts";
import { confinePath, confineRecipe, type Reach, reachOf } from "./confine.ts";

interface Place {
  readonly root: string;
  readonly reach: Reach;
}

/** `data` and `more` are within reach; `secret` beside them is not, though links in `data` lead there. */
const withPlace = async (work: (place: Place) => Promise<void>): Promise<void> => {
  const root = await realpath(await mkdtemp(join(tmpdir(), "calque-confine-")));
  try {
    for (const name of ["data/inner", "more", "secret"]) {
      await mkdir(join(root, name), { recursive: true });
      await writeFile(join(root, name, "rows.jsonl"), "{}\n");
    }
    await symlink(join(root, "secret"), join(root, "data/link"));
    await symlink(join(root, "secret/rows.jsonl"), join(root, "data/rows-link.jsonl"));
    await symlink(join(root, "more"), join(root, "data/allowed-link"));
    const folders = [join(root, "data"), join(root, "more")];
    await work({ root, reach: { folders, hosts: ["judge.test:8700"] } });
  } finally {
    await rm(root, { recursive: true });
  }
};

const refused = (key: RegExp) => (error: unknown) =>
  error instanceof UserError && error.code === "bad-value" && key.test(error.message);

Deno.test("files within reach are found by relative and absolute name, links within reach followed", () =>
  withPlace(async ({ root, reach }) => {
    const cases: [string, string][] = [
      ["inner/rows.jsonl", "data/inner/rows.jsonl"],
      ["rows.jsonl", "more/rows.jsonl"],
      ["data/inner", "data/inner"],
      [join(root, "more/rows.jsonl"), "more/rows.jsonl"],
      ["inner/../inner/rows.jsonl", "data/inner/rows.jsonl"],
      ["allowed-link/rows.jsonl", "more/rows.jsonl"],
    ];
    for (const [name, place] of cases) {
      assert.equal(await confinePath(name, "data.path", reach), join(root, place), name);
    }
  }));

Deno.test("files out of reach, links that lead there, and absent ones are refused in the same words", () =>
  withPlace(async ({ root, reach }) => {
    const names = [
      "../secret/rows.jsonl",
      "inner/../../secret/rows.jsonl",
      "link/rows.jsonl",
      "rows-link.jsonl",
      join(root, "secret/rows.jsonl"),
      "/etc/passwd",
      "/proc/self/environ",
      "absent.jsonl",
      "rows.jsonl\0.txt",
      `${root}/data-beside`,
    ];
    // What lies beside a folder and begins with its name is not in it.
    await mkdir(join(root, "data-beside"));
    for (const name of names) {
      await assert.rejects(confinePath(name, "data.path", reach), refused(/^key "data\.path": /));
    }
    const [absent, secret] = await Promise.all(
      [join(root, "secret/absent"), join(root, "secret/rows.jsonl")].map((name) =>
        confinePath(name, "k", reach).catch((error) => error.message.replace(name, "NAME"))
      ),
    );
    assert.equal(absent, secret, "an answer must not tell whether a file is there");
  }));

Deno.test("no name whatever leads out of reach", () =>
  withPlace(({ root, reach }) =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.constantFrom("..", ".", "", "data", "more", "secret", "link", "inner", "rows.jsonl"),
          { maxLength: 8 },
        ),
        fc.constantFrom("", "/", `${root}/`, "//", "./"),
        async (parts, start) => {
          const found = await confinePath(start + parts.join("/"), "k", reach).catch((error) => {
            assert.ok(error instanceof UserError, String(error));
            return undefined;
          });
          if (found === undefined) return;
          assert.ok(
            reach.folders.some((folder) => found === folder || found.startsWith(folder + sep)),
            found,
          );
        },
      ),
      { numRuns: 300 },
    )
  ));

/** Every place in a recipe that can hold any text, and whether that text names a file, a host or neither. */
const TEXTS: Readonly<Record<string, "file" | "model" | "host" | "text">> = {
  "$schema": "text",
  "comment": "text",
  "name": "text",
  "model": "model",
  "model.init": "file",
  "data.path": "file",
  "data.languages": "text",
  "data.held_out_languages": "text",
  "lora.adapter": "file",
  "rollout.tasks": "file",
  "rollout.sources": "text",
  "rollout.targets": "text",
  "rollout.prompts.translation": "text",
  "rollout.prompts.generation": "text",
  "rollout.prompts.verification": "text",
  "rollout.prompts.equivalence": "text",
  "rollout.prompts.ir": "text",
  "rollout.prompts.stop": "text",
  "objective.gepo.groups": "file",
  "evaluate.tasks": "file",
  "evaluate.sources": "text",
  "evaluate.targets": "text",
  "evaluate.select_on": "text",
  "judge.url": "host",
};

Deno.test("every text of a recipe's schema is known as a file, a host, or neither", () => {
  const found = new Set<string>();
  const walk = (schema: unknown, key: string): void => {
    if (typeof schema !== "object" || schema === null) return;
    const node = schema as Record<string, unknown>;
    if (node["type"] === "string" && node["enum"] === undefined) found.add(key);
    for (const [name, inner] of Object.entries(node["properties"] ?? {})) {
      if (!(key === "" && name === "stages")) walk(inner, key === "" ? name : `${key}.${name}`);
    }
    for (const name of ["anyOf", "prefixItems"]) {
      for (const inner of node[name] as unknown[] ?? []) walk(inner, key);
    }
    walk(node["items"], key);
  };
  walk(recipeJsonSchema(), "");
  assert.deepEqual([...found].sort(), Object.keys(TEXTS).sort());
});

/** A recipe in which each key of `set` holds what `set` says, through the real parser. */
const recipeWith = (set: Readonly<Record<string, unknown>>, base: object): object =>
  formatRecipe(parseRecipe(JSON.stringify(base), "recipe", Object.entries(set) as never));

Deno.test("each file and host of a recipe is checked under its key, in stages too", () =>
  withPlace(async ({ root, reach }) => {
    const inside = join(root, "data/inner/rows.jsonl");
    const sft = {
      method: "sft",
      model: join(root, "more"),
      data: { path: inside },
      steps: 1,
      optimizer: { lr: 1e-3 },
    };
    const oorl = {
      method: "oorl",
      model: join(root, "more"),
      steps: 1,
      optimizer: { lr: 1e-3 },
      rollout: {
        tasks: join(root, "more"),
        sources: ["python"],
        targets: ["lua"],
        kind: "translation",
      },
      evaluate: { tasks: join(root, "more"), targets: ["lua"] },
      objective: { gepo: { groups: inside } },
      judge: { url: "http://judge.test:8700" },
      lora: { adapter: join(root, "more") },
    };
    const confine = (recipe: object) => confineRecipe(recipe as Record<string, unknown>, reach);
    const whole = await confine(recipeWith({}, oorl)) as typeof oorl;
    assert.equal(whole.rollout.tasks, join(root, "more"));
    const out: [object, string, unknown][] = [
      [sft, "data.path", join(root, "secret/rows.jsonl")],
      [sft, "model", "/etc"],
      [{ ...sft, model: { init: "more" } }, "model.init", join(root, "data/link")],
      [oorl, "lora.adapter", join(root, "secret")],
      [oorl, "rollout.tasks", join(root, "secret")],
      [oorl, "evaluate.tasks", "../secret"],
      [oorl, "objective.gepo.groups", "link/rows.jsonl"],
      [oorl, "judge.url", "http://169.254.169.254/latest"],
      [oorl, "judge.url", "http://judge.test:8701"],
    ];
    const tested = new Set(out.map(([, key]) => key));
    for (const [key, kind] of Object.entries(TEXTS)) {
      if (kind !== "text") assert.ok(tested.has(key), key);
    }
    for (const [base, key, value] of out) {
      const quoted = new RegExp(`^key "${key.replaceAll(".", "\\.")}": `);
      await assert.rejects(confine(recipeWith({ [key]: value }, base)), refused(quoted), key);
    }
    const stages = { ...sft, stages: [{}, { data: { path: join(root, "secret/rows.jsonl") } }] };
    await assert.rejects(
      confine(recipeWith({}, stages)),
      refused(/^key "stages\.1\.data\.path": /),
    );
  }));

Deno.test("a model's name on a hub needs the hub to be an allowed host", () =>
  withPlace(async ({ root, reach }) => {
    const sft = { method: "sft", model: "org/name", data: { path: join(root, "more/rows.jsonl") } };
    const before = Deno.env.get("CALQUE_HUB");
    try {
      Deno.env.delete("CALQUE_HUB");
      await assert.rejects(confineRecipe(sft, reach), refused(/^key "model": /));
      Deno.env.set("CALQUE_HUB", "https://hub.test");
      await assert.rejects(confineRecipe(sft, reach), refused(/hub\.test.*--allow-host/));
      const { hosts } = reachOf({ data: root, read: [], hosts: [] });
      assert.deepEqual(hosts, ["hub.test"]);
      const confined = await confineRecipe(sft, { ...reach, hosts });
      assert.equal(confined["model"], "org/name");
    } finally {
      if (before === undefined) Deno.env.delete("CALQUE_HUB");
      else Deno.env.set("CALQUE_HUB", before);
    }
  }));
