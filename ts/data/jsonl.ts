import { Effect, Result, Schema } from "effect";
import { open, readFile, rename, unlink } from "node:fs/promises";
import process from "node:process";

/** A line of a data file that is not what it should be, or a file that cannot be read or written. */
export class DataError extends Schema.TaggedError<DataError>()("DataError", {
  file: Schema.String,
  /** 1-based; 0 speaks of the whole file. */
  line: Schema.Int,
  /** Dotted path inside the line, empty for the line itself. */
  key: Schema.String,
  expected: Schema.String,
}) {
  override get message(): string {
    const place = this.line > 0 ? `${this.file}:${this.line}` : this.file;
    return `${place}${this.key === "" ? "" : `: key "${this.key}"`}: ${this.expected}`;
  }
}

/**
 * One object a line, decoded by `schema`; blank lines are passed over. The first fault ends it.
 * Unknown keys are faults: a misspelt optional key would otherwise be silence.
 */
export const parseJsonl = <S extends Schema.Top & { readonly DecodingServices: never }>(
  text: string,
  schema: S,
  file: string,
): Result.Result<readonly S["Type"][], DataError> => {
  const decode = Schema.decodeUnknownResult(schema, { onExcessProperty: "error" });
  const rows: S["Type"][] = [];
  const lines = text.split("\n");
  for (const [index, raw] of lines.entries()) {
    if (raw.trim() === "") continue;
    const line = index + 1;
    let value: unknown;
    try {
      value = JSON.parse(index === 0 ? raw.replace(/^\uFEFF/, "") : raw);
    } catch (error) {
      const expected = `expected one JSON object a line; ${(error as Error).message}`;
      return Result.fail(new DataError({ file, line, key: "", expected }));
    }
    const decoded = decode(value);
    if (Result.isFailure(decoded)) {
      return Result.fail(new DataError({ file, line, ...located(decoded.failure.message) }));
    }
    rows.push(decoded.success);
  }
  return Result.succeed(rows);
};

export const readJsonl = Effect.fn("readJsonl")(
  function* <S extends Schema.Top & { readonly DecodingServices: never }>(file: string, schema: S) {
    const text = yield* Effect.tryPromise({
      try: () => readFile(file, "utf8"),
      catch: (error) =>
        new DataError({
          file,
          line: 0,
          key: "",
          expected: `expected a readable JSONL file; ${(error as Error).message}`,
        }),
    });
    return yield* Effect.fromResult(parseJsonl(text, schema, file));
  },
);

/** Written beside, synced, renamed: a reader sees the old file or the new one, never a half. */
export const writeFileAtomic = async (
  file: string,
  content: string | Uint8Array,
): Promise<void> => {
  const beside = `${file}.${process.pid}.part`;
  const handle = await open(beside, "w");
  try {
    await handle.writeFile(content);
    await handle.sync();
  } catch (error) {
    await handle.close();
    await unlink(beside);
    throw error;
  }
  await handle.close();
  await rename(beside, file);
};

export const formatJsonl = (rows: Iterable<unknown>): string => {
  let text = "";
  for (const row of rows) text += JSON.stringify(row) + "\n";
  return text;
};

export const writeJsonl = (
  file: string,
  rows: Iterable<unknown>,
): Effect.Effect<void, DataError> =>
  Effect.tryPromise({
    try: () => writeFileAtomic(file, formatJsonl(rows)),
    catch: (error) =>
      new DataError({
        file,
        line: 0,
        key: "",
        expected: `expected a writable file; ${(error as Error).message}`,
      }),
  });

/** Splits a schema's message into the dotted key and what was expected there. */
const located = (message: string): { readonly key: string; readonly expected: string } => {
  const [what = "", where = ""] = message.split("\n  at ");
  const key = where.trim().replace(/^\[|\]$/g, "").split("][")
    .map((part) => part.replace(/^"|"$/g, "")).join(".");
  const expected = what === "Missing key"
    ? "is missing"
    : what === "Expected no excess property"
    ? "is not a known key; check its spelling"
    : what.charAt(0).toLowerCase() + what.slice(1);
  return { key, expected };
};
