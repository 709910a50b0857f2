import { printJson } from "../json.ts";
import { append, type Language } from "./language.ts";

export const python: Language = {
  name: "python",
  package: "python3",
  spelling: "snake_case",
  comment: "#",
  source: "main.py",
  variants: [{
    tools: ["python3"],
    version: ["{0}", "--version"],
    run: ["{0}", "-B", "-X", "utf8", "/work/{source}"],
    needs: { run: ["/usr/lib/python3*", "/usr/local/lib/python3*", "/usr/lib/*/libpython3*"] },
  }],
  hello: 'print("hello")',
  syntaxError: /^(SyntaxError|IndentationError|TabError): /m,
  call: ({ code, name, cases, mark, first }) => ({
    files: { "solution.py": code, "main.py": harness },
    stdin: printJson({ name, cases, mark, first }),
  }),
  finish: append((nonce) => `import os as _os; _os.write(1, b"\\n${nonce}\\n")`),
};

const harness = `import json, os, sys
write, dumps = os.write, json.dumps

def say(text):
    data = ("\\n" + mark + " " + text + "\\n").encode("utf-8", "surrogatepass")
    while data:
        data = data[write(1, data):]

def main():
    for at, arguments in enumerate(request["cases"], request["first"]):
        try:
            result = function(*arguments)
        except BaseException as error:
            say(f"{at} !{type(error).__name__}: {error}")
            continue
        try:
            say(f"{at} {dumps(result)}")
        except BaseException:
            say(f"{at} ?{type(result).__name__}")

request = json.loads(sys.stdin.buffer.read())
mark = request["mark"]
with open("/work/solution.py", encoding="utf-8") as file:
    code = file.read()
module = type(sys)("solution")
sys.modules["solution"] = module
exec(compile(code, "solution.py", "exec"), module.__dict__)
function = getattr(module, request["name"])
say("ready")
main()
sys.stdout.flush()
os._exit(0)
`;
