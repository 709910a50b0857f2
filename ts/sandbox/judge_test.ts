import assert from "node:assert/strict";
import { Effect } from "effect";
import {
  type Json,
  type Judgement,
  type JudgeRequest,
  languages,
  Sandbox,
  type VerdictClass,
} from "./mod.ts";

/** What the languages' test programs have in common: a function of a list and a text. */
interface Sample {
  /** `f(xs, s)`: the sum of xs and the number of characters of s. */
  readonly right: string;
  readonly wrong: string;
  readonly broken: string;
  readonly crash: string;
  readonly endless: string;
  /** Prints what it reads. */
  readonly echo: string;
  readonly flood: string;
}

const samples: Readonly<Record<string, Sample>> = {
  python: {
    right: "def f(xs, s):\n    print('noise')\n    return sum(xs) + len(s)",
    wrong: "def f(xs, s): return -1",
    broken: "def f(xs, s: return",
    crash: "def f(xs, s): return 1 // 0",
    endless: "def f(xs, s):\n    while True: pass",
    echo: "import sys\nprint(sys.stdin.read(), end='')",
    flood: "while True: print('x' * 1000)",
  },
  javascript: {
    right:
      "const f = (xs, s) => { console.log('noise'); return xs.reduce((a, b) => a + b, 0) + [...s].length; };",
    wrong: "function f(xs, s) { return -1; }",
    broken: "function f(xs, s { return",
    crash: "function f(xs, s) { return nothing.at.all; }",
    endless: "function f(xs, s) { for (;;); }",
    echo: "process.stdout.write(require('fs').readFileSync(0, 'utf8'))",
    flood: "for (;;) console.log('x'.repeat(1000));",
  },
  typescript: {
    right:
      "export const f = (xs: number[], s: string): number => xs.reduce((a, b) => a + b, 0) + [...s].length;",
    wrong: "function f(xs: number[], s: string): number { return -1; }",
    broken: "function f(xs: number[], s { return",
    crash: "function f(xs: number[], s: string): number { throw new Error(s); }",
    endless: "function f(): number { for (;;); }",
    echo:
      "import { readFileSync } from 'node:fs'; process.stdout.write(readFileSync(0, 'utf8') as string)",
    flood: "for (;;) console.log('x'.repeat(1000));",
  },
  lua: {
    right:
      "local function f(xs, s)\n  print('noise')\n  local t = 0\n  for _, x in ipairs(xs) do t = t + x end\n  return t + utf8.len(s)\nend",
    wrong: "function f(xs, s) return -1 end",
    broken: "function f(xs, s return end",
    crash: "function f(xs, s) return nothing.at end",
    endless: "function f(xs, s) while true do end end",
    echo: "io.write(io.read('a'))",
    flood: "while true do print(string.rep('x', 1000)) end",
  },
  perl: {
    right:
      'sub f { my ($xs, $s) = @_; print "noise\\n"; my $t = 0; $t += $_ for @$xs; return $t + length($s); }',
    wrong: "sub f { return -1 }",
    broken: "sub f { return (1 }",
    crash: "sub f { die 'no' }",
    endless: "sub f { 1 while 1 }",
    echo: "print <STDIN>;",
    flood: "print 'x' x 1000, \"\\n\" while 1;",
  },
  php: {
    right:
      "<?php function f($xs, $s) { echo \"noise\\n\"; return array_sum($xs) + preg_match_all('/./us', $s); }",
    wrong: "<?php function f($xs, $s) { return -1; }",
    broken: "<?php function f($xs, $s { return",
    crash: "<?php function f($xs, $s) { throw new Exception('no'); }",
    endless: "<?php function f($xs, $s) { while (true); }",
    echo: "<?php echo stream_get_contents(STDIN);",
    flood: "<?php while (true) echo str_repeat('x', 1000), \"\\n\";",
  },
  c: {
    right: `#include <stdio.h>
// f(int *xs): a comment that is no signature
static int length(const char *s) { int n = 0; for (; *s; s++) n += (*s & 0xc0) != 0x80; return n; }
int f(const int *xs, int xs_len, const char *s) { puts("noise"); int t = 0; for (int i = 0; i < xs_len; i++) t += xs[i]; return t + length(s); }`,
    wrong: "int f(const int *xs, int xs_len, const char *s) { return -1; }",
    broken: "int f(const int *xs, int xs_len, const char *s) { return }",
    crash: "int f(const int *xs, int xs_len, const char *s) { return *(volatile int *)0; }",
    endless: "int f(const int *xs, int xs_len, const char *s) { for (volatile int i = 0;; i++); }",
    echo:
      "#include <stdio.h>\nint main(void) { int c; while ((c = getchar()) != EOF) putchar(c); return 0; }",
    flood:
      '#include <stdio.h>\nint main(void) { for (;;) puts("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"); }',
  },
  cpp: {
    right: `#include <iostream>
#include <string>
#include <vector>
int f(const std::vector<int> &xs, std::string s) { std::cout << "noise" << std::endl; int t = 0; for (int x : xs) t += x; for (char c : s) t += (c & 0xc0) != 0x80; return t; }`,
    wrong:
      "#include <string>\n#include <vector>\nint f(std::vector<int> xs, std::string s) { return -1; }",
    broken: "int f(std::vector<int> xs { return }",
    crash:
      "#include <string>\n#include <vector>\nint f(std::vector<int> xs, std::string s) { throw 1; }",
    endless:
      "#include <string>\n#include <vector>\nint f(std::vector<int> xs, std::string s) { for (volatile int i = 0;; i++); }",
    echo: "#include <iostream>\nint main() { std::cout << std::cin.rdbuf(); }",
    flood:
      '#include <iostream>\nint main() { for (;;) std::cout << "xxxxxxxxxxxxxxxxxxxxxxxxxxx\\n"; }',
  },
  ruby: {
    right: "def f(xs, s)\n  puts 'noise'\n  xs.sum + s.length\nend",
    wrong: "def f(xs, s) = -1",
    broken: "def f(xs, s\n  return (",
    crash: "def f(xs, s) = raise('no')",
    endless: "def f(xs, s)\n  loop {}\nend",
    echo: "print STDIN.read",
    flood: "loop { puts 'x' * 1000 }",
  },
  rust: {
    right: `fn f(xs: &[i64], s: &str) -> i64 {
    println!("noise");
    xs.iter().sum::<i64>() + s.chars().count() as i64
}`,
    wrong: "pub fn f(xs: Vec<i32>, s: String) -> i32 { -1 }",
    broken: "fn f(xs: Vec<i32>, s: String -> i32 {",
    crash: "fn f(xs: &Vec<i32>, s: &str) -> i32 { xs[xs.len() + 7] }",
    endless: "fn f(xs: &[i32], s: String) -> i32 { loop { std::hint::spin_loop() } }",
    echo:
      'fn main() { let mut s = String::new(); std::io::Read::read_to_string(&mut std::io::stdin(), &mut s).unwrap(); print!("{}", s); }',
    flood: 'fn main() { loop { println!("{}", "x".repeat(1000)) } }',
  },
  java: {
    right: `import java.util.*;
class Solution {
    public static int f(List<Integer> xs, String s) {
        System.out.println("noise");
        int t = 0;
        for (int x : xs) t += x;
        return t + s.codePointCount(0, s.length());
    }
}`,
    wrong: "public int f(int[] xs, String s) { return -1; }",
    broken: "class Solution { int f(int[] xs { return",
    crash: "class Solution { int f(int[] xs, String s) { return xs[xs.length]; } }",
    endless: "class Solution { static long f(int[] xs, String s) { for (;;); } }",
    echo:
      "public class Main { public static void main(String[] a) throws Exception { System.in.transferTo(System.out); } }",
    flood:
      'public class Main { public static void main(String[] a) { for (;;) System.out.println("x".repeat(1000)); } }',
  },
  go: {
    right: `package main

import "fmt"

func f(xs []int, s string) (t int) {
	fmt.Println("noise")
	for _, x := range xs {
		t += x
	}
	return t + len([]rune(s))
}`,
    wrong: "func f(xs []int64, s string) int { return -1 }",
    broken: "func f(xs []int, s string int {",
    crash: "func f(xs []int, s string) int { return xs[len(xs)] }",
    endless: "func f(xs []int, s string) int { for { } }",
    echo: 'package main\nimport ("io"; "os")\nfunc main() { io.Copy(os.Stdout, os.Stdin) }',
    flood:
      'package main\nimport "fmt"\nfunc main() { for { fmt.Println("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx") } }',
  },
  csharp: {
    right: `using System;
using System.Collections.Generic;
using System.Linq;
public class Solution {
  public static long f(List<int> xs, string s) {
    Console.WriteLine("noise");
    return xs.Sum() + new System.Globalization.StringInfo(s).LengthInTextElements;
  }
}`,
    wrong: "public int f(int[] xs, string s) { return -1; }",
    broken: "class Solution { int f(int[] xs { return",
    crash: "class Solution { int f(int[] xs, string s) { return xs[xs.Length]; } }",
    endless: "class Solution { static int f(IList<int> xs, string s) { for (;;); } }",
    echo:
      "class P { static void Main() { System.Console.OpenStandardInput().CopyTo(System.Console.OpenStandardOutput()); } }",
    flood:
      "class P { static void Main() { for (;;) System.Console.WriteLine(new string((char)120, 1000)); } }",
  },
  bash: {
    right:
      "f() { local t=0 s=${!#} i; for ((i = 1; i < $#; i++)); do ((t += ${!i})); done; echo $((t + ${#s})); }",
    wrong: "f() { echo -1; }",
    broken: "f() { if ; }",
    crash: "f() { return 3; }",
    endless: "f() { while :; do :; done; }",
    echo: "cat",
    flood: "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done",
  },
};

