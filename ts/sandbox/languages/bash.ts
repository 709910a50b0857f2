import type { Json } from "../json.ts";
import { append, type Language } from "./language.ts";

export const bash: Language = {
  name: "bash",
  package: "bash",
  spelling: "snake_case",
  comment: "#",
  source: "main.sh",
  variants: [{
    tools: ["bash"],
    version: ["{0}", "--version"],
    run: ["{0}", "--norc", "--noprofile", "/work/{source}"],
  }],
  hello: "echo hello",
  syntaxError: /syntax error/,
  loose: { scalars: true, containers: true, words: true },
  // Arguments are words, those of a list one each; what the function prints is its result.
  call: ({ code, name, cases, mark, first }) => ({
    files: {
      "solution.sh": code,
      "main.sh": `source /work/solution.sh || exit 1
declare -F ${name} > /dev/null || { echo "no function named ${name}" >&2; exit 1; }
calque_say() { builtin printf '\\n%s %s\\n' '${mark}' "$1"; }
calque_call() {
  local at=$1 text status
  shift
  text=$(${name} "$@")
  status=$?
  if [[ $status -ne 0 && -z $text ]]; then calque_say "$at !status $status"; return; fi
  text=\${text//\\\\/\\\\\\\\}
  text=\${text//\\"/\\\\\\"}
  text=\${text//$'\\n'/\\\\n}
  text=\${text//$'\\t'/\\\\t}
  text=\${text//$'\\r'/\\\\r}
  calque_say "$at \\"$text\\""
}
calque_say ready
${
        cases.map((given, at) => `calque_call ${at + first} ${given.flatMap(words).join(" ")}`)
          .join("\n")
      }
`,
    },
  }),
  finish: append((nonce) => `builtin printf '\\n${nonce}\\n'`),
};

const words = (value: Json): string[] => {
  if (Array.isArray(value)) return value.flatMap((each) => words(each as Json));
  const text = typeof value === "string" ? value : value === null ? "" : String(value);
  return [`'${text.replaceAll("\0", "").replaceAll("'", `'\\''`)}'`];
};
