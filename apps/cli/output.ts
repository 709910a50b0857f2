import { Effect } from "effect";
import process from "node:process";

/** Data goes to stdout, everything else to stderr. Waits until the reader has taken it. */
export const writeOut = (text: string): Effect.Effect<void> => write(process.stdout, text);

export const writeErr = (text: string): Effect.Effect<void> => write(process.stderr, text);

export const printJson = (value: unknown): Effect.Effect<void> =>
  writeOut(JSON.stringify(value) + "\n");

/** Colour only where a person reads it and has not declined (https://no-color.org). */
export const colourful = (stream: { readonly isTTY?: boolean }): boolean =>
  stream.isTTY === true && (process.env["NO_COLOR"] ?? "") === "";

export const widthOf = (stream: { readonly columns?: number }): number =>
  Math.min(160, stream.columns ?? 120);

const write = (stream: NodeJS.WriteStream, text: string): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    stream.write(text, (error) => {
      // The reader went away (as `head` does): there is nobody left to write for.
      if ((error as NodeJS.ErrnoException | null | undefined)?.code === "EPIPE") {
        resume(Effect.interrupt);
      } else resume(error ? Effect.die(error) : Effect.void);
    });
  });