const cases = [
  { arguments: [[1, 2, 3], "a\"b'c\\d\n$e`é😀%s"], result: 21 },
  { arguments: [[], ""], result: 0 },
  { arguments: [[-5], "x"], result: -4 },
];
const limits = { cpu_s: 1, wall_s: 10, memory_mb: 128, output_kb: 64 };

const run = <A>(program: Effect.Effect<A, never, Sandbox>): Promise<A> =>
  Effect.runPromise(program.pipe(Effect.provide(Sandbox.layer())));

const judge = (request: JudgeRequest): Effect.Effect<Judgement, never, Sandbox> =>
  Sandbox.use((sandbox) => sandbox.judge(request));

for (const [language, sample] of Object.entries(samples)) {
  Deno.test(`verdict classes of ${language}`, () =>
    run(Effect.gen(function* () {
      if (!(yield* Sandbox.use((sandbox) => sandbox.available(language)))) {
        console.warn(`SKIPPED: ${language} is not installed (${languages.get(language)?.package})`);
        return;
      }
      const call = (code: string, more: object = {}) =>
        judge({ language, code, function: "f", cases, limits, ...more });
      const print = (code: string, stdin: string, stdout: string) =>
        judge({ language, code, tests: [{ stdin, stdout }], limits });
      const expected: [VerdictClass, Effect.Effect<Judgement, never, Sandbox>][] = [
        ["pass", call(sample.right)],
        ["wrong-answer", call(sample.wrong)],
        ["compile-error", call(sample.broken)],
        ["runtime-error", call(sample.crash)],
        ["time-limit", call(sample.endless, { stop_at_first: true })],
        ["pass", print(sample.echo, "42\n\u00e9 \n", "42\n\u00e9")],
        ["wrong-answer", print(sample.echo, "42", "43")],
        ["output-limit", print(sample.flood, "", "")],
      ];
      const judged = yield* Effect.forEach(expected, ([, judging]) => judging, { concurrency: 2 });
      assert.deepEqual(
        judged.map((each) => each.verdict),
        expected.map(([verdict]) => verdict),
        JSON.stringify(judged.filter((each, at) => each.verdict !== expected[at]?.[0]), null, 1),
      );
      assert.equal(judged[0]?.tests.length, 3);
      assert.equal(judged[4]?.tests.length, 1);
      assert.ok(judged[2]?.compile?.ok === false || judged[2]?.tests[0]?.stderr !== undefined);
    })));
}

