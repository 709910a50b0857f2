import type { Language } from "./language.ts";
import { finishMain } from "./main_function.ts";

export const java: Language = {
  name: "java",
  package: "default-jdk-headless",
  spelling: "camelCase",
  comment: "//",
  source: "Main.java",
  variants: [{
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
      ...["-Xshare:auto", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData"],
      "-Xss16m",
      "-cp",
      "/work",
      "Main",
    ],
  }],
  hello: 'class Main { public static void main(String[] a) { System.out.println("hello"); } }',
  allowance: { cpu: 2, memory_mb: 256 },
  threads: 64,
  binds: [
    "/etc/java-8-openjdk",
    "/etc/java-11-openjdk",
    "/etc/java-17-openjdk",
    "/etc/java-21-openjdk",
    "/etc/java-25-openjdk",
  ],
  finish: (program, nonce) => finishMain(program, `System.out.println("\\n${nonce}");`),
};
