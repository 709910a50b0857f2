import { append, type Language } from "./language.ts";
import { assembled } from "./linker.ts";

export const ocaml: Language = {
  name: "ocaml",
  package: "ocaml-nox",
  spelling: "snake_case",
  comment: "(*",
  source: "main.ml",
  variants: [{
    tools: ["ocamlopt"],
    version: ["{0}", "-version"],
    compile: [
      "{0}",
      "-w",
      "-a",
      "-I",
      "+str",
      "-I",
      "+unix",
      "str.cmxa",
      "unix.cmxa",
      "-o",
      "/work/program",
      "/work/{source}",
    ],
    run: ["/work/program"],
    needs: { build: [...assembled, "/usr/lib/ocaml"] },
  }, {
    tools: ["ocaml"],
    version: ["{0}", "-version"],
    run: ["{0}", "-w", "-a", "/work/{source}"],
    needs: { run: ["ocamlrun", "/usr/lib/ocaml", "/usr/local/lib/ocaml"] },
  }],
  hello: 'let () = print_endline "hello"',
  syntaxError: /^File "[^"]*", lines? .*\n(.*\n)*?Error: /m,
  finish: append((nonce) => `;;\nlet () = print_string "\\n${nonce}\\n"`),
};