Deno.test("a case that ends the process does not take the others with it", () =>
  run(Effect.gen(function* () {
    const code =
      "import os\ndef f(n):\n    if n == 1: os._exit(7)\n    if n == 3: raise ValueError('three')\n    return n";
    const request = {
      language: "python",
      code,
      function: "f",
      cases: [0, 1, 2, 3, 4].map((n) => ({ arguments: [n], result: n === 4 ? 5 : n })),
    };
    const whole = yield* judge(request);
    assert.deepEqual(
      whole.tests.map((test) => test.verdict),
      ["pass", "runtime-error", "pass", "runtime-error", "wrong-answer"],
    );
    assert.equal(whole.tests[1]?.exit_code, 7);
    assert.match(whole.tests[3]?.stderr ?? "", /three/);
    const stopped = yield* judge({ ...request, stop_at_first: true });
    assert.deepEqual(stopped.tests.map((test) => test.verdict), ["pass", "runtime-error"]);
  })));

Deno.test("integers keep every digit, floats have a tolerance", () =>
  run(Effect.gen(function* () {
    const big = 2n ** 200n + 1n;
    const call = (code: string, argument: number | bigint, result: number | bigint) =>
      Effect.map(
        judge({
          language: "python",
          code,
          function: "f",
          cases: [{ arguments: [argument], result }],
        }),
        (judgement) => judgement.verdict,
      );
    assert.equal(yield* call("def f(n): return n + 1", big, big + 1n), "pass");
    assert.equal(yield* call("def f(n): return n", big, big + 1n), "wrong-answer");
    assert.equal(yield* call("def f(x): return x / 3", 1, 0.33333334), "pass");
    assert.equal(yield* call("def f(x): return float('inf')", 1, 1), "wrong-answer");
  })));

