/** The documents tell the truth about the tree: links lead somewhere, recipes and commands exist. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const documents = [
  "README.md",
  "ARCHITECTURE.md",
  "CONTRIBUTING.md",
  "assets/README.md",
  ...readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md")).map((name) =>
    `docs/${name}`
  ),
];

/** Text outside fenced blocks: what is inside is not linked. */
const prose = (markdown: string): string => markdown.replace(/^```[\s\S]*?^```/gm, "");
const fenced = (markdown: string): string =>
  [...markdown.matchAll(/^```\w*\n([\s\S]*?)^```/gm)].map((block) => block[1]).join("\n");

/** GitHub's name of a heading. */
const anchor = (heading: string): string =>
  heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").trim().replace(/ /g, "-");
const anchorsOf = (markdown: string): string[] =>
  [...prose(markdown).matchAll(/^#+ (.*)$/gm)].map((heading) => anchor(heading[1]!));

/** Links of a document that lead nowhere, one line each. */
function deadLinks(document: string, markdown: string): string[] {
  const dead: string[] = [];
  for (const match of prose(markdown).matchAll(/\]\(([^)\s]+)\)/g)) {
    const [target = "", fragment] = match[1]!.split("#");
    if (/^[a-z]+:/.test(target)) continue;
    const path = target === "" ? document : normalize(join(dirname(document), target));
    const line = /^L(\d+)/.exec(fragment ?? "")?.[1];
    if (path.startsWith("..") || !existsSync(join(root, path))) {
      dead.push(`${document}: ${match[1]} leads to no file`);
    } else if (line !== undefined) {
      dead.push(`${document}: ${match[1]} names a line, which moves; name the function instead`);
    } else if (
      fragment && !anchorsOf(path === document ? markdown : read(path)).includes(fragment)
    ) {
      dead.push(`${document}: ${match[1]} leads to no heading`);
    }
  }
  return dead;
}

const recipesOf = (justfile: string): string[] =>
  [...justfile.matchAll(/^([a-z][a-z-]*)(?: [^:\n]*)?:(?!=)/gm)].map((match) => match[1]!);

Deno.test("links in the documents lead to files and headings", () => {
  assert.deepEqual(documents.flatMap((document) => deadLinks(document, read(document))), []);
});

Deno.test("planted: dead links are found", () => {
  const text =
    "# One\n[a](nowhere.md) [b](#two) [c](#one) [d](https://example.org) [e](setup#L3)\n";
  assert.deepEqual(deadLinks("README.md", text), [
    "README.md: nowhere.md leads to no file",
    "README.md: #two leads to no heading",
    "README.md: setup#L3 names a line, which moves; name the function instead",
  ]);
});

Deno.test("recipes that the documents name are in the justfile", () => {
  const known = new Set(recipesOf(read("justfile")));
  assert.ok(known.has("train") && known.has("test-browser"), "the justfile was not understood");
  for (const document of documents) {
    const text = read(document);
    const named = [
      ...fenced(text).matchAll(/^\s*(?:\.\/)?just ([a-z][a-z-]*)/gm),
      ...text.matchAll(/`(?:\.\/)?just ([a-z][a-z-]*)/g),
    ];
    for (const match of named) {
      assert.ok(known.has(match[1]!), `${document}: the justfile has no recipe '${match[1]}'`);
    }
  }
});

Deno.test("every recipe of the justfile has a comment above it", () => {
  const lines = read("justfile").split("\n");
  lines.forEach((line, index) => {
    if (!recipesOf(line + "\n").length) return;
    assert.match(lines[index - 1] ?? "", /^# /, `justfile: '${line}' has no comment above it`);
  });
});

Deno.test("commands that the documents name are those of the command line", () => {
  const commands = readdirSync(join(root, "apps/cli/commands"))
    .filter((name) => name.endsWith(".ts") && !name.endsWith("_test.ts"))
    .map((name) => name.replace(/\.ts$/, ""));
  for (const document of documents) {
    for (const match of read(document).matchAll(/\.\/calque ([a-z]+)/g)) {
      assert.ok(commands.includes(match[1]!), `${document}: no command '${match[1]}'`);
    }
  }
});

Deno.test("recipe files that the documents name exist", () => {
  for (const document of documents) {
    for (const match of read(document).matchAll(/\brecipes\/[\w-]+\.json\b/g)) {
      assert.ok(existsSync(join(root, match[0])), `${document}: ${match[0]} does not exist`);
    }
  }
});

Deno.test("what a fresh checkout starts with can be started", () => {
  for (
    const file of ["setup", "just", "calque", ".ci/run", "toolchain/shell", "toolchain/test.sh"]
  ) {
    assert.ok(statSync(join(root, file)).mode & 0o100, `${file} is not executable`);
  }
});

Deno.test("the tree names no machine that it was written on", () => {
  const folders = "apps assets bench crates docs recipes tests toolchain ts".split(" ");
  const inFolders = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) =>
        entry.isFile() && !/\/(pkg|node_modules|target)(\/|$)/.test(entry.parentPath)
      )
      .map((entry) => relative(root, join(entry.parentPath, entry.name)))
  );
  const files = [...inFolders, "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "Cargo.toml"]
    .concat("deno.json", "package.json", "justfile", "setup", "just", "calque")
    .filter((path) => /(\.(ts|rs|md|json|toml|sh|mjs|js|py)|^[a-z]+)$/.test(path));
  assert.ok(files.length > 200, "next to no files were found");
  const checkout = root.replace(/\/$/, "");
  const home = /\/(?:home|Users)\/[a-z]\w*\//;
  const names = (path: string): boolean => {
    const text = read(path);
    return text.includes(`${checkout}/`) || home.test(text);
  };
  const found = files.filter(names);
  assert.deepEqual(found, [], "these files hold a path of somebody's machine");
});
