/**
 * The test program as often as it holds an expectation, each time with another one changed so that right code must fail.
 * A spoiled one looks like the rest, for code may read its own test: its literal is taken from another expectation,
 * or differs by a letter or a digit. Empty if none was found.
 */
export const spoils = (test: string, language: string): readonly string[] => {
  const bare = blankComments(test, language);
  const expectations = styles.flatMap((style) => style(bare));
  const texts = expectations.map(({ from, to }) => bare.slice(from, to));
  const spoiled = expectations.flatMap((span, at) => {
    const text = spoilText(texts[at] ?? "", language, texts);
    return text === undefined ? [] : [{ ...span, text }];
  });
  if (spoiled.length === 0) spoiled.push(...nothing(bare, language));
  const whole = spoiled.map(({ from, to, text }) => test.slice(0, from) + text + test.slice(to));
  return [...new Set(whole)];
};

/**
 * Where no expectation is a literal: in the place of one side nothing at all, or twice what a variable holds (a text that is
 * not empty and a number that is not 0 differ from that); or a truth turned into its opposite.
 */
const nothing = (test: string, language: string) => {
  const twice = (name: string) => `(${name} + ${name})`;
  switch (language) {
    case "go":
      return [...test.matchAll(/\bassert\.Equal\(/g)].flatMap((match) => {
        const [side] = argumentsAt(test, match.index + match[0].length);
        if (side === undefined) return [];
        // Used all the same, or the variables in it would be declared for nothing.
        return [{
          ...side,
          text: `func() any { _ = ${test.slice(side.from, side.to).trim()}; return nil }()`,
        }];
      });
    case "java":
      return [
        ...truths(test).map((span) => ({
          ...span,
          text: `!(${test.slice(span.from, span.to).trim()})`,
        })),
        ...[...test.matchAll(/(?<=\.equals\()[a-z]\w*(?=\)\))/g)].map(({ index, 0: name }) => ({
          from: index,
          to: index + name.length,
          text: twice(name),
        })),
      ];
    case "cpp":
      return equalities(test).flatMap(({ from, to }) => {
        const name = test.slice(from, to).trim();
        return /^[a-z_]\w*$/i.test(name) ? [{ from, to, text: twice(name) }] : [];
      });
    default:
      return [];
  }
};

interface Span {
  readonly from: number;
  readonly to: number;
}

/** `v0 = E`, `let expected_1 = E`, `Boolean v0 = E;`, `expected_1 := E`, `expected_1 <- E`. */
const variables = (test: string): Span[] =>
  [...test.matchAll(
    /(?<![\w.])(?:v\d+|expected(?:_?\w+)?)\s*(?::\s*[^=;\n]+?)?\s*(?:<-|:?=(?![=~>]))\s*/g,
  )]
    // A comma may stand in the name of a type: `new Dictionary<string, int>`.
    .map((match) => ending(test, match.index + match[0].length, ";\n"));

