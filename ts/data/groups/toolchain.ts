import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

/** What makes LLVM IR of a language. */
export interface Compiler {
  readonly command: string;
  /** As it goes into a group, e.g. `clang 19.1.7`. */
  readonly version: string;
}

/** clang and opt of one version, found by name, and the compilers of other languages that are here. */
export interface Toolchain {
  readonly clang: string;
  readonly opt: string;
  /** As clang says it, e.g. `clang 19.1.7`. */
  readonly version: string;
  readonly rustc?: Compiler;
  readonly ldc?: Compiler;
}

/** Neither clang nor opt: the machine lacks something, and this names it. */
export class ToolchainMissing extends Error {
  override readonly name = "ToolchainMissing";
}

/** The compiler's own complaint about a source. */
export class NotCompiled extends Error {
  override readonly name = "NotCompiled";
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
    const [version, there] = await Promise.all([
      answers(clang, /clang version (\S+)/),
      answers(opt, /version (\S+)/),
    ]);
    if (version === undefined || there === undefined) continue;
    const [rustc, ldc] = await Promise.all([
      answers("rustc", /rustc (\S+)/),
      answers("ldc2", /LDC - the LLVM D compiler \((\S+)\):/),
    ]);
    return {
      clang,
      opt,
      version: `clang ${version}`,
      ...(rustc === undefined
        ? {}
        : { rustc: { command: "rustc", version: `rustc ${rustc}` } as const }),
      ...(ldc === undefined ? {} : { ldc: { command: "ldc2", version: `ldc ${ldc}` } as const }),
    };
  }
  throw new ToolchainMissing(
    `neither of ${names.map((pair) => pair.join(" + ")).join(", ")} runs here: ` +
      `install the packages clang-19 and llvm-19, or name others`,
  );
};

/** The version that a command says, `undefined` where it does not run. */
const answers = async (command: string, pattern: RegExp): Promise<string | undefined> => {
  try {
    const version = pattern.exec((await run(command, ["--version"], limits)).stdout)?.[1];
    return version?.replace(/^.*?(\d+\.\d+\.\d+).*$/, "$1") ?? "unknown";
  } catch {
    return undefined;
  }
};

/** Languages that groups are made of. */
export const sourceLanguages = ["c", "cpp", "rust", "d"] as const;
export type SourceLanguage = typeof sourceLanguages[number];

export const compilerOf = (tools: Toolchain, language: SourceLanguage): Compiler | undefined =>
  language === "rust"
    ? tools.rustc
    : language === "d"
    ? tools.ldc
    : { command: tools.clang, version: tools.version };

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
 * LLVM IR of a source at a level, or after a pipeline of opt's passes over `-O0` code. `-fwrapv` is not
 * given: the IR says where C leaves overflow undefined. Rust wraps, as it does in a release build, and
 * has no pipelines: its IR may be newer than opt.
 */
export const compile = (
  tools: Toolchain,
  language: SourceLanguage,
  code: string,
  level: Level,
): Promise<string> => compilation(tools, language, code)(level);

/** `compile` for several levels of one source: what the pipelines start from is compiled once. */
export const compilation = (tools: Toolchain, language: SourceLanguage, code: string) => {
  let raw: Promise<string> | undefined;
  return async (level: Level): Promise<string> => {
    const compiler = compilerOf(tools, language);
    if (compiler === undefined) throw new ToolchainMissing(`no compiler of ${language} runs here`);
    const front = (at: Level, forPasses: boolean) =>
      frontEnds[language](compiler.command, at, forPasses, code);
    if (!isPipeline(level)) return await front(level, false);
    raw ??= front("-O0", true);
    return await feed(tools.opt, ["-S", `-passes=${passes(level)}`, "-o", "-", "-"], await raw);
  };
};

const isPipeline = (level: Level): boolean => (pipelines as readonly Level[]).includes(level);

type FrontEnd = (
  command: string,
  level: Level,
  forPasses: boolean,
  code: string,
) => Promise<string>;

