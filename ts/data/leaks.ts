import { originOf } from "./origin.ts";
import type { Program, Task } from "./schema.ts";

export interface Leak {
  readonly kind:
    | "family"
    /** One problem of HumanEval or MBPP under the ids of two sets. */
    | "id-family"
    | "statement"
    | "near-statement"
    | "program"
    | "near-program"
    /** The same program but for its names. */
    | "renamed-program"
    | "language";
  readonly what: string;
  readonly train: string;
  readonly held_out: string;
}

export interface LeakOptions {
  /** Languages that training must not hold. */
  readonly heldOutLanguages?: readonly string[];
  /** Share of common 5-token shingles (Jaccard) from which two programs count as near-duplicates. */
  readonly similarity?: number;
  /** The same for statements that people wrote; generated ones are alike in their words by design. */
  readonly statementSimilarity?: number;
}

/**
 * What stands on both sides of the split, over any number of data sets: families, problems of one
 * benchmark under several ids, equal or nearly equal statements, equal, nearly equal or renamed programs
 * of one language, and held-out languages among the training programs.
 *
 * Near-duplicates are found with names and constants kept: two generated programs of different families
 * differ in at least one operator, which over five-token windows shows as several.
 */
export const leaks = (
  tasks: readonly Task[],
  programs: readonly Program[],
  options: LeakOptions = {},
): readonly Leak[] => {
  const split = new Map(tasks.map((task) => [task.id, task.split]));
  const found: Leak[] = [];
  found.push(...shared("family", tasks.map((t) => [t.family, t.id, t.split])));
  found.push(
    ...shared(
      "id-family",
      tasks.flatMap((t) => {
        const origin = originOf(t);
        return origin === undefined ? [] : [[origin, t.id, t.split] as const];
      }),
    ),
  );
  found.push(
    ...shared("statement", tasks.map((t) => [words(t.statement).join(" "), t.id, t.split])),
  );
  const written = tasks.filter(({ source, statement }) =>
    !source.startsWith("generated") && statement !== ""
  ).map((t) => ({ task: t.id, side: t.split, tokens: words(t.statement.toLowerCase()) }));
  found.push(
    ...near(written, options.statementSimilarity ?? 0.7).map((leak) => ({
      ...leak,
      kind: "near-statement" as const,
    })),
  );
  const sided = programs.flatMap((p) => {
    const side = split.get(p.task);
    return side === undefined ? [] : [{ ...p, side, tokens: words(p.code) }];
  });
  found.push(
    ...shared(
      "program",
      sided.map((p) => [`${p.language}: ${p.tokens.join(" ")}`, p.task, p.side]),
    ),
  );
  found.push(
    ...shared(
      "renamed-program",
      sided.map((p) => [`${p.language}: ${renamed(p.tokens).join(" ")}`, p.task, p.side]),
    ).filter(({ train, held_out }) =>
      // Equal to the letter has been told.
      !found.some((leak) =>
        leak.kind === "program" && leak.train === train && leak.held_out === held_out
      )
    ),
  );
  const languages = new Set(sided.map((p) => p.language));
  for (const language of languages) {
    const own = sided.filter((p) => p.language === language);
    found.push(
      ...near(own, options.similarity ?? 0.95).map((leak) => ({
        ...leak,
        kind: "near-program" as const,
        what: `${language}: ${leak.what}`,
      })),
    );
  }
  for (const language of options.heldOutLanguages ?? []) {
    const own = sided.filter((p) => p.language === language);
    const program = own.find((p) => p.side === "train");
    if (program !== undefined) {
      found.push({ kind: "language", what: language, train: program.task, held_out: language });
    }
    // A known program of the language, under another one's name.
    const texts = new Set(own.map(({ tokens }) => tokens.join(" ")));
    const disguised = sided.find((p) =>
      p.side === "train" && p.language !== language && texts.has(p.tokens.join(" "))
    );
    if (disguised !== undefined) {
      const what = `${language}, called ${disguised.language}`;
      found.push({ kind: "language", what, train: disguised.task, held_out: language });
    }
  }
  return found;
};

/**
 * The first text that is one of the programs or nearly so, as `leaks` has it, for rows that belong to no
 * task. A text is the whole of what stands between special tokens (`<|lua|>`) or fences of code.
 */
