import { jvm, jvmAllowance, jvmOptions } from "./jvm.ts";
import type { Language } from "./language.ts";
import { finishLastBrace, finishMain } from "./main_function.ts";

const jars = ["library", "compiler", "reflect", "xml", "parser-combinators"]
  .map((name) => `/usr/share/scala/lib/scala-${name}.jar`).join(":");
const needs = [...jvm, "/usr/share/scala*", "/usr/share/java/scala*"];

export const scala: Language = {
  name: "scala",
  package: "scala",
  spelling: "camelCase",
  comment: "//",
  source: "Main.scala",
  // The commands are scripts around this.
  variants: [{
    tools: ["java", "scalac"],
    version: [
      "{0}",
      "-cp",
      jars,
      `-Dscala.boot.class.path=${jars}`,
      "scala.tools.nsc.Main",
      "-version",
    ],
    compile: [
      "{0}",
      ...jvmOptions,
      "-cp",
      jars,
      `-Dscala.boot.class.path=${jars}`,
      "scala.tools.nsc.Main",
      "-nowarn",
      "-d",
      "/work",
      "/work/{source}",
    ],
    run: ["{0}", ...jvmOptions, "-cp", `/work:${jars}`, "Main"],
    needs: { build: needs, run: needs },
  }],
  hello: 'object Main { def main(arguments: Array[String]): Unit = { println("hello") } }',
  allowance: jvmAllowance,
  threads: 64,
  finish: (program, nonce) => {
    const statement = `println("\\n${nonce}")`;
    return /\bdef\s+main\b/.test(program)
      ? finishMain(program, statement)
      : finishLastBrace(program, statement);
  },
};