/** `compare(x0, E)`: the tests' own function. */
const compared = (test: string): Span[] =>
  [...test.matchAll(/\bcompare\(\s*\w+\s*,\s*/g)]
    .map((match) => ending(test, match.index + match[0].length));

/** `assert f(x) == E`, `console.assert(f(x) === E)`, `assert (f(x) == E)`. */
const equalities = (test: string): Span[] =>
  // The last comparison of a line, for one before it may stand in an argument; none inside a text.
  [
    ...maskTexts(test).matchAll(
      /^.*(?:\b(?:assert|doAssert|check)\b|@test\b).*[^=!<>](===?)(?!=)[ \t]*/gm,
    ),
  ]
    .map((match) => ending(test, match.index + match[0].length));

/** `assert math.isclose(f(x), E, ...)` and `assert abs(f(x) - E) < t`. */
const closeness = (test: string): Span[] => [
  ...[...test.matchAll(/\bisclose\(/g)].flatMap((match) =>
    argumentsAt(test, match.index + match[0].length).slice(1, 2)
  ),
  ...[...test.matchAll(/\babs\(.*\)\s*-\s*(?=[^()]*\)\s*<)/g)].map((match) =>
    ending(test, match.index + match[0].length)
  ),
];

/** `assert_eq!(f(x), E)`, `assert.Equal(t, E, f(x))`, `assertEquals(E, f(x))`: the argument that calls nothing. */
const equals = (test: string): Span[] =>
  [...test.matchAll(
    /\b(?:identical|assert(?:_eq!|Equals?|\.(?:Equal|equal|deepEqual|strictEqual|deepStrictEqual)))\s*\(/g,
  )]
    .flatMap((match) => {
      const given = argumentsAt(test, match.index + match[0].length)
        .filter(({ from, to }) => !/^\s*t\s*$/.test(test.slice(from, to)))
        .slice(0, 2);
      return given.filter(({ from, to }) => !/[A-Za-z_]\w*!?\s*[(.]/.test(test.slice(from, to)))
        .slice(-1);
    });

/** `(define expected_1 E)`, `(check-equal? (f x) E)`, `(check-within (f x) E t)`: the second word after the first. */
const lists = (test: string): Span[] =>
  [...test.matchAll(/\(\s*(?:define\s+(?:v\d+|expected[\w-]*)|check-(?:equal\?|within)\s)\s*/g)]
    .map((match) => {
      const from = match.index + match[0].length;
      const first = match[0].includes("define") ? from : datum(test, from).to;
      return datum(test, first);
    });

/** `assert!(f(x) == E)` over any number of lines: what stands behind the last `==` that is in no bracket. */
const conditions = (test: string): Span[] => {
  const masked = maskTexts(test);
  return [...masked.matchAll(/\b(?:debug_)?assert!?\s*\(/g)].flatMap((match) => {
    let depth = 0;
    let found: number | undefined;
    for (let at = match.index + match[0].length; at < masked.length; at++) {
      const character = masked[at] as string;
      if ("([{".includes(character)) depth++;
      else if (")]}".includes(character)) depth--;
      const equality = /^[^=!<>]===?(?=[^=])\s*/.exec(masked.slice(at, at + 80));
      if (depth === 0 && equality !== null) found = at + equality[0].length;
      if (depth < 0 || (depth === 0 && character === ",")) {
        return found === undefined ? [] : [{ from: found, to: at }];
      }
    }
    return [];
  });
};

/** HumanEval-X's `issame(f(x), E)`. */
const same = (test: string): Span[] =>
  [...test.matchAll(/\bissame\s*\((?!\s*(?:vector|map|string)\s*<)/g)].flatMap((match) =>
    argumentsAt(test, match.index + match[0].length, ",").slice(1, 2)
  );

/** HumanEval-X's `List<Boolean> correct = Arrays.asList(f(x) == E, f(y).equals(E), f(z))`: its elements. */
const truths = (test: string): Span[] =>
  [...test.matchAll(/\bList<Boolean>\s+\w+\s*=\s*(?:Arrays\.asList|List\.of)\s*\(\s*/g)].flatMap(
    (match) => argumentsAt(test, match.index + match[0].length, ","),
  );

const expectedTruths = (test: string): Span[] =>
  truths(test).flatMap(({ from, to }) => {
    const element = maskTexts(test.slice(from, to));
    const called = element.lastIndexOf(".equals(");
    if (called >= 0) return argumentsAt(test, from + called + ".equals(".length, ",").slice(0, 1);
    const compared = /^(.*[^=!<>])==\s*(?=[^=])/s.exec(element);
    return compared === null ? [] : [{ from: from + compared[0].length, to }];
  });

/** One expression of a Lisp, white space ahead of it passed over. */
const datum = (text: string, start: number): Span => {
  const from = start + (/^\s*/.exec(text.slice(start))?.[0].length ?? 0);
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const character = text[at] as string;
    if (character === '"') at = closing(text, at);
    else if ("([{".includes(character)) depth++;
    else if (")]}".includes(character) && --depth < 0) return { from, to: at };
    else if (depth === 0 && /\s/.test(character)) return { from, to: at };
    if (depth === 0 && ')]}"'.includes(text[at] as string)) return { from, to: at + 1 };
  }
  return { from, to: text.length };
};

const styles = [
  variables,
  compared,
  equalities,
  closeness,
  equals,
  lists,
  conditions,
  same,
  expectedTruths,
];

/** An expression from `from` to where it ends: a `;`, a comma, a line's end or a bracket that it did not open. */
const ending = (text: string, from: number, ends = ";,\n"): Span => {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const character = text[at] as string;
    if (character === '"' || character === "'" || character === "`") {
      at = closing(text, at);
    } else if ("([{".includes(character)) depth++;
    else if (")]}".includes(character)) {
      if (--depth < 0) return { from, to: at };
    } else if (
      depth === 0 && (ends.includes(character) || /^(&&|\|\|)/.test(text.slice(at, at + 2)))
    ) {
      return { from, to: at };
    }
  }
  return { from, to: text.length };
};

/** The inside of texts blanked, at the same length. */
const maskTexts = (test: string): string =>
  test.replace(
    /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g,
    (text) => text[0] + "_".repeat(text.length - 2) + text[0],
  );

const closing = (text: string, open: number): number => {
  for (let at = open + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === text[open]) return at;
    else if (text[at] === "\n" && text[open] !== "`") return open;
  }
  return open;
};

const argumentsAt = (text: string, from: number, ends?: string): Span[] => {
  const found: Span[] = [];
  for (let at = from; at < text.length;) {
    const span = ending(text, at, ends);
    found.push(span);
    if (text[span.to] !== ",") break;
    at = span.to + 1;
  }
  return found;
};

const literal =
  /"""[^]*?"""|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|(?<![\w.$])(?:true|false|True|False)\b|(?<![\w.$])(?!0[xXoObB]|\d+[eE]-)\d+/g;

/**
 * An expression with its first literal changed, into one of `others` if they have another of its kind; in languages
 * without types, an empty or unknown one gets an element more.
 */
const spoilText = (
  text: string,
  language: string,
  others: readonly string[],
): string | undefined => {
  if (text.trim() === "") return undefined;
  for (const match of text.matchAll(literal)) {
    const [found] = match;
    // Of `(a, b)` JavaScript and C keep the last.
    const ahead = text.slice(0, match.index);
    if (
      /(?:^|[^\w$)\]])\(\s*$/.test(ahead) && /^\s*,/.test(text.slice(match.index + found.length))
    ) {
      if (/^(javascript|typescript|c|cpp)$/.test(language)) continue;
    }
    const other = otherLiteral(found, language, others);
    if (other !== undefined) {
      return text.slice(0, match.index) + other + text.slice(match.index + found.length);
    }
  }
  const wrap = wrappers[language];
  if (wrap === undefined) return undefined;
  const empty = /^\s*(?:\[\s*\]|\{\s*\})\s*$/.test(text) && !/^(racket|r|php)$/.test(language);
  const curly = text.includes("{");
  if (empty && curly === (language === "lua")) return curly ? "{1}" : "[1]";
  return wrap(text.trim());
};

const otherLiteral = (
  found: string,
  language: string,
  others: readonly string[],
): string | undefined => {
  if (/^[tfTF]/.test(found)) {
    return { true: "false", false: "true", True: "False", False: "True" }[found];
  }
  const number = /^\d/.test(found);
  if (number && /^0\d/.test(found)) return undefined;
  // One and zero change places: where any number but zero is true, another number would still be right.
  if (found === "0" || found === "1") return found === "0" ? "1" : "0";
  const borrowed = others.map((text) => text.match(literal)?.[0] ?? "").find((other) =>
    other !== found &&
    (number ? /^[1-9]/.test(other) : quoteOf(other) === quoteOf(found) && other.length > 2) &&
    !`${other}${found}`.includes("\\") && other.length <= found.length * 4 + 8
  );
  if (borrowed !== undefined) return borrowed;
  if (number) return String((Number(found[0]) + 2) % 9 + 1) + found.slice(1);
  if (found.startsWith("'") && characterLiterals.has(language)) {
    return found.includes("\\") || !/^'\w'$/.test(found)
      ? (found === "'q'" ? "'k'" : "'q'")
      : `'${next(found[1] ?? "")}'`;
  }
  // The last letter or digit that stands for itself.
  const ends = found.startsWith('"""') ? 3 : 1;
  const plain = found.includes("$") || found.includes("{")
    ? undefined
    : [...found.slice(0, -ends).matchAll(/\\(?:[xuU]\{?[0-9a-fA-F]+|.)|[a-zA-Z0-9]/g)]
      .filter(([each]) => each.length === 1).at(-1);
  return plain === undefined
    ? `${found.slice(0, -ends)}a${found.slice(-ends)}`
    : found.slice(0, plain.index) + next(plain[0]) + found.slice(plain.index + 1);
};

const quoteOf = (text: string): string => /^(?:"""|["'])/.exec(text)?.[0] ?? "";

/** Another letter or digit of the same kind. */
const next = (character: string): string => {
  const of = ["abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"]
    .find((all) => all.includes(character)) ?? "ab";
  return of[(of.indexOf(character) + 3) % of.length] ?? "a";
};

const characterLiterals = new Set([
  "c",
  "cpp",
  "java",
  "csharp",
  "kotlin",
  "scala",
  "go",
  "rust",
  "d",
]);

const list = (text: string) => `[${text}, 1]`;
const wrappers: Record<string, (text: string) => string> = {
  python: list,
  javascript: list,
  typescript: list,
  ruby: list,
  php: list,
  perl: list,
  lua: (text) => `{${text}, 1}`,
  elixir: list,
  r: (text) => `list(${text}, 1)`,
  racket: (text) => `(list ${text} 1)`,
  julia: list,
};

/** Comments blanked at the same length; literals stay. */
const blankComments = (test: string, language: string): string => {
  const comment = /^(python|ruby|perl|bash|r|julia|elixir|nim)$/.test(language)
    ? /#[^\n]*/
    : language === "lua" || language === "haskell"
    ? /--[^\n]*/
    : language === "racket"
    ? /;[^\n]*/
    : language === "fortran"
    ? /![^\n]*/
    : language === "ocaml"
    ? /\(\*[\s\S]*?\*\)/
    : language === "php"
    ? /\/\/[^\n]*|#[^\n]*|\/\*[\s\S]*?\*\//
    : /\/\/[^\n]*|\/\*[\s\S]*?\*\//;
  return test.replace(
    new RegExp(`"(?:[^"\\\\\\n]|\\\\.)*"|'(?:[^'\\\\\\n]|\\\\.)*'|${comment.source}`, "g"),
    (text) => /^["']/.test(text) ? text : text.replace(/[^\n]/g, " "),
  );
};
