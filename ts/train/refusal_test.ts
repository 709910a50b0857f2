import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseRecipe } from "./recipe/parse.ts";
import { assets, groupsFile, oorl, runAll, temporary, tinyModel } from "./tiny_fixture.ts";
import type { Json } from "./recipe/override.ts";

const refused = (what: string, changes: (folder: string) => Json, expected: RegExp): void =>
  Deno.test(`refused before the engine is opened: ${what}`, async () => {
    const folder = temporary();
    const seen: string[] = [];
    try {
      const recipe = oorl(folder, changes(folder));
      await assert.rejects(
        runAll(recipe, join(folder, "run"), false, (event) => {
          seen.push(event.type);
          return false;
        }),
        expected,
      );
      assert.ok(!seen.includes("device"), "nothing was allocated");
      assert.ok(!existsSync(join(folder, "run/model")));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

refused(
  "fewer than twenty usable IR groups, with the number",
  (folder) => {
    mkdirSync(join(folder, "few"));
    return { objective: { gepo: { groups: groupsFile(join(folder, "few"), 19) } } };
  },
  /19 of 19 IR groups are usable .* at least 20/,
);
refused(
  "no losers of the tiers that are asked for, named",
  () => ({ objective: { gepo: { tiers: ["other"] } } }),
  /0 of 24 IR groups are usable \(2 winners and 2 losers of tier other/,
);
refused(
  "groups too long for the context",
  () => ({ engine: { context: 16 }, rollout: { max_tokens: 1 } }),
  /no training task can be asked|0 of 24 IR groups are usable/,
);
refused(
  "a language that nothing here can run, named",
  () => ({ rollout: { targets: ["lua", "cobol"] } }),
  /needs cobol/,
);
refused(
  "a stop token that the tokenizer does not have",
  () => ({ rollout: { prompts: { stop: "<|fin|>" } } }),
  /rollout\.prompts\.stop is "<\|fin\|>"/,
);
type Row = Record<string, unknown>;
const bundled = (name: string): Row[] =>
  readFileSync(`${assets}/tasks/${name}.jsonl`, "utf8").trim().split("\n")
    .map((line) => JSON.parse(line));

/** The bundled tasks with a change, in a folder of their own. */
const changed = (
  folder: string,
  change: (rows: { tasks: Row[]; programs: Row[] }) => void,
): string => {
  const place = join(folder, "changed");
  mkdirSync(place);
  const rows = { tasks: bundled("tasks"), programs: bundled("programs") };
  change(rows);
  for (const [name, own] of Object.entries(rows)) {
    const text = own.map((row) => JSON.stringify(row) + "\n").join("");
    writeFileSync(join(place, `${name}.jsonl`), text);
  }
  return place;
};

refused(
  "a held-out task whose program is trained on, with both names and the kind",
  (folder) => ({
    rollout: {
      tasks: changed(folder, ({ tasks, programs }) => {
        const train = tasks.find(({ split }) => split === "train")!;
        const lua = programs.find((p) => p["task"] === train["id"] && p["language"] === "lua")!;
        const planted = {
          ...train,
          id: "planted",
          family: "own",
          statement: "",
          split: "held-out",
        };
        tasks.push(planted);
        programs.push({ ...lua, task: "planted" });
      }),
    },
  }),
  /held-out task planted would be trained on as \S+ \(program: lua: .*calque data leaks/,
);
refused(
  "a reference that is marked verified and fails",
  (folder) => ({
    rollout: {
      tasks: changed(folder, ({ programs }) => {
        for (const p of programs) if (p["language"] === "lua") p["code"] += "\nerror('no')";
      }),
    },
  }),
  /in lua is marked verified and gets "runtime-error"; see calque data verify/,
);
refused("a folder without tasks", () => ({ rollout: { tasks: "nowhere" } }), /nowhere/);
refused("a model that is not there", () => ({ model: "nowhere" }), /nowhere/);

const sftOn = (
  rows: readonly unknown[],
  expected: RegExp,
  what: string,
  more: Record<string, unknown> = {},
): void =>
  Deno.test(`refused before the engine is opened: ${what}`, async () => {
    const folder = temporary();
    try {
      const path = join(folder, "rows.jsonl");
      writeFileSync(path, rows.map((row) => JSON.stringify(row) + "\n").join(""));
      const recipe = parseRecipe(
        JSON.stringify({
          method: "sft",
          model: { init: tinyModel(folder) },
          steps: 1,
          optimizer: { lr: 1e-3 },
          data: { path },
          engine: { tokens_per_pass: 64, context: 32 },
          ...more,
        }),
        "sft.json",
      );
      await assert.rejects(runAll(recipe, join(folder, "run"), false), expected);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

sftOn([{ prompt: "a" }], /rows\.jsonl:1/, "a row without its completion");
sftOn([{ ids: [1, 2], mask: [1] }], /rows\.jsonl:1/, "a mask that is too short");
sftOn([{ ids: [1, 2], mask: [1, 0] }], /at least one token that counts/, "rows that teach nothing");
sftOn(
  [{ text: "x" }, { text: "y ".repeat(200) }],
  /row 2 has \d+ tokens; the context holds 32/,
  "a row longer than the context",
);
sftOn(
  [{ messages: [{ role: "user", content: "x" }] }],
  /chat template: chat_template in its tokenizer_config.json/,
  "messages without a chat format",
);

Deno.test("a run whose gradient stays without a number stops after ten steps and says so", async () => {
  const folder = temporary();
  try {
    const path = join(folder, "rows.jsonl");
    writeFileSync(path, JSON.stringify({ text: "x = 1" }) + "\n");
    const recipe = parseRecipe(
      JSON.stringify({
        method: "sft",
        model: { init: tinyModel(folder) },
        steps: 40,
        optimizer: { lr: 1e38 },
        data: { path },
        engine: { tokens_per_pass: 64, context: 32 },
      }),
      "sft.json",
    );
    const skipped: number[] = [];
    await assert.rejects(
      runAll(recipe, join(folder, "run"), false, (event) => {
        if (event.type === "metrics") skipped.push(event.metrics["skipped"]!);
        return false;
      }),
      /the gradient was NaN or infinite in 10 steps in a row, first in model\.\S+weight.*optimizer\.lr/,
    );
    assert.deepEqual(skipped.slice(-10), Array(10).fill(1));
    assert.ok(skipped.length < 20);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const heldOut = (() => {
  const tasks = bundled("tasks").filter(({ split }) => split === "held-out");
  const ids = new Set(tasks.map(({ id }) => id));
  return bundled("programs").find((p) => p["language"] === "lua" && ids.has(p["task"]))!;
})();
sftOn(
  [{ text: "nothing of it" }, {
    messages: [
      { role: "user", content: "Say it in Lua." },
      {
        role: "assistant",
        content: "Here:\n```lua\n" + String(heldOut["code"]).replaceAll("  ", "\t") + "\n```",
      },
    ],
  }],
  new RegExp(`rows\\.jsonl:2: holds the lua program of the held-out task ${heldOut["task"]}`),
  "a row that holds a held-out program",
  {
    rollout: {
      tasks: `${assets}/tasks`,
      kind: "translation",
      sources: ["lua"],
      targets: ["c"],
      max_tokens: 8,
    },
    evaluate: { problems: 2 },
  },
);
