import { Effect } from "effect";
import { Buffer } from "node:buffer";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { asUserError, type UserError } from "../tools/mod.ts";

/** A file's text, or all of stdin's. */
export const readText = (file: string | undefined): Effect.Effect<string, UserError> =>
  Effect.tryPromise({
    try: async () => {
      if (file !== undefined) return await readFile(file, "utf8");
      const chunks: Buffer[] = [];
      for await (const chunk of process.stdin) chunks.push(chunk);
      return Buffer.concat(chunks).toString("utf8");
    },
    catch: asUserError,
  });
