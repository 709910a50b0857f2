import { jvm, jvmAllowance, jvmOptions } from "./jvm.ts";
import type { Language } from "./language.ts";
import { finishMain } from "./main_function.ts";

const folder = "/usr/share/kotlin/kotlinc";
const compiler = "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler";
const needs = [...jvm, "/usr/share/kotlin", "/usr/share/java", "/usr/share/maven-repo"];

export const kotlin: Language = {
  name: "kotlin",
  package: "kotlin",
  spelling: "camelCase",
  comment: "//",
  source: "Main.kt",
  // The commands are scripts around this.
  variants: [{
    tools: ["java", "kotlinc"],
    version: ["{0}", "-cp", `${folder}/lib/*`, compiler, "-version"],
    compile: [
      "{0}",
      ...jvmOptions,
      "-cp",
      `${folder}/lib/*`,
      compiler,
      "-kotlin-home",
      folder,
      "-nowarn",
      "-d",
      "/work",
      "/work/{source}",
    ],
    run: [
      "{0}",
      ...jvmOptions,
      "-cp",
      `/work:${folder}/lib/kotlin-stdlib.jar:${folder}/lib/kotlin-stdlib-jdk7.jar:${folder}/lib/kotlin-stdlib-jdk8.jar`,
      "MainKt",
    ],
    needs: { build: needs, run: needs },
  }],
  hello: 'fun main() { println("hello") }',
  allowance: jvmAllowance,
  threads: 64,
  finish: (program, nonce) => finishMain(program, `println("\\n${nonce}")`),
};
