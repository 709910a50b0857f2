import type { Json } from "../json.ts";
import { append, type Language } from "./language.ts";

/** What scripts call beside the shell itself; interpreters of other languages are not among them. */
const commands: readonly string[] = (
  "[ arch awk b2sum base32 base64 basename bc cat cksum cmp comm cp csplit cut date dc dd diff dirname echo egrep env expand " +
  "expr factor false fgrep find fmt fold grep head id join ln ls md5sum mkdir mktemp mv nl nproc numfmt od paste " +
  "printenv printf pwd readlink realpath rev rm rmdir sed seq sha1sum sha256sum sha512sum shuf sleep sort split stat stdbuf " +
  "sum tac tail tee test timeout touch tr true truncate tsort uname unexpand uniq wc which xargs xxd yes"
).split(" ");

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
    needs: { build: commands },
    prepare: [
      "{0}",
      "-c",
      `for name in bash prlimit ${commands.join(" ")}; do
  path=$(type -P "$name") && cp -L "$path" /opt/prepared/
done
cp /opt/prepared/bash /opt/prepared/sh`,
    ],
    prepared_at: "/usr/bin",
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
