import { bash } from "./bash.ts";
import { c } from "./c.ts";
import { cpp } from "./cpp.ts";
import { csharp } from "./csharp.ts";
import { go } from "./go.ts";
import { java } from "./java.ts";
import { javascript } from "./javascript.ts";
import type { Language } from "./language.ts";
import { lua } from "./lua.ts";
import { perl } from "./perl.ts";
import { php } from "./php.ts";
import { python } from "./python.ts";
import { ruby } from "./ruby.ts";
import { rust } from "./rust.ts";
import { typescript } from "./typescript.ts";

/** Every language that can be judged, by name. */
export const languages: ReadonlyMap<string, Language> = new Map(
  [python, javascript, typescript, c, cpp, rust, go, java, csharp, php, ruby, lua, perl, bash].map(
    (language) => [language.name, language],
  ),
);
