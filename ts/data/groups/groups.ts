import { check, stripIr } from "../../wasm/mod.ts";
import { Random } from "../random.ts";
import type { IrGroup, Program, Task } from "../schema.ts";
import {
  buildGroup,
  type GroupLimits,
  type GroupSource,
  type Judges,
  type Tally,
} from "./build.ts";
import { compileMembers } from "./members.ts";
import { type Toolchain, verifierMessage } from "./toolchain.ts";

export interface GroupsOptions {
  readonly tasks: readonly Task[];
  readonly programs: readonly Program[];
  readonly seed: number;
  readonly tools: Toolchain;
  /** The room's own by default: canonical short IR. */
  readonly strip?: (module: string, functionName: string) => string;
  /**
   * The equivalence checker by default, asked under C's guarantee that an argument is a value: clang marks
   * every parameter `noundef`, which the short print leaves out.
   */
  readonly check?: Judges["check"];
  /** Length of an IR in tokens of the model that will read it. */
  readonly tokens: (ir: string) => number;
  readonly longest_tokens?: number;
  /** Most winners and losers of a group. */
  readonly winners?: number;
  readonly losers?: number;
  /** Stop after so many groups of training tasks, and a fifth as many of held-out ones. */
  readonly most?: number;
  readonly onProgress?: (groups: number, sources: number) => void;
}

export interface Groups {
  readonly groups: readonly IrGroup[];
  readonly tally: Readonly<Record<string, number>>;
}

/** IR groups from the C programs of a data set; a group knows its task and the task's side of the split. */
export const groups = async (options: GroupsOptions): Promise<Groups> => {
  const longest = options.longest_tokens ?? 350;
  const limits: GroupLimits = {
    winners: options.winners ?? 5,
    losers: options.losers ?? 4,
    fits: (ir) => options.tokens(ir) <= longest,
  };
  const most = options.most ?? Number.POSITIVE_INFINITY;
  const left = { train: most, "held-out": Math.ceil(most / 5) };
  const judges: Judges = {
    check: options.check ??
      ((source, target, relation) =>
        check(source, target, { relation, assume: ["noundef-arguments"] })),
    complaint: (ir) => verifierMessage(options.tools, ir),
  };
  const random = new Random(options.seed).fork("groups");
  const sources = random.shuffle(sourcesOf(options.tasks, options.programs));
  const tally: Tally = new Map();
  const found: IrGroup[] = [];
  const batch = 40;
  for (let at = 0; at < sources.length && left.train + left["held-out"] > 0; at += batch) {
    const wanted = sources.slice(at, at + batch).filter((s) => left[s.split] > 0);
    for (const [name, same] of byFunction(wanted)) {
      const compiled = await compileMembers({
        sources: same.map((s) => s.code),
        functionName: name,
        tools: options.tools,
        strip: options.strip ?? stripIr,
      });
      for (const [i, members] of compiled.entries()) {
        const source = same[i] as GroupSource;
        if (left[source.split] <= 0) continue;
        const short = members.filter((m) => limits.fits(m.ir));
        add(tally, "members", members.length);
        add(tally, "members too long", members.length - short.length);
        const group = await buildGroup(
          source,
          short,
          options.tools.version,
          judges,
          limits,
          random.fork(source.id),
          tally,
        );
        add(tally, group === undefined ? "sources without a group" : "groups", 1);
        if (group === undefined) continue;
        left[source.split]--;
        found.push(group);
      }
    }
    options.onProgress?.(found.length, Math.min(at + batch, sources.length));
  }
  return { groups: found, tally: Object.fromEntries([...tally].sort()) };
};

const sourcesOf = (
  tasks: readonly Task[],
  programs: readonly Program[],
): readonly GroupSource[] => {
  const byId = new Map(tasks.map((task) => [task.id, task]));
  return programs.filter((p) => p.language === "c").flatMap((program) => {
    const task = byId.get(program.task);
    return task === undefined ? [] : [{
      id: `ir-${task.id}`,
      task: task.id,
      code: program.code,
      function: task.signature.name,
      split: task.split,
    }];
  });
};

const byFunction = (sources: readonly GroupSource[]): ReadonlyMap<string, GroupSource[]> => {
  const groups = new Map<string, GroupSource[]>();
  for (const source of sources) {
    groups.set(source.function, [...(groups.get(source.function) ?? []), source]);
  }
  return groups;
};

const add = (tally: Tally, what: string, by: number): void => {
  tally.set(what, (tally.get(what) ?? 0) + by);
};
