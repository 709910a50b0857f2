import assert from "node:assert/strict";
import fc from "fast-check";
import { parseCSignature } from "./c_signature.ts";
import { finishMain } from "./main_function.ts";

const parse = (code: string) => parseCSignature(code, "f");

Deno.test("lists, texts and numbers are told apart by the definition", () => {
  assert.deepEqual(
    parse(
      "#include <x.h>\nstatic long f(const int *xs, int xs_len, const char *s, bool b) { return 0; }",
    ),
    {
      result: "integer",
      parameters: [
        { list: true, element: "integer", text: "int" },
        { list: false, element: "string", text: "const char *" },
        { list: false, element: "bool", text: "bool" },
      ],
    },
  );
  assert.deepEqual(parse("double f(double a[], size_t n)\n{\n}"), {
    result: "float",
    parameters: [{ list: true, element: "float", text: "double" }],
  });
  assert.deepEqual(parse("char *f(void) { return 0; }"), { result: "string", parameters: [] });
  assert.deepEqual(parse("int f(const char **names, int names_len) { return 0; }"), {
    result: "integer",
    parameters: [{ list: true, element: "string", text: "char *" }],
  });
});

Deno.test("declarations, calls, comments and other names are no definition", () => {
  const definition = "unsigned f(char s[]) { return 1; }";
  const code =
    `// int f(int a) {\n/* long f(void) { */\nint f(int);\nint ff(int x) { return f(x); }\n${definition}`;
  assert.deepEqual(parse(code), {
    result: "unsigned",
    parameters: [{ list: false, element: "string", text: "char *" }],
  });
  assert.match(String(parse("int g(int a) { return f(a); }")), /no function named f/);
});

Deno.test("what no JSON stands for is refused with its name", () => {
  assert.match(String(parse("int f(const int *xs) { return 0; }")), /xs/);
  assert.match(String(parse("struct s f(int a) { }")), /result/);
  assert.match(String(parse("int f(struct s *p, int p_len) { return 0; }")), /p/);
});

Deno.test("any text is parsed or refused", () => {
  fc.assert(fc.property(
    fc.array(
      fc.constantFrom(
        "int ",
        "f",
        "(",
        ")",
        "{",
        "}",
        "*",
        ",",
        "const ",
        "char ",
        "[]",
        "\n",
        '"',
        "/*",
        " ",
        "n",
      ),
      {
        maxLength: 30,
      },
    ),
    (pieces) => {
      const parsed = parse(pieces.join(""));
      assert.ok(typeof parsed === "string" ? parsed.length > 0 : Array.isArray(parsed.parameters));
    },
  ));
});

Deno.test("a statement at the end of main stands ahead of its last return", () => {
  assert.equal(
    finishMain('int main() {\n  if (1) { return 1; }\n  puts("}");\n  return 0;\n}\n', "X;"),
    'int main() {\n  if (1) { return 1; }\n  puts("}");\n  \nX;\nreturn 0;\n}\n',
  );
  assert.equal(finishMain("fn main() { a(); }", "X;"), "fn main() { a(); \nX;\n}");
  assert.equal(
    finishMain("public static void main(String[] a) throws E { b(); }", "X;"),
    "public static void main(String[] a) throws E { b(); \nX;\n}",
  );
});
