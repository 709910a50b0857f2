import { withoutComments } from "./c_signature.ts";
import type { Language } from "./language.ts";
import { javaHarness } from "./java_harness.ts";
import { jvm, jvmAllowance, jvmOptions } from "./jvm.ts";
import { finishMain } from "./main_function.ts";
import { wireOf } from "./wire.ts";

export const java: Language = {
  name: "java",
  package: "default-jdk-headless",
  spelling: "camelCase",
  comment: "//",
  source: "Main.java",
  variants: [{
    needs: { build: jvm, run: jvm },
    tools: ["javac", "java"],
    version: ["{1}", "-version"],
    compile: [
      ...["{0}", "-J-Xshare:auto", "-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC"],
      "-nowarn",
      "-d",
      "/work",
      "/work/{source}",
    ],
    run: [
      "{1}",
      ...jvmOptions,
      "-cp",
      "/work",
      "Main",
    ],
  }],
  hello: 'class Main { public static void main(String[] a) { System.out.println("hello"); } }',
  allowance: jvmAllowance,
  threads: 64,
  call: (call) => {
    const code = enclosed(call.code);
    return {
      files: { "Main.java": `${code}\n${javaHarness(call.name, classesOf(code))}` },
      stdin: wireOf(call),
    };
  },
  finish: (program, nonce) => finishMain(program, `System.out.println("\\n${nonce}");`),
};

/** A bare method gets a class around it. The harness's file takes the code in, so no class of it may be public. */
const enclosed = (code: string): string => {
  const plain = code
    .replace(/^\s*package\s+[\w.]+\s*;/m, "")
    .replace(
      /\bpublic\s+((?:(?:abstract|final|sealed|static|strictfp)\s+)*(?:class|interface|enum|record)\b)/g,
      "$1",
    )
    .replace(/\bMain\b/g, "CalqueUnusedMain");
  if (/\b(?:class|interface|enum|record)\s+\w+/.test(withoutComments(plain))) return plain;
  const imports = plain.match(/^\s*import\s[^;]*;/gm) ?? [];
  return `${imports.join("\n")}\nimport java.util.*;\nclass Solution {\n${
    plain.replace(/^\s*import\s[^;]*;/gm, "")
  }\n}`;
};

const classesOf = (code: string): string[] =>
  [...withoutComments(code).matchAll(/\b(?:class|interface|enum|record)\s+([A-Za-z_]\w*)/g)]
    .map((match) => match[1] as string);
