import { Undefined } from "../program/interpret.ts";
import { hash32, Random } from "../random.ts";
import type { Program as Row, Task } from "../schema.ts";
import { likeness, type Shingles, shinglesOf } from "../leaks.ts";
import { draw, type Level, levels } from "./draw.ts";
import { interpret, type Value } from "./interpret.ts";
import { mutants } from "./mutants.ts";
import { print, type TypedLanguage } from "./print.ts";
import { statementOf } from "./statement.ts";
import { family, nodes, type Program, shape, type Type } from "./tree.ts";

export interface TypedDrawOptions {
  readonly seed: number;
  /** Families in all, shared equally by the levels; one in five is held out. */
  readonly families: number;
  readonly levels?: readonly Level[];
  readonly languages: readonly TypedLanguage[];
}

export interface TypedTask {
  readonly program: Program;
  readonly level: Level;
  readonly task: Task;
}

/** Programs of Python that have so much in common do not stand on both sides of the split; leaks tell 0.95. */
const ALIKE = 0.9;

/** Draws that may come to nothing for each family that is asked for, before that is called too many. */
const DRAWS = 400;

/**
 * Draws one task a family until each level has its share. The side of the split is a function of the
 * family, so every set ever drawn agrees. The same options give the same tasks, in the same order.
 */
export const drawTypedTasks = (
  options: Omit<TypedDrawOptions, "languages">,
): readonly TypedTask[] => {
  const wanted = options.levels ?? levels;
  const seen = new Set<string>();
  const kept: { readonly split: Task["split"]; readonly shingles: Shingles }[] = [];
  return wanted.flatMap((level, i) => {
    const share = Math.floor((options.families + i) / wanted.length);
    const random = new Random(options.seed).fork("typed", level);
    const drawn: TypedTask[] = [];
    for (let turn = 0; drawn.length < share; turn++) {
      if (turn > DRAWS * (share + 10)) {
        throw new RangeError(
          `level ${level}: asked for ${share} families, found ${drawn.length}; ask for fewer`,
        );
      }
      const stream = random.fork(turn);
      const program = draw(stream, level);
      const name = family(program, level);
      if (seen.has(name) || degenerate(program)) continue;
      const cases = drawTypedCases(program, stream);
      if (cases === undefined) continue;
      const task = taskOf(program, level, cases, options.seed);
      const shingles = shinglesOf(print(program, "python")!);
      const alike = kept.some((other) =>
        other.split !== task.split && likeness(other.shingles, shingles) >= ALIKE
      );
      if (alike) continue;
      seen.add(name);
      kept.push({ split: task.split, shingles });
      drawn.push({ program, level, task });
    }
    return drawn;
  });
};

/** The programs of drawn tasks in the languages that have an idiom for them, not yet run. */
export const printTypedPrograms = (
  drawn: readonly TypedTask[],
  languages: readonly TypedLanguage[],
): readonly Row[] =>
  drawn.flatMap(({ program, task }) =>
    languages.flatMap((language) => {
      const code = print(program, language);
      return code === undefined ? [] : [{ task: task.id, language, code, verified: false }];
    })
  );

type Cases = NonNullable<Task["cases"]>;

const taskOf = (program: Program, level: Level, cases: Cases, seed: number): Task => ({
  id: `${family(program, level)}-0`,
  family: family(program, level),
  statement: statementOf(program),
  signature: {
    name: program.main.name,
    parameters: program.main.parameters,
    result: program.main.result,
  },
  cases,
  split: hash32(`typed split ${shape(program)}`) % 5 === 0 ? "held-out" : "train",
  level,
  source: `generated, typed, seed ${seed}`,
  licence: "Apache-2.0",
});

const POOL = 60;
const MOST_CASES = 8;
/** Share of single edits that the cases must tell from the program; the rest mostly mean the same. */
const LEAST_CAUGHT = 0.8;

interface Drawn {
  readonly arguments: readonly Value[];
  readonly result: Value;
}

/**
 * 6 to 8 cases: the first one drawn (empty, where there is such a thing), then always the one that tells
 * the program from most of its single edits that no case has told yet. At least three distinct results,
 * or both truth values. `undefined` where that leaves too many edits: a branch is dead, or all is one.
 */
const drawTypedCases = (program: Program, random: Random): Cases | undefined => {
  const pool: Drawn[] = [];
  const seen = new Set<string>();
  for (let i = 0; i < POOL; i++) {
    const args = program.main.parameters.map(({ type }) => drawValue(type, i, random));
    const key = JSON.stringify(args);
    if (seen.has(key)) continue;
    seen.add(key);
    const result = attempt(() => interpret(program, args));
    if (result !== undefined) pool.push({ arguments: args, result });
  }
  if (pool.length < 12) return undefined;
  const text = (value: Value | undefined): string => JSON.stringify(value) ?? "";
  const told = (cases: Iterable<Drawn>) => new Set([...cases].map((c) => text(c.result))).size;
  if (told(pool) < (program.main.result === "bool" ? 2 : 3)) return undefined;
  const wrong = [...mutants(program)];
  const catches = pool.map((c) =>
    new Set(
      wrong.filter((mutant) =>
        text(attempt(() => interpret(mutant, c.arguments))) !== text(c.result)
      ),
    )
  );
  const chosen = new Set<Drawn>();
  const left = new Set(wrong);
  const take = (at: number): void => {
    chosen.add(pool[at]!);
    for (const mutant of catches[at]!) left.delete(mutant);
  };
  take(0);
  while (chosen.size < MOST_CASES) {
    const gains = pool.map((c, at) =>
      chosen.has(c) ? -1 : [...catches[at]!].filter((mutant) => left.has(mutant)).length
    );
    const best = gains.indexOf(Math.max(...gains));
    if (gains[best]! <= 0) break;
    take(best);
  }
  for (const [at, c] of pool.entries()) {
    if (chosen.size >= 6) break;
    if (!chosen.has(c)) take(at);
  }
  for (const [at, c] of pool.entries()) {
    if (chosen.size >= MOST_CASES) break;
    if (told([...chosen, c]) > told(chosen)) take(at);
  }
  const least = program.main.result === "bool" ? 2 : 3;
  if (told(chosen) < least || left.size > (1 - LEAST_CAUGHT) * wrong.length) return undefined;
  return [...chosen] as unknown as Cases;
};

const drawValue = (type: Type, i: number, random: Random): Value => {
  switch (type) {
    case "list<int>": {
      const length = i === 0 ? 0 : i === 1 ? random.int(4, 6) : random.int(1, 7);
      return Array.from({ length }, () => random.int(-9, 12));
    }
    case "string": {
      const length = i === 0 ? 0 : random.int(1, 8);
      return Array.from({ length }, () => random.pick(["a", "b", "c", "d"])).join("");
    }
    default:
      return i % 4 === 1 ? random.int(-9, -1) : random.int(0, 12);
  }
};

/** Asks a thing about itself, as in `a < a` and `a - a`: nobody would, and it says nothing. */
const degenerate = (program: Program): boolean => {
  for (const node of nodes(program)) {
    if (!("left" in node) || node.kind === "mul" || node.kind === "add") continue;
    if (JSON.stringify(node.left) === JSON.stringify(node.right)) return true;
  }
  return false;
};

const attempt = <T>(compute: () => T): T | undefined => {
  try {
    return compute();
  } catch (error) {
    if (error instanceof Undefined) return undefined;
    throw error;
  }
};
