import { Stream } from "effect";
import { open } from "node:fs/promises";
import { Buffer } from "node:buffer";
import { setTimeout } from "node:timers/promises";

/** A line of a growing JSONL file: its number from 1, and its text without the newline. */
export interface Line {
  readonly number: number;
  readonly text: string;
}

/**
 * The whole lines of a file as they come, after line `after`, until `ended` says that nobody writes any
 * more and the last line is out. A file that is not there yet is waited for.
 */
export const followLines = (
  file: string,
  options: {
    readonly after?: number;
    readonly ended: () => Promise<boolean>;
    readonly poll_ms?: number;
  },
): Stream.Stream<Line> =>
  Stream.fromAsyncIterable(lines(file, options), (error) => error).pipe(Stream.orDie);

async function* lines(
  file: string,
  options: {
    readonly after?: number;
    readonly ended: () => Promise<boolean>;
    readonly poll_ms?: number;
  },
): AsyncGenerator<Line> {
  const after = options.after ?? 0;
  let offset = 0;
  let number = 0;
  let rest: Buffer = Buffer.alloc(0);
  for (;;) {
    // Asked before reading: what was written before the end is then read for certain.
    const ended = await options.ended();
    const fresh = await readFrom(file, offset);
    offset += fresh.length;
    rest = Buffer.concat([rest, fresh]);
    for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a)) {
      const text = rest.subarray(0, end).toString("utf8");
      rest = rest.subarray(end + 1);
      if (++number > after) yield { number, text };
    }
    if (ended && fresh.length === 0) return;
    if (fresh.length === 0) await setTimeout(options.poll_ms ?? 200);
  }
}

const readFrom = async (file: string, offset: number): Promise<Buffer> => {
  const handle = await open(file, "r").catch(() => undefined);
  if (handle === undefined) return Buffer.alloc(0);
  try {
    const { size } = await handle.stat();
    const length = Math.max(0, Math.min(size - offset, 1 << 20));
    const buffer = Buffer.alloc(length);
    const { bytesRead } = await handle.read(buffer, 0, length, offset);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
};
