import type { Random } from "../random.ts";

/** One edit of a function's IR text. */
export interface Mutant {
  readonly ir: string;
  /** What was changed, e.g. `predicate slt -> sle`. */
  readonly edit: string;
}

/**
 * Well-formed mutants: every single change of a predicate, a constant by one, an opcode, or the order of
 * operands where the order matters; shuffled. Whether one differs in meaning is the checker's to say.
 */
export const edits = (ir: string, random: Random): readonly Mutant[] => {
  const lines = ir.split("\n");
  const mutants: Mutant[] = [];
  lines.forEach((line, index) => {
    for (const { text, edit } of lineEdits(line)) {
      mutants.push({
        ir: [...lines.slice(0, index), text, ...lines.slice(index + 1)].join("\n"),
        edit,
      });
    }
  });
  return random.shuffle(mutants);
};

/**
 * Mutants with one instruction deleted and the values after it renumbered, as the listings of the GEPO
 * paper show them (arXiv 2505.12723, figure 2); shuffled. Most are ill-formed; the verifier says which.
 */
export const deletions = (ir: string, random: Random): readonly Mutant[] => {
  const lines = ir.split("\n");
  const mutants: Mutant[] = [];
  lines.forEach((line, index) => {
    if (!instructionLine.test(line)) return;
    const defined = /^\s*%(\d+) = /.exec(line)?.[1];
    const rest = [...lines.slice(0, index), ...lines.slice(index + 1)].join("\n");
    const instruction = /^\s*(?:%\S+ = )?(\w+)/.exec(line)?.[1] ?? "instruction";
    mutants.push({
      ir: defined === undefined ? rest : renumber(rest, Number(defined)),
      edit: `deleted ${instruction}`,
    });
  });
  return random.shuffle(mutants);
};

/** Anything but the frame of a function: its first and last line, its labels, declarations, blank lines. */
const instructionLine = /^(?!\s*(?:define\b|declare\b|\}|\d+:|$))/;

/** Values and labels above the deleted number move down by one; its own uses then name what came after. */
const renumber = (ir: string, deleted: number): string =>
  ir.replace(/%(\d+)\b|^(\d+):/gm, (whole, value?: string, label?: string) => {
    const number = Number(value ?? label);
    if (number <= deleted) return whole;
    return value !== undefined ? `%${number - 1}` : `${number - 1}:`;
  });

const opposite: Readonly<Record<string, readonly string[]>> = {
  eq: ["ne"],
  ne: ["eq"],
  slt: ["sle", "sgt"],
  sle: ["slt", "sge"],
  sgt: ["sge", "slt"],
  sge: ["sgt", "sle"],
  ult: ["ule", "ugt"],
  ule: ["ult", "uge"],
  ugt: ["uge", "ult"],
  uge: ["ugt", "ule"],
};

const otherOpcode: Readonly<Record<string, string>> = {
  add: "sub",
  sub: "add",
  mul: "add",
  sdiv: "srem",
  srem: "sdiv",
  udiv: "urem",
  urem: "udiv",
  and: "or",
  or: "and",
  xor: "and",
  shl: "ashr",
  lshr: "shl",
  ashr: "shl",
};

function* lineEdits(line: string): Generator<{ readonly text: string; readonly edit: string }> {
  const compare = /^(\s*%\S+ = icmp (?:samesign )?)(\w+)( .*)$/.exec(line);
  if (compare !== null) {
    const [, before = "", predicate = "", after = ""] = compare;
    for (const other of opposite[predicate] ?? []) {
      yield { text: before + other + after, edit: `predicate ${predicate} -> ${other}` };
    }
  }
  const binary = /^(\s*%\S+ = )(\w+)((?: (?:nsw|nuw|exact|disjoint))*)( \w+ )(\S+), (\S+)$/.exec(
    line,
  );
  const opcode = binary?.[2] ?? "";
  if (binary !== null && otherOpcode[opcode] !== undefined) {
    const [, before = "", , flags = "", type = "", left = "", right = ""] = binary;
    const other = otherOpcode[opcode];
    // Flags of one opcode are errors on another; a mutant of the opcode goes without.
    yield {
      text: `${before}${other}${type}${left}, ${right}`,
      edit: `opcode ${opcode} -> ${other}`,
    };
    if (!["add", "mul", "and", "or", "xor"].includes(opcode) && left !== right) {
      yield {
        text: `${before}${opcode}${flags}${type}${right}, ${left}`,
        edit: `operands of ${opcode} swapped`,
      };
    }
  }
  const select = /^(\s*%\S+ = select i1 \S+, )(\w+ \S+), (\w+ \S+)$/.exec(line);
  if (select !== null && select[2] !== select[3]) {
    yield { text: `${select[1]}${select[3]}, ${select[2]}`, edit: "operands of select swapped" };
  }
  if (/ = (?:icmp|add|sub|mul|[su]div|[su]rem|shl|[al]shr|and|or|xor|select|phi)\b/.test(line)) {
    // Integer literals after a space or a bracket; numbers of values and types start otherwise.
    for (const match of line.matchAll(/(?<=[ [])-?\d+(?=[,\s\]]|$)/g)) {
      const at = match.index;
      for (const step of [1, -1]) {
        const value = Number(match[0]) + step;
        yield {
          text: line.slice(0, at) + value + line.slice(at + match[0].length),
          edit: `constant ${match[0]} -> ${value}`,
        };
      }
    }
  }
}
