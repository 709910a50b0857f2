import { bash } from "./bash.ts";
import { c } from "./c.ts";
import { cpp } from "./cpp.ts";
import { csharp } from "./csharp.ts";
import { go } from "./go.ts";
import { java } from "./java.ts";
import { javascript } from "./javascript.ts";
import { scala } from "./scala.ts";
import { haskell } from "./haskell.ts";
import { ocaml } from "./ocaml.ts";
import { r } from "./r.ts";
import { d } from "./d.ts";
import { fortran } from "./fortran.ts";
import { julia } from "./julia.ts";
import { kotlin } from "./kotlin.ts";
import { nim } from "./nim.ts";
import { racket } from "./racket.ts";
import { elixir } from "./elixir.ts";
import { swift } from "./swift.ts";
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
  [
    python,
    javascript,
    typescript,
    c,
    cpp,
    rust,
    go,
    java,
    csharp,
    php,
    ruby,
    lua,
    perl,
    bash,
    scala,
    haskell,
    ocaml,
    r,
    d,
    fortran,
    julia,
    kotlin,
    nim,
    racket,
    elixir,
    swift,
  ].map(
    (language) => [language.name, language],
  ),
);
