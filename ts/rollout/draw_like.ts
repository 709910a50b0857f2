import type { Schema } from "effect";
import type { Random } from "../data/mod.ts";

/**
 * A value like those given: integers and lengths within their span, texts of their characters, lists of
 * elements like theirs. What is neither (fractions, objects, a mixture) is one of those given.
 */
export const drawLike = (values: readonly Schema.Json[], random: Random): Schema.Json => {
  if (values.every((value) => typeof value === "boolean")) return random.chance(0.5);
  if (values.every((value) => Number.isSafeInteger(value))) {
    return within(values as readonly number[], random);
  }
  if (values.every((value) => typeof value === "string")) {
    const characters = values.flatMap((text) => [...text]);
    const length = within(values.map((text) => [...text].length), random);
    return Array.from({ length }, () => random.pick(characters)).join("");
  }
  if (values.every((value) => Array.isArray(value))) {
    const elements = values.flat();
    const length = within(values.map((list) => list.length), random);
    return Array.from({ length }, () => drawLike(elements, random));
  }
  return random.pick(values);
};

const within = (numbers: readonly number[], random: Random): number =>
  random.int(Math.min(...numbers), Math.max(...numbers));
