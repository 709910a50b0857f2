/** How a language writes names of functions. */
export type Spelling = "snake_case" | "camelCase" | "PascalCase" | "kebab-case";

/**
 * A name of several words in a language's spelling; one of a single word is legal everywhere and stays.
 * Words end where a small letter or digit meets a capital, and at underscores.
 */
export const respell = (name: string, spelling: Spelling): string => {
  const words = name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").split("_").filter((word) =>
    word !== ""
  );
  if (words.length < 2) return name;
  const lower = words.map((word) => word.toLowerCase());
  if (spelling === "snake_case") return lower.join("_");
  if (spelling === "kebab-case") return lower.join("-");
  const capital = lower.map((word) => word[0]!.toUpperCase() + word.slice(1));
  return spelling === "PascalCase" ? capital.join("") : [lower[0], ...capital.slice(1)].join("");
};
