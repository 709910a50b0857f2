import { Result } from "effect";
import { validator } from "hono/validator";
import type { Context } from "hono";
import { type Decodable, decodeInput, parseExact, UserError } from "../tools/mod.ts";
import { problem } from "./problem.ts";

/**
 * A JSON body of a schema. The body is read whatever its content type says: many clients forget to say.
 */
export const jsonBody = <S extends Decodable>(schema: S) =>
  validator("json", async (_value, c): Promise<S["Type"] | Response> => {
    let value: unknown;
    try {
      value = parseExact(await c.req.text());
    } catch (error) {
      return fault(c, new UserError({ code: "bad-json", message: (error as Error).message }));
    }
    return decoded(c, schema, value);
  });

/** The query of a schema; a key that the schema does not know is an error. */
export const query = <S extends Decodable>(schema: S) =>
  validator("query", (value, c): S["Type"] | Response => decoded(c, schema, value));

const decoded = <S extends Decodable>(c: Context, schema: S, value: unknown) => {
  const result = decodeInput(schema, value);
  return Result.isFailure(result) ? fault(c, result.failure) : result.success;
};

const fault = (c: Context, error: UserError): Response => problem(c, error);
