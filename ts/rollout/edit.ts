import type { Random } from "../data/mod.ts";

/** What an operator or word between spaces becomes; the same spellings mean the same in most languages. */
const swaps: Readonly<Record<string, readonly string[]>> = {
  "<": ["<=", ">"],
  "<=": ["<"],
  ">": [">=", "<"],
  ">=": [">"],
  "==": ["!="],
  "!=": ["=="],
  "~=": ["=="],
  "===": ["!=="],
  "!==": ["==="],
  "+": ["-"],
  "-": ["+"],
  "*": ["+"],
  "+=": ["-="],
  "-=": ["+="],
  "&&": ["||"],
  "||": ["&&"],
  and: ["or"],
  or: ["and"],
  true: ["false"],
  false: ["true"],
  True: ["False"],
  False: ["True"],
};

/**
 * The program with one operator or whole number changed; `undefined` if it has neither. Whether that made
 * it wrong is for its tests to say.
 */
export const editOnce = (code: string, random: Random): string | undefined => {
  const places = [...code.matchAll(/(?<= )[^\s\w]+(?= )|\b(?:and|or|[Tt]rue|[Ff]alse|\d{1,6})\b/g)]
    .flatMap(({ 0: found, index }) => {
      const others = /^\d/.test(found)
        ? [Number(found) + 1, Math.abs(Number(found) - 1)].map(String)
        : swaps[found];
      return others === undefined ? [] : [{ found, index, others }];
    });
  if (places.length === 0) return undefined;
  const { found, index, others } = random.pick(places);
  return code.slice(0, index) + random.pick(others) + code.slice(index + found.length);
};
