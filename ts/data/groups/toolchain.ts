import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** clang and opt of one version, found by name. */
export interface Toolchain {
  readonly clang: string;
  readonly opt: string;
  /** As clang says it, e.g. `clang 19.1.7`. */
  readonly version: string;
}

/** Neither clang nor opt: the machine lacks something, and this names it. */
export class ToolchainMissing extends Error {
  override readonly name = "ToolchainMissing";
}

const run = promisify(execFile);
const limits = { maxBuffer: 1 << 28, timeout: 300_000 } as const;

/** The first pair of names that answers; `names` defaults to clang-19/opt-19, then clang/opt. */
export const findToolchain = async (
  names: readonly (readonly [clang: string, opt: string])[] = [
    ["clang-19", "opt-19"],
    ["clang", "opt"],
  ],
): Promise<Toolchain> => {
  for (const [clang, opt] of names) {
    try {
      const [{ stdout }] = await Promise.all([
        run(clang, ["--version"], limits),
        run(opt, ["--version"], limits),
      ]);
      const version = /clang version (\S+)/.exec(stdout)?.[1] ?? "unknown";
      return { clang, opt, version: `clang ${version.replace(/^.*?(\d+\.\d+\.\d+).*$/, "$1")}` };
    } catch {
      continue;
    }
  }
  throw new ToolchainMissing(
    `neither of ${names.map((pair) => pair.join(" + ")).join(", ")} runs here: ` +
      `install the packages clang-19 and llvm-19, or name others`,
  );
};

export const levels = ["-O0", "-O1", "-O2", "-O3", "-Os", "-Oz"] as const;
export const pipelines = [
  "mem2reg",
  "mem2reg,simplifycfg",
  "mem2reg,instcombine",
  "mem2reg,reassociate",
  "mem2reg,early-cse",
] as const;
export type Level = typeof levels[number] | typeof pipelines[number];

/**
 * LLVM IR of C text at a level, or after a pipeline of passes over `-O0` code. `-fwrapv` is not given:
 * the IR says where C leaves overflow undefined.
 */
export const compile = async (tools: Toolchain, c: string, level: Level): Promise<string> => {
  const pipeline = (pipelines as readonly string[]).includes(level);
  const raw = await feed(tools.clang, [
    "-x",
    "c",
    "-std=c11",
    pipeline ? "-O0" : level,
    // Without this, -O0 marks functions optnone and no pass would touch them.
    ...(pipeline ? ["-Xclang", "-disable-O0-optnone"] : []),
    "-S",
    "-emit-llvm",
    "-o",
    "-",
    "-",
  ], c);
  return pipeline
    ? await feed(tools.opt, ["-S", `-passes=${passes(level)}`, "-o", "-", "-"], raw)
    : raw;
};

/** Run by itself, LLVM 18 and later abort when instcombine would need a second round; one round will do. */
const passes = (pipeline: string): string =>
  pipeline.replace("instcombine", "instcombine<no-verify-fixpoint>");

/** The verifier's complaint about a module, or `undefined` if it has none. */
export const verifierMessage = async (
  tools: Toolchain,
  ir: string,
): Promise<string | undefined> => {
  try {
    await feed(tools.opt, ["-passes=verify", "-disable-output", "-"], ir);
    return undefined;
  } catch (error) {
    return complaintIn(String((error as { readonly stderr?: unknown }).stderr ?? error));
  }
};

/** The parser's error says what; the verifier says what on a line before its "input module is broken". */
const complaintIn = (stderr: string): string => {
  const lines = stderr.split("\n").filter((line) => line.trim() !== "");
  const parsed = lines.find((line) =>
    line.includes("error:") && !line.includes("module is broken")
  );
  return (parsed?.replace(/^.*?error: /, "") ?? lines[0] ?? "rejected without a message").trim();
};

const feed = (command: string, args: readonly string[], input: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = execFile(command, [...args], limits, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(Object.assign(error, { stderr }));
    });
    // A compiler that stops early closes its input; its exit says why.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input);
  });