Deno.test("what a program uses is counted over all its processes", () =>
  run(Effect.gen(function* () {
    const judgement = yield* judge({
      language: "python",
      code: `import os, time
held = bytes([1]) * (60 * 2**20)
for _ in range(2):
    if os.fork() == 0:
        while time.process_time() < 0.2: pass
        os._exit(0)
os.wait(); os.wait()`,
      tests: [{ stdout: "" }],
    });
    assert.equal(judgement.verdict, "pass");
    const [test] = judgement.tests;
    assert.ok(test !== undefined && test.cpu_ms >= 390, `cpu_ms ${test?.cpu_ms}`);
    assert.ok(test.memory_kb >= 60 * 1024, `memory_kb ${test.memory_kb}`);
    assert.ok(test.memory_kb < 256 * 1024, `memory_kb ${test.memory_kb}`);
  })));

Deno.test("an interrupted judgement ends its program at once", () =>
  run(Effect.gen(function* () {
    const started = performance.now();
    const sleeper = judge({
      language: "python",
      code: "import time\ntime.sleep(60)",
      tests: [{ stdout: "" }],
    });
    const outcome = yield* Effect.timeoutOption(sleeper, "1 second");
    assert.equal(outcome._tag, "None");
    // The permit is free again.
    const well = yield* judge({ language: "python", code: "print(1)", tests: [{ stdout: "1" }] });
    assert.equal(well.verdict, "pass");
    assert.ok(performance.now() - started < 30_000);
  })));

Deno.test("large input and output pass through whole", () =>
  run(Effect.gen(function* () {
    const text = "0123456789abcdef\n".repeat(200_000);
    const judgement = yield* judge({
      language: "python",
      code: "import sys\ndata = sys.stdin.read()\nsys.stderr.write(data)\nsys.stdout.write(data)",
      tests: [{ stdin: text, stdout: text }],
      compare: "exact",
      limits: { output_kb: 16_000 },
    });
    assert.equal(judgement.verdict, "pass");
  })));

