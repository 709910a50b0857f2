import assert from "node:assert/strict";
import { Effect } from "effect";
import { type JudgeRequest, languages, Sandbox, unavailable, type VerdictClass } from "./mod.ts";

/** Whole programs of a language, and a test in the style of its test programs. */
interface Programs {
  /** Prints twice the number that it reads. */
  readonly double: string;
  readonly broken: string;
  readonly crash: string;
  /** `f` adds one; the tests expect 2 of f(1), and 3 of f(2). */
  readonly right: string;
  readonly wrong: string;
  readonly test: string;
}

const samples: Readonly<Record<string, Programs>> = {
  scala: {
    double:
      "object Main { def main(a: Array[String]): Unit = println(scala.io.StdIn.readInt() * 2) }",
    broken: "object Main { def main(a: Array[String]): Unit = println( }",
    crash: "object Main { def main(a: Array[String]): Unit = println(1 / (a.length)) }",
    right: "object Main extends App {\n  def f(n: Int): Int = {\n    n + 1\n  }\n",
    wrong: "object Main extends App {\n  def f(n: Int): Int = {\n    n\n  }\n",
    test:
      '    var x0 : Int = f(1)\n    var v0 : Int = 2\n    assert(x0 == v0, "Exception -- test case 0 did not pass. x0 = " + x0)\n}\n',
  },
  kotlin: {
    double: "fun main() { println(readLine()!!.toInt() * 2) }",
    broken: "fun main() { println( }",
    crash: "fun main() { println(listOf<Int>()[3]) }",
    right: "fun f(n : Int) : Int {\n    return n + 1\n}\n",
    wrong: "fun f(n : Int) : Int {\n    return n\n}\n",
    test:
      'fun main() {\n    var x0 : Int = f(1);\n    var v0 : Int = 2;\n    if (x0 != v0) {\n        throw Exception("Exception -- test case 0 did not pass. x0 = " + x0)\n    }\n}\n',
  },
  haskell: {
    double: "main :: IO ()\nmain = do\n  n <- readLn :: IO Int\n  print (2 * n)\n",
    broken: "main = print (1 +\n",
    crash: "main = print (head ([] :: [Int]))\n",
    right: "f :: Int -> Int\nf n = n + 1\n",
    wrong: "f :: Int -> Int\nf n = n\n",
    test:
      'expected_1 = 2\n\nmain :: IO ()\nmain = do\n  if f 1 == expected_1 then return () else error "test case 0 did not pass"\n',
  },
  ocaml: {
    double: 'let () = Printf.printf "%d\\n" (2 * read_int ())',
    broken: "let () = print_int (1 +",
    crash: "let () = print_int (List.hd [])",
    right: "let f n = n + 1",
    wrong: "let f n = n",
    test: "let expected_1 = 2\nlet () = assert (f 1 = expected_1)",
  },
  r: {
    double: 'cat(2 * as.integer(readLines(file("stdin"))[1]), "\\n")',
    broken: "f <- function(x { x",
    crash: "stop('no')",
    right: "f <- function(n) { n + 1 }",
    wrong: "f <- function(n) { n }",
    test: "expected_1 <- 2\nif (f(1) != expected_1) stop('test case 0 did not pass')",
  },
  d: {
    double:
      "import std.stdio, std.conv, std.string;\nvoid main() { writeln(2 * readln().strip.to!int); }",
    broken: "void main() { int x = ; }",
    crash: "void main(string[] a) { int[] xs; xs[a.length]++; }",
    right: "int f(int n) { return n + 1; }",
    wrong: "int f(int n) { return n; }",
    test: "void main() {\n  int expected_1 = 2;\n  assert(f(1) == expected_1);\n}",
  },
  fortran: {
    double:
      "program double\n  integer :: n\n  read *, n\n  print '(I0)', 2 * n\nend program double",
    broken: "program double\n  integer :: n\n  read *, \n  prnt n\nend program double",
    crash: "program crash\n  error stop 3\nend program crash",
    right:
      "module tested\ncontains\n  integer function f(n)\n    integer, intent(in) :: n\n    f = n + 1\n  end function\nend module",
    wrong:
      "module tested\ncontains\n  integer function f(n)\n    integer, intent(in) :: n\n    f = n\n  end function\nend module",
    test:
      "program test\n  use tested\n  integer :: expected_1\n  expected_1 = 2\n  if (f(1) /= expected_1) error stop 'test case 0 did not pass'\nend program",
  },
  julia: {
    double: "println(2 * parse(Int, readline()))",
    broken: "function f(x",
    crash: 'error("no")',
    right: "f(n) = n + 1",
    wrong: "f(n) = n",
    test: "expected_1 = 2\n@assert f(1) == expected_1",
  },
  nim: {
    double: "import strutils\necho 2 * stdin.readLine.parseInt",
    broken: "proc f(n: int: int =",
    crash: "var xs: seq[int]\necho xs[3]",
    right: "proc f(n: int): int = n + 1",
    wrong: "proc f(n: int): int = n",
    test: "let expected_1 = 2\ndoAssert f(1) == expected_1",
  },
  racket: {
    double: "#lang racket\n(displayln (* 2 (read)))",
    broken: "#lang racket\n(displayln (",
    crash: "#lang racket\n(displayln (car '()))",
    right: "#lang racket\n(define (f n) (+ n 1))",
    wrong: "#lang racket\n(define (f n) n)",
    test:
      '(define expected_1 2)\n(unless (equal? (f 1) expected_1) (error "test case 0 did not pass"))',
  },
  elixir: {
    double: 'IO.puts(2 * String.to_integer(String.trim(IO.gets(""))))',
    broken: "defmodule A do\n  def f(n do",
    crash: 'raise "no"',
    right: "defmodule A do\n  def f(n), do: n + 1\nend",
    wrong: "defmodule A do\n  def f(n), do: n\nend",
    test: 'expected_1 = 2\nif A.f(1) != expected_1, do: raise("test case 0 did not pass")',
  },
  swift: {
    double: "print(2 * Int(readLine()!)!)",
    broken: "let x: Int = ",
    crash: "let xs: [Int] = []\nprint(xs[3])",
    right: "func f(n: Int) -> Int { return n + 1 }",
    wrong: "func f(n: Int) -> Int { return n }",
    test: "let expected_1 = 2\nassert(f(n: 1) == expected_1)",
  },
};

