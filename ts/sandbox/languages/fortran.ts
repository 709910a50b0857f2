import type { Language } from "./language.ts";
import { linker } from "./linker.ts";

export const fortran: Language = {
  name: "fortran",
  package: "gfortran",
  spelling: "snake_case",
  comment: "!",
  source: "main.f90",
  variants: [{
    tools: ["gfortran"],
    version: ["{0}", "--version"],
    compile: [
      "{0}",
      "-O1",
      "-w",
      "-ffree-line-length-none",
      "-J",
      "/tmp",
      "-o",
      "/work/program",
      "/work/{source}",
    ],
    run: ["/work/program"],
    needs: { build: linker },
  }],
  hello: "program hello\n  print '(A)', 'hello'\nend program hello",
  // Ahead of what the main program contains, or of its end.
  finish: (program, nonce) => {
    const said = `print '(/,A)', '${nonce}'\n`;
    const from = Math.max(0, program.search(/^\s*program\s+\w+/im));
    const at = from +
      Math.max(0, program.slice(from).search(/^\s*(contains|end(\s+program.*)?)\s*$/im));
    return `${program.slice(0, at)}\n${said}${program.slice(at)}`;
  },
};
