import assert from "node:assert/strict";
import fc from "fast-check";
import { spoils } from "./spoil.ts";

/** Language, test, and every way that it is spoiled. */
const styles: readonly (readonly [string, string, readonly string[]])[] = [
  ["python", "    assert candidate(13,9) == True", ["    assert candidate(13,9) == False"]],
  ["python", "assert f([1], 2) == [3, 4], 'msg 5'", ["assert f([1], 2) == [6, 4], 'msg 5'"]],
  ["python", 'assert f("a == b") == "c"', ['assert f("a == b") == "f"']],
  ["python", "assert f(1) == []", ["assert f(1) == [1]"]],
  ["python", "assert math.isclose(f(1), 0.5, rel_tol=0.001)", [
    "assert math.isclose(f(1), 1.5, rel_tol=0.001)",
  ]],
  ["python", "assert abs(f(1.0) - 0.5) < 1e-6", ["assert abs(f(1.0) - 1.5) < 1e-6"]],
  ["javascript", "var v0 = 1;\nif (!same(x0, v0)) throw 1;", [
    "var v0 = 0;\nif (!same(x0, v0)) throw 1;",
  ]],
  ["javascript", "console.assert(f(2) === 'x')", ["console.assert(f(2) === 'a')"]],
  ["typescript", "let expected_1 = true;", ["let expected_1 = false;"]],
  ["perl", "my $v0 = [1, 2];", ["my $v0 = [0, 2];"]],
  ["ruby", 'v0 = "a"\nif x0 != v0', ['v0 = "d"\nif x0 != v0']],
  ["php", "$v0 = 'a'; // $v1 = 2", ["$v0 = 'd'; // $v1 = 2"]],
  ["java", "Boolean v0 = true;", ["Boolean v0 = false;"]],
  ["java", "char v0 = 'a';", ["char v0 = 'd';"]],
  ["kotlin", "var v0 : Int = 13", ["var v0 : Int = 43"]],
  ["kotlin", 'var v0 : List<String> = mutableListOf("""a b""", """c""");', [
    'var v0 : List<String> = mutableListOf("""a e""", """c""");',
  ]],
  ["kotlin", 'var v0 : String = """""";', ['var v0 : String = """a""";']],
  ["cpp", "assert (decode(encoded) == str);", ["assert (decode(encoded) == (str + str));"]],
  ["java", "if (!s.decode(encoded).equals(str)) {", [
    "if (!s.decode(encoded).equals((str + str))) {",
  ]],
  ["go", 'expected_1 := []string{"a"}', ['expected_1 := []string{"d"}']],
  ["cpp", "if (!(compare(x0, true))) {", ["if (!(compare(x0, false))) {"]],
  ["rust", "assert_eq!(f(&[1, 2]), 3);", ["assert_eq!(f(&[1, 2]), 6);"]],
  ["r", "expected_1 <- 2", ["expected_1 <- 5"]],
  ["r", "if(!identical(f(c(1)), 2)){quit('no', 1)}", ["if(!identical(f(c(1)), 5)){quit('no', 1)}"]],
  ["racket", "(define expected_1 (list 2 3)) ; (define v0 4)", [
    "(define expected_1 (list 5 3)) ; (define v0 4)",
  ]],
  ["racket", '(check-equal? (f "a (b" 1) "c")', ['(check-equal? (f "a (b" 1) "f")']],
  ["racket", "(check-within (f 1) 2 0.001)", ["(check-within (f 1) 5 0.001)"]],
  ["rust", 'assert!(\n  f(vec![1 == 2]) ==\n    vec!["a", "b"]\n);\nassert!(g() == none);', [
    'assert!(\n  f(vec![1 == 2]) ==\n    vec!["d", "b"]\n);\nassert!(g() == none);',
  ]],
  ["javascript", "console.assert(\n  JSON.stringify(f([1])) ===\n    JSON.stringify([3])\n)", [
    "console.assert(\n  JSON.stringify(f([1])) ===\n    JSON.stringify([6])\n)",
  ]],
  ["go", "assert.Equal(string(runes), f(g(runes)))", [
    "assert.Equal(func() any { _ = string(runes); return nil }(), f(g(runes)))",
  ]],
  ["javascript", "let v0 = [(0, 5), (1, 4)];", ["let v0 = [(0, 8), (1, 4)];"]],
  ["csharp", 'var expected1 = new Dictionary<string, int> {{"a", 1}};', [
    'var expected1 = new Dictionary<string, int> {{"d", 1}};',
  ]],
  [
    "java",
    'List<Boolean> correct = Arrays.asList(\n  s.f(3) == 4,\n  s.g("a, b").equals(Arrays.asList("c", "d")),\n  s.h(1)\n);',
    [
      'List<Boolean> correct = Arrays.asList(\n  s.f(3) == 7,\n  s.g("a, b").equals(Arrays.asList("c", "d")),\n  s.h(1)\n);',
      'List<Boolean> correct = Arrays.asList(\n  s.f(3) == 4,\n  s.g("a, b").equals(Arrays.asList("f", "d")),\n  s.h(1)\n);',
    ],
  ],
  ["java", "List<Boolean> correct = Arrays.asList(\n  !s.h(1)\n);", [
    "List<Boolean> correct = Arrays.asList(\n  !(!s.h(1)));",
  ]],
  ["cpp", 'assert (issame(f({1, 2}, "x"),{"y", "z"}));', [
    'assert (issame(f({1, 2}, "x"),{"b", "z"}));',
  ]],
  ["nim", "# f(2) == 3\ndoAssert f(1) == 2", ["# f(2) == 3\ndoAssert f(1) == 5"]],
  ["julia", '@test(f(1) == "a")', ['@test(f(1) == "d")']],
  ["haskell", "-- v0 = 3\nexpected_1 = 2", ["-- v0 = 3\nexpected_1 = 5"]],
  ["ocaml", "(* v0 = 3 *)\nlet expected_1 = 2", ["(* v0 = 3 *)\nlet expected_1 = 5"]],
  ["python", "assert f(1) == 2\nassert f(2) == 3", [
    "assert f(1) == 3\nassert f(2) == 3",
    "assert f(1) == 2\nassert f(2) == 2",
  ]],
  ["python", "assert f(1) == 'Yes'\nassert f(2) == 'No'\nassert f(3) == '\\n'", [
    "assert f(1) == 'No'\nassert f(2) == 'No'\nassert f(3) == '\\n'",
    "assert f(1) == 'Yes'\nassert f(2) == 'Yes'\nassert f(3) == '\\n'",
    "assert f(1) == 'Yes'\nassert f(2) == 'No'\nassert f(3) == '\\na'",
  ]],
  ["perl", "my $v0 = '$x[0]';", ["my $v0 = '$x[0]a';"]],
  ["go", "expected_1 := 0x1F", []],
  ["c", 'if (strcmp(x0, v0)) {}\nchar *v0 = "a\\\\x41";', [
    'if (strcmp(x0, v0)) {}\nchar *v0 = "a\\\\x44";',
  ]],
];

