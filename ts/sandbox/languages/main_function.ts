import { withoutComments } from "./c_signature.ts";

/**
 * The program with `statement` at the end of its last `main`, ahead of a `return` that ends it: for languages whose
 * statements all lie in functions.
 */
export const finishMain = (program: string, statement: string): string => {
  const bare = withoutComments(program);
  const heads = [...bare.matchAll(/\b[mM]ain\s*\([^{};]*\)[^{};()]*\{/g)];
  const head = heads.at(-1);
  if (head === undefined) return program;
  let depth = 0;
  let at = head.index + head[0].length - 1;
  for (; at < bare.length; at++) {
    if (bare[at] === "{") depth++;
    else if (bare[at] === "}" && --depth === 0) break;
  }
  const body = bare.slice(head.index, at);
  const ending = /\breturn\b[^;{}]*;\s*$/.exec(body);
  const cut = ending === null ? at : head.index + ending.index;
  return `${program.slice(0, cut)}\n${statement}\n${program.slice(cut)}`;
};

/** The program with `statement` ahead of its last closing brace. */
export const finishLastBrace = (program: string, statement: string): string => {
  const at = withoutComments(program).lastIndexOf("}");
  return at < 0
    ? `${program}\n${statement}\n`
    : `${program.slice(0, at)}\n${statement}\n${program.slice(at)}`;
};
