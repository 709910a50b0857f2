/**
 * The shape of the house: imports of ts/ and apps/ point down only, form no circle, enter a room by its
 * door `mod.ts`, and the global `Deno` stays in the three places that need it. ARCHITECTURE.md says why.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Each room, and the rooms below it that it may enter. */
const below: Readonly<Record<string, readonly string[]>> = {
  "ts/wasm": [],
  "ts/gpu": [],
  "ts/sandbox": ["ts/wasm"],
  "ts/model": ["ts/gpu", "ts/wasm"],
  "ts/data": ["ts/sandbox", "ts/wasm"],
  "ts/rollout": ["ts/model", "ts/data", "ts/sandbox", "ts/wasm"],
  "ts/evaluate": ["ts/rollout", "ts/model", "ts/data", "ts/sandbox", "ts/wasm"],
  "ts/train": ["ts/evaluate", "ts/rollout", "ts/model", "ts/data", "ts/sandbox", "ts/wasm"],
  "ts/runs": [
    "ts/train",
    "ts/evaluate",
    "ts/rollout",
    "ts/model",
    "ts/data",
    "ts/sandbox",
    "ts/wasm",
  ],
};
const doorsOfTs = Object.keys(below);
/** What people touch stands on everything; the tools that two apps share are below both. */
const belowApps: Readonly<Record<string, readonly string[]>> = {
  "apps/tools": doorsOfTs,
  "apps/api": ["apps/tools", ...doorsOfTs],
  "apps/dashboard": ["apps/api", ...doorsOfTs],
  "apps/cli": ["apps/api", "apps/tools", "apps/dashboard", ...doorsOfTs],
};
const allowed: Readonly<Record<string, readonly string[]>> = { ...below, ...belowApps };

/** Files outside a room: where tests find optional data. */
const outside = new Set(["ts/shared.ts"]);
const mayNameDeno = (file: string): boolean =>
  file.startsWith("apps/cli/") || file.startsWith("ts/sandbox/") || file === "ts/gpu/provider.ts";

interface Source {
  /** Path from the repository's root. */
  readonly file: string;
  readonly text: string;
}

/** Code without comments; strings stay, since imports are strings. */
function withoutComments(text: string): string {
  return text.replace(
    /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g,
    (_whole, quoted: string | undefined) => quoted ?? " ",
  );
}

const typesOnly = /^\s*(?:import|export)\s+type\b[^;"'`]*?from\s*"\.[^"]+"/gm;

/** What a file imports, re-exports, loads later or starts as a worker: relative specifiers only. */
function importsOf(source: Source, of: "types and values" | "values"): string[] {
  const code = withoutComments(source.text);
  const text = of === "values" ? code.replace(typesOnly, "") : code;
  const patterns = [
    /^\s*(?:import|export)\b[^;"'`]*?from\s*"(\.[^"]+)"/gm,
    /^\s*import\s*"(\.[^"]+)"/gm,
    /\bimport\(\s*"(\.[^"]+)"/g,
    /new Worker\(\s*new URL\(\s*"(\.[^"]+)"/g,
  ];
  return patterns.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1]!))
    .map((specifier) => normalize(join(dirname(source.file), specifier)));
}

const roomOf = (file: string): string => file.split("/").slice(0, 2).join("/");
const isTest = (file: string): boolean => /_(test|fixture)\.ts$/.test(file);

/** Everything that is wrong with how these files enter each other, one line each. */
function faults(sources: readonly Source[]): string[] {
  const found: string[] = [];
  for (const source of sources) {
    const from = roomOf(source.file);
    if (!outside.has(source.file) && allowed[from] === undefined) {
      found.push(`${source.file}: stands in no room that tests/architecture_test.ts knows`);
      continue;
    }
    for (const target of importsOf(source, "types and values")) {
      if (target.startsWith("crates/") && from !== "ts/wasm") {
        found.push(`${source.file}: imports ${target}; only ts/wasm reaches into crates/`);
      }
      if (!/^(ts|apps)\//.test(target)) continue;
      const to = roomOf(target);
      if (to === from || outside.has(target)) continue;
      if (!isTest(source.file) && !allowed[from]?.includes(to)) {
        found.push(`${source.file}: imports ${target}, but ${from} may not enter ${to}`);
      }
      if (to.startsWith("ts/") && !target.endsWith("/mod.ts")) {
        found.push(`${source.file}: imports ${target}; enter ${to} by ${to}/mod.ts`);
      }
    }
    const code = withoutComments(source.text).replace(/"(?:\\.|[^"\\\n])*"|`[^`$]*`/g, '""');
    if (/(?<![.\w])Deno\s*[.[]/.test(code) && !mayNameDeno(source.file) && !isTest(source.file)) {
      found.push(
        `${source.file}: names the global Deno; only apps/cli, ts/sandbox and ts/gpu/provider.ts may`,
      );
    }
  }
  return [...found, ...circles(sources)];
}

/** Circles among files, each as `a -> b -> a`. Types are gone at run time: they make none. */
function circles(sources: readonly Source[]): string[] {
  const graph = new Map(sources.map((source) => [source.file, importsOf(source, "values")]));
  const state = new Map<string, "open" | "done">();
  const found: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (state.get(file) === "done" || !graph.has(file)) return;
    if (state.get(file) === "open") {
      found.push(`a circle: ${[...path.slice(path.indexOf(file)), file].join(" -> ")}`);
      return;
    }
    state.set(file, "open");
    for (const target of graph.get(file)!) visit(target, [...path, file]);
    state.set(file, "done");
  };
  for (const file of graph.keys()) visit(file, []);
  return found;
}