Deno.test("an expectation is spoiled in the test's own style, and nothing else is", () => {
  for (const [language, test, ways] of styles) {
    assert.deepEqual(spoils(test, language), ways, test);
  }
});

Deno.test("where nothing can be spoiled, nothing is said to be", () => {
  for (const test of ["", "print(f(1))", "assert f(1)", "# assert f(1) == 2", "x = f(1)"]) {
    assert.deepEqual(spoils(test, "python"), [], test);
  }
  assert.deepEqual(spoils("var v0 = emptyList();", "java"), []);
});

Deno.test("any text is either changed or refused, without an end that is not reached", () => {
  const piece = fc.constantFrom(
    "assert ",
    "==",
    "v0 = ",
    "compare(x, ",
    "abs(",
    "isclose(",
    "'",
    '"',
    "(",
    ")",
    "[",
    "]",
    ",",
    ";",
    "\n",
    "#",
    "//",
    "/*",
    "1",
    "true",
    "\\",
    " ",
    "f",
  );
  fc.assert(fc.property(
    fc.array(piece, { maxLength: 40 }),
    fc.constantFrom("python", "java", "php", "lua"),
    (pieces, language) => {
      const test = pieces.join("");
      assert.ok(!spoils(test, language).includes(test));
    },
  ));
});
