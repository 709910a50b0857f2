import { Effect, Predicate, Result, Stream } from "effect";
import process from "node:process";
import { asUserError, parseExact, stringifyExact, type Tool, UserError } from "../tools/mod.ts";
import { ExitWith } from "./exit.ts";
import { writeOut } from "./output.ts";

/**
 * The discipline of every `--batch`: one object a line in, its answers out in the same order under the
 * same `id`, each as soon as it and those before it are there. A bad line is answered with an `error`
 * and the rest goes on; then the exit is 2.
 */
export const runBatch = (
  tool: Tool,
  lines: AsyncIterable<Uint8Array> = linesOf(process.stdin),
): Effect.Effect<void, ExitWith | UserError> =>
  Effect.gen(function* () {
    let bad = 0;
    yield* Stream.fromAsyncIterable(lines, asUserError).pipe(
      Stream.mapEffect((line) => answerLine(tool, line), { concurrency: tool.concurrency }),
      Stream.runForEach((answers) => {
        if (answers.some((answer) => "error" in answer)) bad++;
        return writeOut(answers.map((answer) => stringifyExact(answer) + "\n").join(""));
      }),
    );
    if (bad > 0) return yield* new ExitWith({ exit: 2 });
  });

/** The answers to one line, or its error. Nothing that a line holds fails the batch. */
export const answerLine = (
  tool: Tool,
  line: Uint8Array,
): Effect.Effect<readonly object[]> => {
  const read = readLine(line);
  if (Result.isFailure(read)) return Effect.succeed([errorLine(...read.failure)]);
  const { id, rest } = read.success;
  return tool.answer(rest).pipe(
    Effect.map((answers) => answers.map((answer) => ({ id, ...answer }))),
    Effect.catch((error) => Effect.succeed([errorLine(id, error)])),
  );
};

const errorLine = (id: unknown, error: UserError): object => ({
  id,
  error: { code: error.code, message: error.message },
});

const readLine = (
  line: Uint8Array,
): Result.Result<
  { readonly id: unknown; readonly rest: object },
  readonly [id: unknown, error: UserError]
> => {
  let value: unknown;
  try {
    value = parseExact(new TextDecoder("utf-8", { fatal: true }).decode(line));
  } catch (error) {
    const message = `expected one JSON object a line, in UTF-8; ${(error as Error).message}`;
    return Result.fail([null, new UserError({ code: "bad-json", message })]);
  }
  if (!Predicate.isObject(value) || Array.isArray(value)) {
    const message = 'expected a JSON object, such as {"id": 1, ...}';
    return Result.fail([null, new UserError({ code: "bad-json", message })]);
  }
  const { id, ...rest } = value as { readonly id?: unknown };
  if (id === undefined) {
    const message = 'key "id": is missing; answers carry it';
    return Result.fail([null, new UserError({ code: "missing-key", message })]);
  }
  if (typeof id !== "string" && typeof id !== "number" && typeof id !== "bigint") {
    const message = 'key "id": expected a string or a number';
    return Result.fail([id, new UserError({ code: "bad-value", message })]);
  }
  return Result.succeed({ id, rest });
};

/** The lines of a byte stream without their line ends; blank ones are passed over. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = [];
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      parts.push(chunk.subarray(start, end));
      yield* unlessBlank(join(parts));
      parts = [];
      start = end + 1;
    }
    if (start < chunk.length) parts.push(chunk.slice(start));
  }
  yield* unlessBlank(join(parts));
}

const join = (parts: readonly Uint8Array[]): Uint8Array => {
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
};

const unlessBlank = (line: Uint8Array): Uint8Array[] =>
  line.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d) ? [] : [line];
