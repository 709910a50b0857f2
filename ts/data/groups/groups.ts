import { availableParallelism } from "node:os";
import { check, stripIr } from "../../wasm/mod.ts";
import { Random } from "../random.ts";
import type { IrGroup, Program, Task } from "../schema.ts";
import {
  buildGroup,
  type GroupLimits,
  type GroupSource,
  type Judges,
  type Other,
  type RefutedMember,
  type Tally,
} from "./build.ts";
import { compileMembers, type Member } from "./members.ts";
import {
  compilerOf,
  NotCompiled,
  sourceLanguages,
  type Toolchain,
  verifierMessage,
} from "./toolchain.ts";

export interface GroupsOptions {
  readonly tasks: readonly Task[];
  readonly programs: readonly Program[];
  readonly seed: number;
  readonly tools: Toolchain;
  /** The room's own by default: canonical short IR. */
  readonly strip?: (module: string, symbol: string) => string;
  /**
   * The equivalence checker by default, asked under the guarantee of all these languages that an argument
   * is a value: their compilers mark every parameter `noundef`, which the short print leaves out.
   */
  readonly check?: Judges["check"];
  /** Length of an IR in tokens of the model that will read it. */
  readonly tokens: (ir: string) => number;
  readonly longest_tokens?: number;
  /** Most winners of a group, and losers of each tier. */
  readonly winners?: number;
  readonly losers_per_tier?: number;
  /** Stop after so many groups of training tasks, and a fifth as many of held-out ones. */
  readonly most?: number;
  readonly onProgress?: (groups: number, sources: number) => void;
}

export interface Groups {
  readonly groups: readonly IrGroup[];
  readonly tally: Readonly<Record<string, number>>;
  readonly refuted: readonly RefutedMember[];
}

/**
 * IR groups from the C, C++, Rust and D programs of a data set, one for every global function that has
 * enough members; a group knows its task and the task's side of the split. Functions of another program
 * are losers only where that program is on the same side and in the same language.
 */
export const groups = async (options: GroupsOptions): Promise<Groups> => {
  const { tools } = options;
  const longest = options.longest_tokens ?? 350;
  const limits: GroupLimits = {
    winners: options.winners ?? 5,
    losers_per_tier: options.losers_per_tier ?? 2,
    fits: (ir) => options.tokens(ir) <= longest,
  };
  const most = options.most ?? Number.POSITIVE_INFINITY;
  const left = { train: most, "held-out": Math.ceil(most / 5) };
  const judges: Judges = {
    check: options.check ??
      ((source, target, relation) =>
        check(source, target, { relation, assume: ["noundef-arguments"] })),
    complaint: (ir) => verifierMessage(tools, ir),
  };
  const random = new Random(options.seed).fork("groups");
  const tally: Tally = new Map();
  const refuted: RefutedMember[] = [];
  const sources = random.shuffle(sourcesOf(options.tasks, options.programs, tools, tally));
  const found: IrGroup[] = [];
  const known = new Map<string, Map<string, string>>();
  const batch = 40;
  for (let at = 0; at < sources.length && left.train + left["held-out"] > 0; at += batch) {
    const wanted = sources.slice(at, at + batch).filter((s) => left[s.split] > 0);
    const compiled = await compileAll(wanted, tools, options.strip ?? stripIr, tally);
    const fitting = compiled.map(({ source, members }) => {
      const short = members.filter((m) => limits.fits(m.ir));
      add(tally, "members", members.length);
      add(tally, "members too long", members.length - short.length);
      return { source, short };
    });
    for (const { source, short } of fitting) {
      if (short[0] !== undefined) ofSignature(known, source, short[0]).set(source.id, short[0].ir);
    }
    for (const { source, short } of fitting) {
      if (left[source.split] <= 0) continue;
      const group = await buildGroup(
        source,
        short,
        short[0] === undefined ? [] : othersOf(ofSignature(known, source, short[0]), source),
        compilerOf(tools, source.language)!.version,
        judges,
        limits,
        random.fork(source.id),
        tally,
        refuted,
      );
      add(tally, group === undefined ? "functions without a group" : "groups", 1);
      if (group === undefined) continue;
      left[source.split]--;
      found.push(group);
    }
    options.onProgress?.(found.length, Math.min(at + batch, sources.length));
  }
  return { groups: found, tally: Object.fromEntries([...tally].sort()), refuted };
};

/** A program before its functions are known. */
type Unit = Omit<GroupSource, "function"> & { readonly main: string };

const sourcesOf = (
  tasks: readonly Task[],
  programs: readonly Program[],
  tools: Toolchain,
  tally: Tally,
): readonly Unit[] => {
  const byId = new Map(tasks.map((task) => [task.id, task]));
  return programs.flatMap((program) => {
    const language = sourceLanguages.find((name) => name === program.language);
    const task = byId.get(program.task);
    if (language === undefined || task === undefined) return [];
    if (compilerOf(tools, language) === undefined) {
      add(tally, `${language} programs without a compiler here`, 1);
      return [];
    }
    const id = `ir-${task.id}${language === "c" ? "" : `-${language}`}`;
    const { code } = program;
    return [{ id, task: task.id, code, language, main: task.signature.name, split: task.split }];
  });
};

interface Compiled {
  readonly source: GroupSource;
  readonly members: readonly Member[];
}

/** Every function of every program that compiles, in the order of the programs. */
const compileAll = async (
  units: readonly Unit[],
  tools: Toolchain,
  strip: NonNullable<GroupsOptions["strip"]>,
  tally: Tally,
): Promise<readonly Compiled[]> => {
  const compiled: (readonly Compiled[])[] = [];
  let next = 0;
  const work = async () => {
    for (let at = next++; at < units.length; at = next++) {
      const { main, ...unit } = units[at]!;
      try {
        const functions = await compileMembers(tools, unit.language, unit.code, strip);
        compiled[at] = [...functions].map(([name, members]) => ({
          source: {
            ...unit,
            // A task has one function of its own name; the other functions are named by theirs.
            id: sameName(name, main) ? unit.id : `${unit.id}-${name}`,
            function: name,
          },
          members,
        }));
      } catch (error) {
        if (!(error instanceof NotCompiled)) throw error;
        add(tally, `${unit.language} programs that do not compile`, 1);
      }
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return compiled.flat();
};

/** Languages spell one name in their own ways. */
const sameName = (a: string, b: string): boolean => bare(a) === bare(b);
const bare = (name: string): string => name.replaceAll("_", "").toLowerCase();

/** First members of one signature, by their group's id. */
const ofSignature = (
  known: Map<string, Map<string, string>>,
  source: GroupSource,
  member: Member,
): Map<string, string> => {
  const signature = headOf(member.ir).replace(`@${source.function}(`, "@(");
  const key = JSON.stringify([source.language, source.split, signature]);
  const same = known.get(key) ?? new Map<string, string>();
  known.set(key, same);
  return same;
};

const headOf = (ir: string): string => /^define .*$/m.exec(ir)?.[0] ?? "";

const othersOf = (same: ReadonlyMap<string, string>, source: GroupSource): readonly Other[] =>
  [...same].filter(([id]) => id !== source.id).map(([of, ir]) => {
    const name = /@([\w.$]+)\(/.exec(headOf(ir))?.[1];
    return { of, ir: ir.replaceAll(`@${name}(`, `@${source.function}(`) };
  });

const add = (tally: Tally, what: string, by: number): void => {
  tally.set(what, (tally.get(what) ?? 0) + by);
};
