import process from "node:process";
import type { Json } from "../json.ts";
import { append, type Call, type Called, type Language, type Variant } from "./language.ts";

/** Candidates for running JavaScript and TypeScript: the Deno that runs this, then what is installed. */
const denoPaths: readonly string[] = [
  ...(/\/deno$/.test(process.execPath) ? [process.execPath] : []),
  "deno",
];

/** Node's own modules go by their bare names, as programs written for Node have them. Deno starts in a third of the time that Node takes. */
const deno = (tool: string): Variant => ({
  tools: [tool],
  version: ["{0}", "--version"],
  run: [
    "{0}",
    "run",
    "--quiet",
    "--allow-all",
    "--no-check",
    "--no-lock",
    "--no-config",
    "--no-remote",
    "--unstable-bare-node-builtins",
    "--no-code-cache",
    "/work/{source}",
  ],
  environment: { DENO_NO_UPDATE_CHECK: "1", DENO_NO_PROMPT: "1", DENO_DIR: "/tmp/deno" },
});

export const denoVariants: readonly Variant[] = denoPaths.map(deno);

export const javascript: Language = {
  name: "javascript",
  package: "nodejs",
  spelling: "camelCase",
  comment: "//",
  source: "main.js",
  variants: [...denoVariants, {
    tools: ["node"],
    version: ["{0}", "--version"],
    run: ["{0}", "/work/{source}"],
    needs: { run: ["/usr/share/nodejs", "/usr/lib/*/libnode*", "/usr/lib/nodejs"] },
  }],
  hello: 'console.log("hello")',
  allowance: { memory_mb: 128 },
  threads: 32,
  syntaxError: /SyntaxError: /,
  assertionFailed: /^Assertion failed/m,
  call: (call) => {
    const called = callBehind(call, "main.js");
    return { files: { "main.js": script(called.files["main.js"] ?? "") } };
  },
  prepare: (program) => script(program),
  finish: append((nonce) => `;console.log("\\n${nonce}");`),
};

/**
 * The code and, in a block of its own behind it, the calls: so that the code may hold `const` functions. What
 * the code redefines of the language itself breaks its own calls and nothing else, for the host compares.
 */
export const callBehind = ({ code, name, cases, mark, first }: Call, source: string): Called => ({
  files: {
    [source]: `${code}
;{
  const write = (text) => {
    const bytes = new TextEncoder().encode(${JSON.stringify(`\n${mark} `)} + text + "\\n");
    const put = globalThis.Deno
      ? (part) => Deno.stdout.writeSync(part)
      : (part) => process.getBuiltinModule("node:fs").writeSync(1, part);
    for (let at = 0; at < bytes.length;) at += put(bytes.subarray(at));
  };
  const print = (value) => JSON.stringify(value, (_, each) =>
    typeof each === "bigint" ? JSON.rawJSON(String(each))
    : typeof each === "number" && !Number.isFinite(each) ? String(each)
    : each instanceof Map ? Object.fromEntries(each)
    : each instanceof Set ? [...each] : each) ?? "null";
  (async () => {
    let at = ${first};
    for (const given of ${literal(cases)}) {
      try {
        const result = await ${name}(...given);
        write(at + " " + print(result));
      } catch (error) {
        write(at + " !" + String(error?.message ?? error).replaceAll("\\n", " "));
      }
      at++;
    }
  })();
  write("ready");
}
`,
  },
});

/**
 * A script as Node runs one: not strict, and with `require`. As a file of CommonJS it would start in twice the time,
 * for Deno looks for packages around it. What imports, exports or awaits at its top is a module, and stays one.
 */
const script = (program: string): string =>
  /^\s*(import\b(?!\s*\()|export\b)|^(?:(?:const|let|var)\s[^;=]*=\s*)?await\b/m.test(program)
    ? program
    : `globalThis.module = { exports: globalThis.exports = {} };
Object.defineProperty(globalThis, "require", {
  configurable: true,
  get: () => process.getBuiltinModule("node:module").createRequire("/work/main.js"),
});
(0, eval)(${JSON.stringify(`${program}\n//# sourceURL=main.js`)});
`;

/** A value as JavaScript's own text; integers that a number cannot hold are BigInts. */
const literal = (value: Json): string => {
  if (typeof value === "bigint") return `${value}n`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((each) => literal(each as Json)).join(",")}]`;
  // Computed keys: a plain "__proto__" would set the prototype.
  return `({${
    Object.entries(value).map(([key, each]) => `[${JSON.stringify(key)}]:${literal(each)}`).join(
      ",",
    )
  }})`;
};