function readSources(folder: string): Source[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ file: relative(root, path), text: readFileSync(path, "utf8") }));
}

Deno.test("imports point down, form no circle, and enter rooms by their doors", () => {
  const sources = [...readSources("ts"), ...readSources("apps")];
  assert.ok(sources.length > 100, "the sources were not found");
  assert.deepEqual(faults(sources), []);
});

Deno.test("every room of ts/ has a door", () => {
  const rooms = readdirSync(join(root, "ts"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory()).map((entry) => `ts/${entry.name}`).sort();
  assert.deepEqual(rooms, Object.keys(below).sort());
  for (const room of rooms) readFileSync(join(root, room, "mod.ts"));
});

Deno.test("the rooms' order itself has no upward step", () => {
  for (const [room, lower] of Object.entries(allowed)) {
    for (const other of lower) {
      assert.ok(!allowed[other]!.includes(room), `${room} and ${other} may enter each other`);
    }
  }
});

const planted: readonly (readonly [name: string, source: Source, expected: RegExp])[] = [
  ["an upward import", {
    file: "ts/model/planted.ts",
    text: `import { train } from "../train/mod.ts";`,
  }, /ts\/model may not enter ts\/train/],
  ["a sideways import over several lines", {
    file: "ts/gpu/planted.ts",
    text: `import type {\n  Sandbox,\n} from "../sandbox/mod.ts";`,
  }, /ts\/gpu may not enter ts\/sandbox/],
  ["a room entered by the window", {
    file: "ts/train/planted.ts",
    text: `export { layout } from "../model/layout.ts";`,
  }, /enter ts\/model by ts\/model\/mod\.ts/],
  ["a late import upwards", {
    file: "ts/train/planted.ts",
    text: `const later = await import("../runs/mod.ts");`,
  }, /ts\/train may not enter ts\/runs/],
  ["a worker in another room", {
    file: "ts/gpu/planted.ts",
    text: `new Worker(new URL("../model/worker.ts", import.meta.url))`,
  }, /ts\/gpu may not enter ts\/model/],
  ["the global Deno", {
    file: "ts/runs/planted.ts",
    text: `const words = Deno.args;`,
  }, /names the global Deno/],
  ["a way into crates/ beside ts/wasm", {
    file: "ts/data/planted.ts",
    text: `import { check } from "../../crates/wasm/pkg/calque.js";`,
  }, /only ts\/wasm reaches into crates/],
];
for (const [name, source, expected] of planted) {
  Deno.test(`planted: ${name} is found`, () => {
    assert.match(faults([source]).join("\n"), expected);
  });
}

Deno.test("planted: a circle of three files is found, once", () => {
  const file = (name: string, other: string): Source => ({
    file: `ts/gpu/${name}.ts`,
    text: `import { x } from "./${other}.ts";`,
  });
  assert.deepEqual(faults([file("a", "b"), file("b", "c"), file("c", "a")]), [
    "a circle: ts/gpu/a.ts -> ts/gpu/b.ts -> ts/gpu/c.ts -> ts/gpu/a.ts",
  ]);
});

Deno.test("planted: comments and strings are no imports", () => {
  const text = [
    `// import { train } from "../train/mod.ts";`,
    `/** Deno.readFile, as in import("../runs/mod.ts") */`,
    `const hint = "see Deno.args";`,
  ].join("\n");
  assert.deepEqual(faults([{ file: "ts/model/planted.ts", text }]), []);
});