/** Work in the sandbox, where it has the language; says so where it has not. */
const whereInstalled = (
  language: string,
  work: (sandbox: Sandbox["Service"]) => Effect.Effect<void>,
): Promise<void> =>
  Effect.runPromise(
    Effect.gen(function* () {
      const sandbox = yield* Sandbox;
      if (yield* sandbox.available(language)) return yield* work(sandbox);
      console.warn(`SKIPPED: ${language} is not installed (${languages.get(language)?.package})`);
    }).pipe(Effect.provide(Sandbox.layer())),
  );

for (const [language, sample] of Object.entries(samples)) {
  Deno.test(`programs of ${language}`, () =>
    whereInstalled(
      language,
      Effect.fnUntraced(function* (sandbox) {
        const tests = [{ stdin: "21\n", stdout: "42\n" }];
        const requests: readonly (readonly [VerdictClass, JudgeRequest])[] = [
          ["pass", { language, code: sample.double, tests }],
          ["wrong-answer", {
            language,
            code: sample.double,
            tests: [{ stdin: "20", stdout: "42" }],
          }],
          ["compile-error", { language, code: sample.broken, tests }],
          ["runtime-error", { language, code: sample.crash, tests }],
          ["pass", { language, code: sample.right, test_program: sample.test }],
          ["wrong-answer", { language, code: sample.wrong, test_program: sample.test }],
        ];
        for (const [verdict, request] of requests) {
          const judgement = yield* sandbox.judge(request);
          assert.equal(judgement.verdict, verdict, JSON.stringify([request, judgement], null, 1));
        }
      }),
    ));
}

/** `f(xs, s)`: the sum of the list and the characters of the text; and a crash for an empty list. */
const functions: Readonly<Record<string, string>> = {
  haskell: "f :: [Int] -> String -> Int\nf xs s = foldr1 (+) xs + length s",
  d: `import std.algorithm, std.range, std.stdio;
int f(int[] xs, string s) { writeln("noise"); if (xs.empty) throw new Exception("no"); return cast(int) (xs.sum + s.walkLength); }`,
  elixir:
    "def f(xs, s) do\n  IO.puts('noise')\n  Enum.reduce(xs, fn a, b -> a + b end) + String.length(s)\nend",
  racket:
    "#lang racket\n(define (f xs s) (displayln 'noise) (+ (first xs) (apply + (rest xs)) (string-length s)))",
  r: "f <- function(xs, s) { cat('noise\\n'); if (length(xs) == 0) stop('no'); sum(xs) + nchar(s) }",
  nim: `import unicode
proc f(xs: seq[int], s: string): int =
  if xs.len == 0: raise newException(ValueError, "no")
  for x in xs: result += x
  result += s.runeLen`,
};

for (const [language, code] of Object.entries(functions)) {
  Deno.test(`functions of ${language}`, () =>
    whereInstalled(
      language,
      Effect.fnUntraced(function* (sandbox) {
        const cases = [
          { arguments: [[1, 2, 3], "a\"b'c\\d\n$e\u00e9"], result: 17 },
          { arguments: [[], "x"], result: 1 },
          { arguments: [[-5], "x"], result: -4 },
          { arguments: [[7], ""], result: 8 },
        ];
        const judgement = yield* sandbox.judge({ language, code, function: "f", cases });
        assert.deepEqual(
          judgement.tests.map(({ verdict }) => verdict),
          ["pass", "runtime-error", "pass", "wrong-answer"],
          JSON.stringify(judgement, null, 1),
        );
      }),
    ));
}

Deno.test("languages whose programs cannot be run are told from the others", async () => {
  const names = ["python", "klingon", "javascript"];
  const missing = await Effect.runPromise(
    unavailable(names).pipe(Effect.provide(Sandbox.layer())),
  );
  assert.deepEqual(missing, ["klingon"]);
});

Deno.test("every language is whole", () => {
  for (const language of languages.values()) {
    assert.match(language.source, /^[\w.]+$/);
    assert.ok(language.variants.length > 0 && language.hello.includes("hello"), language.name);
    const finished = language.finish(language.hello, "nonce of the test");
    assert.ok(finished.includes("nonce of the test"), language.name);
  }
  assert.equal(languages.size, 26, String([...languages.keys()]));
});
