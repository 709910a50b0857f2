import { c } from "./c.ts";
import { javascript } from "./javascript.ts";
import type { Language } from "./language.ts";
import { lua } from "./lua.ts";
import { perl } from "./perl.ts";
import { php } from "./php.ts";
import { python } from "./python.ts";
import { typescript } from "./typescript.ts";

/** Every language that can be judged, by name. */
export const languages: ReadonlyMap<string, Language> = new Map(
  [python, javascript, typescript, c, lua, perl, php].map((language) => [language.name, language]),
);
