import { withoutComments } from "./c_signature.ts";
import { comparer, csharpHarness } from "./csharp_harness.ts";
import type { Language } from "./language.ts";
import { finishMain } from "./main_function.ts";
import { wireOf } from "./wire.ts";

const mono = ["/usr/lib/mono", "/usr/lib/libmono*", "/usr/lib/libMono*", "/etc/mono"];

export const csharp: Language = {
  name: "csharp",
  package: "mono-mcs",
  spelling: "PascalCase",
  comment: "//",
  source: "Program.cs",
  variants: [{
    tools: ["mono"],
    version: ["{0}", "/usr/lib/mono/4.5/mcs.exe", "--version"],
    compile: [
      "{0}",
      "/usr/lib/mono/4.5/mcs.exe",
      "-nologo",
      "-warn:0",
      "-langversion:latest",
      "-r:System.Numerics",
      "-out:/work/program.exe",
      "-recurse:/work/*.cs",
    ],
    run: ["{0}", "/work/program.exe"],
    needs: { build: mono, run: mono },
  }],
  hello: 'class Program { static void Main() { System.Console.WriteLine("hello"); } }',
  allowance: { cpu: 2, memory_mb: 64 },
  threads: 16,
  call: (call) => ({
    files: {
      "Program.cs": enclosed(call.code),
      "Harness.cs": csharpHarness(call.name),
    },
    stdin: wireOf(call),
  }),
  finish: (program, nonce) => {
    const whole = finishMain(program, `System.Console.WriteLine("\\n${nonce}");`);
    return /\bKellermanSoftware\b/.test(whole) ? `${whole}\n${comparer}` : whole;
  },
};

/** A bare method gets a class around it, and what programs mostly use is at hand. The entry point is the harness's. */
const enclosed = (code: string): string => {
  const plain = code.replace(
    /\bstatic(\s+(?:async\s+)?[\w<>.]+\s+)Main\s*\(/g,
    "static$1CalqueUnusedMain(",
  );
  if (/\b(?:class|struct|record|interface)\s+\w+/.test(withoutComments(plain))) {
    return namespaces(plain) + plain;
  }
  const using = plain.match(/^\s*using\s+(?:static\s+)?[\w.]+(?:\s*=\s*[^;]+)?;/gm) ?? [];
  const body = plain.replace(/^\s*using\s+(?:static\s+)?[\w.]+(?:\s*=\s*[^;]+)?;/gm, "");
  return `${namespaces(plain)}${using.join("\n")}\npublic class Solution {\n${body}\n}`;
};

/** Of the usual namespaces those that the code does not name itself: twice would be a warning, never an error. */
const namespaces = (code: string): string =>
  ["System", "System.Collections.Generic", "System.Linq", "System.Text"]
    .filter((name) =>
      !new RegExp(`^\\s*using\\s+${name.replaceAll(".", "\\.")}\\s*;`, "m").test(code)
    )
    .map((name) => `using ${name}; `).join("");