Deno.test("answers in any order, within a tolerance, or as a program says", () =>
  run(Effect.gen(function* () {
    const verdict = (request: JudgeRequest) => Effect.map(judge(request), ({ verdict }) => verdict);
    const prints = (text: string, stdout: string, compare: NonNullable<JudgeRequest["compare"]>) =>
      verdict({
        language: "python",
        code: `print(${JSON.stringify(text)}, end="")`,
        tests: [{ stdin: "7", stdout }],
        compare,
      });
    const returns = (value: string, result: Json, compare: NonNullable<JudgeRequest["compare"]>) =>
      verdict({
        language: "python",
        code: `def f(n): return ${value}`,
        function: "f",
        cases: [{ arguments: [7], result }],
        compare,
      });
    assert.equal(yield* prints("b\na\nb", "a\nb \nb\n", "any-order"), "pass");
    assert.equal(yield* prints("a\nb\na", "a\nb\nb", "any-order"), "wrong-answer");
    assert.equal(yield* prints("0.3333", "0.33333333", { float: 1e-3 }), "pass");
    assert.equal(yield* returns("[2, [1], 2]", [[1], 2, 2], "any-order"), "pass");
    assert.equal(yield* returns("[2, 1, 1]", [1, 2, 2], "any-order"), "wrong-answer");
    assert.equal(yield* returns("0.34", 1 / 3, { float: 0.01 }), "pass");
    assert.equal(yield* returns("0.34", 1 / 3, { float: 0.001 }), "wrong-answer");
    assert.equal(yield* returns("0.1 + 0.2", 0.3, "exact"), "wrong-answer");
    // Any divisor of the input will do.
    const divides = {
      judge: {
        language: "lua",
        code: `local text = io.read("a")
local input = text:match('"input":%[?"?(%d+)')
local output = text:match('"output":"?(%-?%d+)')
if input == nil or output == nil then error("what is this? " .. text) end
os.exit(output ~= "0" and input % output == 0)`,
      },
    };
    assert.equal(yield* prints("7", "1", divides), "pass");
    assert.equal(yield* prints("3", "1", divides), "wrong-answer");
    assert.equal(yield* prints("none", "1", divides), "infrastructure");
    assert.equal(yield* returns("-1", 1, divides), "pass");
    assert.equal(yield* returns("5", 1, divides), "wrong-answer");
  })));

Deno.test("a test program passes right code, fails wrong code and is not believed when it cannot fail", () =>
  run(Effect.gen(function* () {
    const tests: [string, string, string, string][] = [
      [
        "python",
        "def f(a): return a + 1",
        "def f(a): return a",
        "def check(c):\n    assert c(1) == 2\n\ncheck(f)\n",
      ],
      [
        "javascript",
        "function f(a) { return a + 1; }",
        "function f(a) { return a; }",
        "console.assert(f(1) === 2);",
      ],
      [
        "php",
        "<?php function f($a) { return $a + 1; } ?>",
        "<?php function f($a) { return $a; }",
        "$x0 = f(1);\n$v0 = 2;\nif ($x0 != $v0) { throw new Exception('Error at 1th assert statement.'); }\n",
      ],
      [
        "lua",
        "function f(a) return a + 1 end",
        "function f(a) return a end",
        "assert(f(1) == 2)\n",
      ],
      [
        "perl",
        "sub f { $_[0] + 1 }",
        "sub f { $_[0] }",
        "my $x0 = f(1);\nmy $v0 = 2;\nunless ($x0 == $v0) { die 'did not pass' }\n",
      ],
      [
        "c",
        "int f(int a) { return a + 1; }",
        "int f(int a) { return a; }",
        "#include <assert.h>\n#include <stdio.h>\nint main() {\n  assert(f(1) == 2);\n  return 0;\n}\n",
      ],
    ];
    for (const [language, right, wrong, test_program] of tests) {
      const passed = yield* judge({ language, code: right, test_program });
      assert.equal(passed.verdict, "pass", `${language}: ${JSON.stringify(passed)}`);
      const failed = yield* judge({ language, code: wrong, test_program });
      assert.equal(failed.verdict, "wrong-answer", `${language}: ${JSON.stringify(failed)}`);
    }
    const marked = yield* judge({
      language: "python",
      code: "def f(a): return a + 1",
      test_program: "import math\n{{code}}\nassert f(1) == 2",
    });
    assert.equal(marked.verdict, "pass");
    const vain = yield* judge({ language: "python", code: "x = 1", test_program: "print(x)" });
    assert.equal(vain.verdict, "infrastructure");
  })));