const clangOf =
  (language: string, standard: string): FrontEnd => (command, level, forPasses, code) =>
    feed(command, [
      ...["-x", language, `-std=${standard}`, "-w", level],
      // Without this, -O0 marks functions optnone and no pass would touch them.
      ...(forPasses ? ["-Xclang", "-disable-O0-optnone"] : []),
      ...["-S", "-emit-llvm", "-o", "-", "-"],
    ], code);

/** rustc and ldc keep files beside what they write, also where that is a pipe: each call has a folder. */
const inFolder = async (
  name: string,
  code: string,
  compile: (source: string, out: string) => Promise<unknown>,
): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "calque-groups-"));
  try {
    const [source, out] = [join(folder, name), join(folder, "source.ll")];
    await writeFile(source, code);
    await compile(source, out);
    return await readFile(out, "utf8");
  } finally {
    await rm(folder, { recursive: true });
  }
};

const frontEnds: Readonly<Record<SourceLanguage, FrontEnd>> = {
  c: clangOf("c", "c11"),
  cpp: clangOf("c++", "c++17"),
  rust: (command, level, _, code) => {
    // What is not public is not compiled, and what is mangled has a hash in its name.
    const visible = code.replace(/^(?:pub )?fn (?=\w+\()/gm, "#[no_mangle] pub fn ");
    return inFolder("source.rs", visible, (source, out) =>
      feed(command, [
        // Panics say where they are, and the folder has another name each time.
        `--remap-path-prefix=${dirname(source)}=`,
        ...["--edition", "2021", "--crate-type", "lib", "-A", "warnings", "--emit=llvm-ir"],
        ...["-C", `opt-level=${level.slice(2)}`, "-C", "debug-assertions=off"],
        ...["-C", "panic=abort", "-C", "codegen-units=1", "-o", out, source],
      ], ""));
  },
  d: (command, level, _, code) =>
    inFolder(
      "source.d",
      code,
      (source, out) => feed(command, [level, "--output-ll", `-of=${out}`, source], ""),
    ),
};

/** Run by itself, LLVM 18 and later abort when instcombine would need a second round; one round will do. */
const passes = (pipeline: string): string =>
  pipeline.replace("instcombine", "instcombine<no-verify-fixpoint>");

/** A global function's name in its source, `undefined` for what a library or a class brought. */
export const sourceName = (language: SourceLanguage, symbol: string): string | undefined => {
  // The Itanium ABI: a length, the name, the types of the parameters; the names of the namespaces before
  // it, `N` before those and `E` behind. D: the module's name first.
  const mangled = language === "cpp"
    ? /^_Z(\d+)(.*)$/.exec(nested(symbol))
    : language === "d"
    ? /^_D6source(\d+)(.*)$/.exec(symbol)
    : undefined;
  // What Rust mangles is a library's, or local to it: its own were told not to be.
  const plain = language === "rust" ? /^(?!_R|_ZN)\w+$/ : /^\w+$/;
  if (mangled === undefined) return plain.test(symbol) ? symbol : undefined;
  if (mangled === null) return undefined;
  const [, length = "", rest = ""] = mangled;
  const name = rest.slice(0, Number(length));
  // An instance of a template is one of many with that name.
  return rest[name.length] === "I" ? undefined : name;
};

/** The symbol without the namespaces around its name. Those of libraries start with `_`, or are `St`. */
const nested = (symbol: string): string => {
  const start = /^_ZN(?=\d+[^\d_])/.exec(symbol);
  if (start === null) return symbol;
  let rest = symbol.slice(start[0].length);
  for (;;) {
    const [digits] = /^\d+/.exec(rest) ?? [""];
    const end = digits.length + Number(digits);
    if (digits === "" || end >= rest.length) return symbol;
    if (rest[end] === "E") return `_Z${rest.slice(0, end)}${rest.slice(end + 1)}`;
    rest = rest.slice(end);
  }
};

/** The verifier's complaint about a module, or `undefined` if it has none. */
export const verifierMessage = async (
  tools: Toolchain,
  ir: string,
): Promise<string | undefined> => {
  try {
    await feed(tools.opt, ["-passes=verify", "-disable-output", "-"], ir);
    return undefined;
  } catch (error) {
    return complaintIn((error as Error).message);
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
      else reject(new NotCompiled(stderr || error.message));
    });
    // A compiler that stops early closes its input; its exit says why.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input);
  });
