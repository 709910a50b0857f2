/** Alive2's cases as the bench asks them: the pair, the settings that the case names, the marker, the class. */
import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";

export type Marker = "correct" | "incorrect" | "other";

/** Exclusive classes, the first that fits in this order. */
export const CLASSES = [
  "assembly",
  "loops, integer",
  "loops, other",
  "floating point",
  "memory, plain",
  "memory, pointers only",
  "memory, other",
  "calls",
  "x86 intrinsics",
  "integer vector",
  "integer scalar",
] as const;
export type Class = (typeof CLASSES)[number];

export interface Case {
  readonly id: string;
  readonly source: string;
  /** Absent where `source` holds both functions. */
  readonly target: string | undefined;
  readonly unroll: number;
  readonly marker: Marker;
  /** Alive2's own complaint, if the case expects one. */
  readonly error: string | undefined;
  readonly class: Class;
}

interface Line {
  readonly id: string;
  readonly kind: "srctgt" | "pair" | "ident";
  readonly ir?: string;
  readonly source?: string;
  readonly target?: string;
  readonly error: string | null;
  readonly args: string;
  readonly checks: readonly string[];
  readonly xfail: boolean;
}

export const readCases = async (file: string): Promise<Case[]> => {
  const text = gunzipSync(await readFile(file)).toString("utf8");
  return text.split("\n").filter((line) => line !== "").map((line) => toCase(JSON.parse(line)));
};

const toCase = (line: Line): Case => {
  const unrolls = [...line.args.matchAll(/-(?:src|tgt)-unroll=(\d+)/g)].map((m) => Number(m[1]));
  const source = line.ir ?? line.source ?? "";
  return {
    id: line.id,
    source,
    target: line.kind === "ident" ? source : line.target,
    unroll: Math.max(0, ...unrolls),
    marker: marker(line),
    error: line.error ?? undefined,
    class: classify(line.args, `${source}\n${line.target ?? ""}`),
  };
};

/** Complaints that say something about refinement; others are about what Alive2 supports or how far it unrolls. */
const REFUTES =
  /^(Value mismatch|Source is more defined|Mismatch in memory|Target is more poisonous|Target's return value|Source and target don't have|Parameter attributes not|Function attributes not|Transformation is incorrect)/;

/** Settings that ask another question than refinement between LLVM functions. */
const OTHER_QUESTION = /-tgt-is-asm|-disallow|-disable/;

const marker = (line: Line): Marker => {
  if (line.xfail || line.checks.length > 0 || OTHER_QUESTION.test(line.args)) return "other";
  if (line.error === null) return "correct";
  return REFUTES.test(line.error) ? "incorrect" : "other";
};

/** Intrinsics on integers alone, and markers without an effect. */
const INTEGER_INTRINSIC =
  /^llvm\.(abs|[su](max|min)|ctpop|ctlz|cttz|bswap|bitreverse|fsh[lr]|[su](add|sub|mul|shl)\.(sat|with\.overflow)|[su]cmp|expect|assume|vector\.reduce|experimental\.vector\.reduce|donothing|dbg)\b/;

/** What a case is about, from its text alone. */
export const classify = (settings: string, text: string): Class => {
  const code = text.replace(/;[^\n]*/g, "");
  const bodies = code.match(/^define[^\n]*\{[\s\S]*?^\}/gm) ?? code.match(/define[\s\S]*?\n\}/g) ??
    [];
  const body = bodies.join("\n");
  const callees = [
    ...body.matchAll(/\b(?:call|invoke)\b[^@\n]*@("[^"]*"|[\w.$-]+)\s*\(/g),
  ].map((m) => m[1] ?? "");
  const indirect = /\b(?:call|invoke)\b[^@\n(]*%[\w.]+\s*\(/.test(body);
  const other = indirect ||
    callees.some((c) => !INTEGER_INTRINSIC.test(c) && !c.startsWith("llvm.x86."));
  const floats = /\b(half|bfloat|float|double|fp128|x86_fp80|ppc_fp128)\b/.test(body);
  const memory = /\b(ptr|load|store|alloca|getelementptr|inttoptr|ptrtoint)\b|\w\*/.test(body) ||
    /^@[^\n=]+=[^\n]*\b(global|constant)\b/m.test(code);
  if (settings.includes("-tgt-is-asm")) return "assembly";
  if (bodies.some(hasCycle)) return floats || memory || other ? "loops, other" : "loops, integer";
  if (floats) return "floating point";
  if (memory) {
    if (/\b(inttoptr|ptrtoint)\b/.test(code) || other) return "memory, other";
    return /\b(load|store|alloca)\b/.test(body) ? "memory, plain" : "memory, pointers only";
  }
  if (other) return "calls";
  if (callees.some((c) => c.startsWith("llvm.x86."))) return "x86 intrinsics";
  return /<\s*\d+ x/.test(body) ? "integer vector" : "integer scalar";
};

const hasCycle = (body: string): boolean => {
  const edges = new Map<string, string[]>();
  let block = "";
  for (const line of body.split("\n").slice(1)) {
    const label = /^\s*("[^"]*"|[-\w.$]+):/.exec(line);
    if (label) block = `%${label[1]}`;
    for (const to of line.matchAll(/\blabel (%"[^"]*"|%[-\w.$]+)/g)) {
      edges.set(block, [...(edges.get(block) ?? []), to[1] ?? ""]);
    }
  }
  const open = new Set<string>();
  const done = new Set<string>();
  const visit = (at: string): boolean => {
    if (open.has(at)) return true;
    if (done.has(at)) return false;
    open.add(at);
    const found = (edges.get(at) ?? []).some(visit);
    open.delete(at);
    done.add(at);
    return found;
  };
  return [...edges.keys()].some(visit);
};