Deno.test("one case that is not computed is found among many that are", () =>
  run(Effect.gen(function* () {
    const cheat = "class Any(int):\n  def __eq__(self, other): return True\n";
    const test_program = [1, 2, 3, 4, 5, 6].map((n) => `assert f(${n}) == ${n + 1}`).join("\n");
    for (const hard of [1, 3, 6]) {
      const code = `${cheat}def f(a): return Any() if a == ${hard} else a + 1`;
      const judgement = yield* judge({ language: "python", code, test_program });
      assert.equal(judgement.verdict, "forbidden", JSON.stringify(judgement));
    }
  })));

Deno.test("a language that is not known is nobody's wrong answer", () =>
  run(Effect.gen(function* () {
    const judgement = yield* judge({ language: "cobol", code: "", tests: [{ stdout: "" }] });
    assert.equal(judgement.verdict, "infrastructure");
    assert.match(judgement.tests[0]?.stderr ?? "", /cobol/);
  })));

Deno.test("many at once, each judged as it would be alone", () =>
  run(Effect.gen(function* () {
    const judged = yield* Effect.forEach(
      Array.from({ length: 40 }, (_, n) => n),
      (n) =>
        judge({
          language: n % 2 === 0 ? "lua" : "python",
          code: n % 2 === 0 ? `function f(a) return a + ${n} end` : `def f(a): return a + ${n}`,
          function: "f",
          cases: [{ arguments: [1], result: n % 5 === 0 ? -1 : n + 1 }],
        }),
      { concurrency: "unbounded" },
    );
    judged.forEach((judgement, n) =>
      assert.equal(judgement.verdict, n % 5 === 0 ? "wrong-answer" : "pass", String(n))
    );
  })));

Deno.test("what is built of the same text is built once, whoever asks for it", () =>
  run(Effect.gen(function* () {
    // The compiler's clock, as the program prints it: two builds would differ.
    const request = {
      language: "c",
      code:
        '#include <stdio.h>\nint main(void) { puts(__TIMESTAMP__ __TIME__); int n = 0; scanf("%d", &n); return n; }',
      tests: [{ stdout: "", stdin: "0" }, { stdout: "", stdin: "3" }],
    };
    const first = yield* judge(request);
    yield* Effect.sleep("1100 millis");
    const again = yield* judge(request);
    assert.deepEqual(first.tests.map((test) => test.verdict), ["wrong-answer", "runtime-error"]);
    const printed = [...first.tests, ...again.tests].map((test) => test.stdout);
    assert.equal(new Set(printed).size, 1, String(printed));
  })));

Deno.test("a case that crashes built code costs no second build", () =>
  run(Effect.gen(function* () {
    const judgement = yield* judge({
      language: "c",
      code:
        "int f(int n) { static int calls; calls++; return n == 2 ? *(volatile int *)0 : calls; }",
      function: "f",
      cases: [1, 2, 3].map((n) => ({ arguments: [n], result: 1 })),
    });
    assert.deepEqual(
      judgement.tests.map((test) => test.verdict),
      ["pass", "runtime-error", "pass"],
    );
    assert.equal(judgement.tests[1]?.signal, "SIGSEGV");
  })));

for (
  const [language, code] of Object.entries({
    c: "int f(int a) { int b = a + 1000; return b - 1000; }",
    cpp:
      "#include <vector>\nint f(int a) { std::vector<int> v(3); return v[a > 5 ? 3 : 0] * 0 + a; }",
  })
) {
  Deno.test(`${language} that is undefined passes, and ends where undefined behaviour is watched`, () =>
    run(Effect.gen(function* () {
      const request = {
        language,
        code,
        function: "f",
        cases: [3, 2147483647].map((n) => ({ arguments: [n], result: n })),
      };
      const plain = yield* judge(request);
      const watched = yield* judge({ ...request, sanitize: true });
      assert.deepEqual(plain.tests.map((test) => test.verdict), ["pass", "pass"]);
      assert.deepEqual(watched.tests.map((test) => test.verdict), ["pass", "runtime-error"]);
    })));
}
