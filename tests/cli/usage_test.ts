import assert from "node:assert/strict";
import { calque } from "./calque.ts";

const commands = [
  [],
  ["train"],
  ["evaluate"],
  ["translate"],
  ["generate"],
  ["score"],
  ["export"],
  ["runs"],
  ["runs", "list"],
  ["runs", "show"],
  ["runs", "compare"],
  ["runs", "export"],
  ["data"],
  ["data", "generate"],
  ["data", "import"],
  ["data", "verify"],
  ["data", "stats"],
  ["data", "leaks"],
  ["data", "groups"],
  ["check"],
  ["judge"],
  ["tokenizer"],
  ["tokenizer", "encode"],
  ["tokenizer", "decode"],
  ["tokenizer", "count"],
  ["tokenizer", "train"],
  ["tokenizer", "show"],
  ["languages"],
  ["devices"],
  ["serve"],
];

Deno.test("every command has help: on stdout, with exit 0", async () => {
  const ask = async (command: readonly string[]) => {
    const { code, stdout, stderr } = await calque([...command, "--help"]);
    assert.equal(code, 0, command.join(" "));
    assert.match(stdout, /USAGE\n {2}calque/, command.join(" "));
    assert.equal(stderr, "");
  };
  for (let i = 0; i < commands.length; i += 5) {
    await Promise.all(commands.slice(i, i + 5).map(ask));
  }
});

Deno.test("a faulty command line is one line of fault, one of where help is, and exit 2", async () => {
  const cases: [string[], RegExp][] = [
    [["frobnicate"], /^error: .*frobnicate.*\nsee: calque --help\n$/],
    [["runs", "list", "--bogus"], /^error: .*--bogus.*\nsee: calque runs list --help\n$/],
    [["runs", "compare", "one"], /^error: .*\nsee: calque runs compare --help\n$/],
    [["check", "--relation", "equals"], /^error: .*equals.*\nsee: calque check --help\n$/],
    [["score"], /^error: .*--model.*\nsee: calque score --help\n$/],
  ];
  for (const [args, expected] of cases) {
    const { code, stdout, stderr } = await calque(args);
    assert.equal(code, 2, args.join(" "));
    assert.equal(stdout, "");
    assert.match(stderr, expected);
  }
});

Deno.test("a command group alone shows its commands and is no success", async () => {
  const { code, stdout, stderr } = await calque(["runs"]);
  assert.equal(code, 2);
  assert.equal(stdout, "");
  assert.match(stderr, /list .*\n.*show /);
});
