import { printJson } from "../json.ts";
import { goHarness, goTestify } from "./go_harness.ts";
import type { Language } from "./language.ts";
import { finishMain } from "./main_function.ts";

/** Compiler and linker without the `go` command's own rounds through the file system. */
const build = `set -e
"{0}" tool compile -o /tmp/main.a -p main -complete -pack -importcfg /opt/prepared/importcfg /work/*.go
"{0}" tool link -o /work/program -s -w -importcfg /opt/prepared/importcfg /tmp/main.a`;

/** Go brings its standard library as source only: it is built once, with what tests written for `testify` ask of it. */
const prepare = `set -e
cd /opt/prepared
mkdir packages
export GOCACHE=/opt/prepared/cache
"{0}" list -export -f '{{if .Export}}{{.ImportPath}} {{.Export}}{{end}}' std > list
number=0
while read -r name file; do
  number=$((number + 1))
  cp "$file" packages/$number.a
  echo "packagefile $name=/opt/prepared/packages/$number.a"
done < list > importcfg
cat > testify.go << 'END'
${goTestify}
END
"{0}" tool compile -o packages/testify.a -p github.com/stretchr/testify/assert -complete -pack -importcfg importcfg testify.go
echo "packagefile github.com/stretchr/testify/assert=/opt/prepared/packages/testify.a" >> importcfg
rm -rf cache list testify.go`;

export const go: Language = {
  name: "go",
  package: "golang-go",
  spelling: "camelCase",
  comment: "//",
  source: "main.go",
  variants: [{
    tools: ["go"],
    version: ["{0}", "version"],
    prepare: ["/usr/bin/sh", "-c", prepare],
    compile: ["/usr/bin/sh", "-c", build],
    run: ["/work/program"],
    environment: {
      GOCACHE: "/tmp/go-cache",
      GOPATH: "/tmp/go",
      GOTOOLCHAIN: "local",
      GOFLAGS: "-mod=mod",
      GO111MODULE: "off",
      CGO_ENABLED: "0",
      GOTELEMETRY: "off",
    },
    needs: { build: ["sh", "/usr/local/go", "/usr/lib/go*", "/usr/share/go*"] },
  }],
  hello: 'package main\n\nimport "fmt"\n\nfunc main() { fmt.Println("hello") }',
  allowance: { memory_mb: 64 },
  threads: 32,
  call: ({ code, name, cases, mark, first }) => ({
    files: {
      "main.go": inMain(code).replace(/\bfunc\s+main\s*\(\s*\)/, "func calqueUnusedMain()"),
      "harness.go": goHarness(name),
    },
    stdin: printJson({ cases, mark, first }),
  }),
  join: (code, test) => withImports(`${code}\n${test}`),
  finish: (program, nonce) => {
    const tests = [...program.matchAll(/^func\s+(Test\w*)\s*\(\s*\w+\s+\*testing\.T\s*\)/gm)]
      .map((match) => match[1]);
    const said = `calqueOs.Stdout.WriteString("\\n${nonce}\\n")`;
    const imported = (names: readonly string[]) =>
      program.replace(
        /^\s*package\s+\w+[^\n]*$/m,
        (clause) => clause + names.map((name) => `\nimport calque${name}`).join(""),
      );
    if (/\bfunc\s+main\s*\(\s*\)/.test(program) || tests.length === 0) {
      return finishMain(imported(['Os "os"']), said);
    }
    return `${imported(['Os "os"', 'Testing "testing"'])}
func main() {
	failed := false
	watched := func(test func(*calqueTesting.T)) func(*calqueTesting.T) {
		return func(t *calqueTesting.T) {
			defer func() { failed = failed || t.Failed() }()
			test(t)
		}
	}
	calqueTesting.Main(func(string, string) (bool, error) { return true, nil }, []calqueTesting.InternalTest{
${tests.map((name) => `		{"${name}", watched(${name})},`).join("\n")}
		{"last", func(*calqueTesting.T) {
			if !failed {
				${said}
			}
		}},
	}, nil, nil)
}
`;
  },
};

const imports = /^[ \t]*import\s*(?:\(([^)]*)\)|((?:[\w.]+\s+)?"[^"\n]+"))[ \t]*;?[ \t]*$/gm;

/**
 * Code and test as one file, whose imports stand at its top, each once. What only the tests' own set-up would bring
 * (packages of the standard library, testify's `assert`) is brought where it is named.
 */
const withImports = (program: string): string => {
  const specs = new Set<string>();
  const body = program.replace(/^\s*package\s+\w+[ \t]*$/gm, "").replace(
    imports,
    (_, many: string | undefined, one: string | undefined) => {
      for (const spec of (many ?? one ?? "").split(/[\n;]/)) {
        const plain = spec.replace(/\/\/.*/, "").trim().replace(/\s+/g, " ");
        if (plain !== "") specs.add(plain);
      }
      return "";
    },
  );
  if (/\bassert\.New\(/.test(body)) specs.add('"github.com/stretchr/testify/assert"');
  const names = new Set([...specs].map((spec) => /(\w+)"$/.exec(spec)?.[1]));
  for (const path of usual) {
    const name = path.slice(path.lastIndexOf("/") + 1);
    if (!names.has(name) && new RegExp(`(?<![\\w.])${name}\\.[A-Z]`).test(body)) {
      specs.add(`"${path}"`);
    }
  }
  return `package main\n${[...specs].map((spec) => `import ${spec}`).join("\n")}\n${body}`;
};

const usual: readonly string[] = (
  "bytes container/heap crypto/md5 encoding/hex errors fmt math math/bits math/rand os reflect regexp sort strconv " +
  "strings testing time unicode"
).split(" ");

const inMain = (code: string): string =>
  /^\s*package\s+\w+/m.test(code)
    ? code.replace(/^\s*package\s+\w+/m, "package main")
    : `package main\n${code}`;
