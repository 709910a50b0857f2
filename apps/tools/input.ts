import { Result, Schema, SchemaIssue } from "effect";
import { UserError } from "./errors.ts";

export type Decodable = Schema.Top & { readonly DecodingServices: never };

/** Decodes one object; unknown keys are errors, and an error names the key and what was expected. */
export const decodeInput = <S extends Decodable>(
  schema: S,
  value: unknown,
): Result.Result<S["Type"], UserError> => {
  const decoded = Schema.decodeUnknownResult(schema, { onExcessProperty: "error" })(value);
  return Result.mapError(decoded, (error) => describeIssue(error.issue));
};

/** The first fault of a schema's issue, under its key. */
export const describeIssue = (issue: SchemaIssue.Issue): UserError => {
  const first = format(issue).issues[0];
  const key = (first?.path ?? []).map((part) => String(typeof part === "object" ? part.key : part))
    .join(".");
  const [code, text] = split(first?.message ?? "not as expected");
  const message = key === "" ? text : `key "${key}": ${text}`;
  return new UserError({ code, message });
};

/** The same from a message that a schema has already made: what is wrong, then ` at ["a"]["b"]`. */
export const describeMessage = (message: string): UserError => {
  const [what = "", where = ""] = message.split(/\n\s*at /);
  const key = where.trim().replace(/^\[|\]$/g, "").split("][")
    .map((part) => part.replace(/^"|"$/g, "")).join(".");
  const [code, text] = split(
    what === "Missing key" ? MISSING : what === "Expected no excess property" ? UNKNOWN : what,
  );
  return new UserError({ code, message: key === "" ? text : `key "${key}": ${text}` });
};

const MISSING = "is missing";
const UNKNOWN = "is not a known key; check its spelling";

const format = SchemaIssue.makeFormatterStandardSchemaV1({
  leafHook: (issue) =>
    issue._tag === "MissingKey"
      ? MISSING
      : issue._tag === "UnexpectedKey"
      ? UNKNOWN
      : SchemaIssue.defaultLeafHook(issue),
});

const split = (message: string): [UserError["code"], string] =>
  message === MISSING
    ? ["missing-key", message]
    : message === UNKNOWN
    ? ["unknown-key", message]
    : ["bad-value", message.charAt(0).toLowerCase() + message.slice(1)];
