/** A parameter as a case gives it: a scalar, or a list that C passes as a pointer and a count behind it. */
export interface CType {
  readonly list: boolean;
  readonly element: Element;
  /** The type's own text, of one element. */
  readonly text: string;
}

export type Element = "bool" | "char" | "integer" | "unsigned" | "float" | "string" | "void";

export interface CSignature {
  readonly parameters: readonly CType[];
  readonly result: Element;
}

/**
 * The signature of the function `name` as C code defines it. `const int *xs, int xs_len` is one list (the count is
 * an integer named after the pointer: `_len`, `_size`, `_count`, `_n`, or plain `n`, `len`, `length`, `size`);
 * `const char *` is a string. Answers a text that says what is wrong where the code cannot be called.
 */
export const parseCSignature = (code: string, name: string): CSignature | string => {
  const bare = withoutComments(code);
  const definition = new RegExp(
    `(?:^|[;}\\n])\\s*((?:[A-Za-z_]\\w*[\\s*]+)+)${name}\\s*\\(([^(){};]*)\\)\\s*\\{`,
  ).exec(bare);
  if (definition === null) return `no function named ${name} is defined`;
  const result = elementOf((definition[1] as string).replace(/\b(static|inline|extern)\b/g, " "));
  if (result === undefined) return `the result type of ${name} is not known: ${definition[1]}`;
  const declared = (definition[2] as string).trim();
  const raw = declared === "" || declared === "void" ? [] : declared.split(",");
  const parameters: CType[] = [];
  for (let at = 0; at < raw.length; at++) {
    const parsed = parameterOf(raw[at] as string);
    if (parsed === undefined) {
      return `the parameter "${raw[at]?.trim()}" of ${name} has no known type`;
    }
    const next = at + 1 < raw.length ? parameterOf(raw[at + 1] as string) : undefined;
    const { pointer, variable, text, element } = parsed;
    if (!pointer) {
      parameters.push({ list: false, element, text });
    } else if (
      next !== undefined && !next.pointer && isInteger(next.element) &&
      counts(next.variable, variable)
    ) {
      parameters.push({ list: true, element, text });
      at++;
    } else {
      return `the pointer ${variable} of ${name} has no count behind it (expected "int ${variable}_len")`;
    }
  }
  return { parameters, result };
};

const isInteger = (element: Element) => element === "integer" || element === "unsigned";

const counts = (count: string, list: string) =>
  ["len", "size", "count", "n", "length"].some((word) =>
    count === word || count === `${list}_${word}` ||
    count === `${list}${word[0]?.toUpperCase()}${word.slice(1)}`
  );

interface Parameter {
  readonly pointer: boolean;
  readonly variable: string;
  readonly text: string;
  readonly element: Element;
}

const parameterOf = (declaration: string): Parameter | undefined => {
  const match = /^\s*(.*?[\s*])([A-Za-z_]\w*)\s*(\[[^\]]*\])?\s*$/s.exec(declaration);
  if (match === null) return undefined;
  let type = (match[1] as string).replace(/\b(restrict|__restrict|register)\b/g, " ")
    .replace(/\*\s*const\b/g, "*").replace(/\s+/g, " ").trim();
  let pointer = match[3] !== undefined;
  const isText = (t: string) => /^(const )?char( const)? ?\*$/.test(t);
  if (!pointer && type.endsWith("*") && !isText(type)) {
    pointer = true;
    type = type.slice(0, -1).trim();
  }
  // `char s[]` is a string as `char *s` is.
  if (pointer && match[3] !== undefined && /^(const )?char( const)?$/.test(type)) {
    pointer = false;
    type += " *";
  }
  const element = elementOf(type);
  return element === undefined || element === "void" ? undefined : {
    pointer,
    variable: match[2] as string,
    text: pointer ? type.replace(/^const /, "") : type,
    element,
  };
};

const elementOf = (type: string): Element | undefined => {
  const words = type.replace(/\*/g, " * ").split(/\s+/).filter((word) =>
    word !== "" && word !== "const"
  );
  const text = words.join(" ");
  if (text === "char *") return "string";
  if (words.includes("*")) return undefined;
  if (text === "bool" || text === "_Bool") return "bool";
  if (text === "char") return "char";
  if (text === "void") return "void";
  if (/^(long )?double$|^float$/.test(text)) return "float";
  if (
    /^(unsigned( (char|short|int|long|long long))?( int)?|u?int(8|16|32|64)_t|size_t|uintptr_t)$/
      .test(text)
  ) {
    return /^u|^size_t/.test(text) ? "unsigned" : "integer";
  }
  return /^(signed )?(signed|short|int|long|long long|short int|long int|long long int|ssize_t|ptrdiff_t|intptr_t)$/
      .test(text)
    ? "integer"
    : undefined;
};

/** Comments and the inside of literals blanked, of the same length. */
export const withoutComments = (code: string): string =>
  code.replace(
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g,
    (text) =>
      text.startsWith("/")
        ? text.replace(/[^\n]/g, " ")
        : text[0] + " ".repeat(text.length - 2) + text[0],
  );
