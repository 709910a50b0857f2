import { callElixir } from "./elixir_harness.ts";
import { append, type Language } from "./language.ts";

const libraries = ["elixir", "eex", "ex_unit", "iex", "logger"]
  .flatMap((name) => ["-pa", `/usr/lib/elixir/lib/${name}/ebin`]);
const start = [
  "{0}",
  ...libraries,
  "-noshell",
  "-elixir",
  "ansi_enabled",
  "false",
  "-s",
  "elixir",
  "start_cli",
];

export const elixir: Language = {
  name: "elixir",
  package: "elixir",
  spelling: "snake_case",
  comment: "#",
  source: "main.exs",
  // The commands are scripts around this.
  variants: [{
    tools: ["/usr/lib/erlang/erts-*/bin/erlexec"],
    version: [...start, "-extra", "-e", "IO.puts(System.version())"],
    // Schedulers for every processor would count as processes.
    run: [
      ...start,
      "+S",
      "1:1",
      "+SDcpu",
      "1:1",
      "+SDio",
      "1",
      "+A",
      "1",
      "-extra",
      "/work/{source}",
    ],
    environment: {
      ROOTDIR: "/usr/lib/erlang",
      BINDIR: "{0:folder}",
      EMU: "beam",
      PROGNAME: "erl",
      ERL_CRASH_DUMP_BYTES: "0",
    },
    needs: { run: ["/usr/lib/erlang", "/usr/lib/elixir"] },
  }],
  hello: 'IO.puts("hello")',
  allowance: { cpu: 2, memory_mb: 128 },
  threads: 32,
  syntaxError: /\((SyntaxError|TokenMissingError|CompileError|MismatchedDelimiterError)\)/,
  call: callElixir,
  finish: append((nonce) => `IO.puts("\\n${nonce}")`),
};