export const programIn = (
  texts: readonly string[],
  programs: readonly Program[],
  similarity = 0.95,
): { readonly text: number; readonly program: Program } | undefined => {
  const alike = index(programs.map(({ code }) => shinglesOf(code)));
  for (const [at, text] of texts.entries()) {
    for (const part of text.split(/<\|[^|>]*\|>|^```.*$/m)) {
      for (const [place, jaccard] of alike(shinglesOf(part))) {
        if (jaccard >= similarity) return { text: at, program: programs[place]! };
      }
    }
  }
  return undefined;
};

const shared = (
  kind: Leak["kind"],
  rows: readonly (readonly [key: string, id: string, split: Task["split"]])[],
): readonly Leak[] => {
  const train = new Map(rows.filter((r) => r[2] === "train").map((r) => [r[0], r[1]]));
  const seen = new Set<string>();
  return rows.flatMap(([key, id, split]) => {
    const other = train.get(key);
    if (split !== "held-out" || other === undefined || seen.has(key)) return [];
    seen.add(key);
    return [{ kind, what: key, train: other, held_out: id }];
  });
};

interface Sided {
  readonly task: string;
  readonly side: Task["split"];
  readonly tokens: readonly string[];
}

/** Pairs across the split above the similarity. */
const near = (
  programs: readonly Sided[],
  similarity: number,
): readonly Omit<Leak, "kind">[] => {
  const train = programs.filter((p) => p.side === "train");
  const texts = train.map((p) => p.tokens.join(" "));
  const alike = index(train.map((p) => shingles(p.tokens)));
  return programs.filter((p) => p.side === "held-out").flatMap(
    (p): readonly Omit<Leak, "kind">[] => {
      for (const [place, jaccard] of alike(shingles(p.tokens))) {
        if (jaccard >= similarity && texts[place] !== p.tokens.join(" ")) {
          const what = `${jaccard.toFixed(2)} of shingles in common`;
          return [{ what, train: train[place]!.task, held_out: p.task }];
        }
      }
      return [];
    },
  );
};

/** Asked with a text, the texts that have any shingle in common with it, by their places, with their Jaccard. */
const index = (texts: readonly Shingles[]) => {
  const holders = new Map<string, number[]>();
  texts.forEach((own, place) => {
    for (const shingle of own) {
      const list = holders.get(shingle);
      if (list === undefined) holders.set(shingle, [place]);
      else list.push(place);
    }
  });
  return (asked: Shingles): readonly (readonly [place: number, jaccard: number])[] => {
    const common = new Map<number, number>();
    for (const shingle of asked) {
      for (const place of holders.get(shingle) ?? []) {
        common.set(place, (common.get(place) ?? 0) + 1);
      }
    }
    return [...common].map(([place, count]) => [
      place,
      count / (asked.size + texts[place]!.size - count),
    ]);
  };
};

/** Names by the order in which they appear; words that most languages keep for themselves stay. */
const renamed = (tokens: readonly string[]): readonly string[] => {
  const names = new Map<string, string>();
  return tokens.map((token) => {
    if (!/^[\p{L}_]/u.test(token) || KEYWORDS.has(token)) return token;
    const known = names.get(token) ?? `$${names.size + 1}`;
    names.set(token, known);
    return known;
  });
};

const KEYWORDS = new Set(
  ("if else elif elsif elseif then end do while for foreach in of return def function local let const " +
    "var int long bool boolean void char float double string auto range len min max abs and or not true " +
    "false True False None null nil new class public static fn func mut my sub unless until case switch " +
    "break continue match with as import from lambda yield print").split(" "),
);

const words = (text: string): readonly string[] =>
  text.match(/[\p{L}_][\p{L}\p{N}_]*|\p{N}+|[^\s\p{L}\p{N}_]/gu) ?? [];

/** Share of five-token windows that two programs have in common (Jaccard). */
export const likeness = (a: Shingles, b: Shingles): number => {
  const common = [...a].filter((shingle) => b.has(shingle)).length;
  return common / (a.size + b.size - common);
};

/** The five-token windows of a text. */
export type Shingles = ReadonlySet<string>;
export const shinglesOf = (code: string): Shingles => shingles(words(code));

const shingles = (tokens: readonly string[]): ReadonlySet<string> => {
  const width = 5;
  const set = new Set<string>();
  for (let i = 0; i <= Math.max(0, tokens.length - width); i++) {
    set.add(tokens.slice(i, i + width).join(" "));
  }
  return set;
};
