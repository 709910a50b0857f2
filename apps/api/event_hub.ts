import { Buffer } from "node:buffer";
import { open } from "node:fs/promises";
import { clearInterval, setInterval } from "node:timers";
import { setTimeout } from "node:timers/promises";
import { UserError } from "../tools/mod.ts";

const HEARTBEAT_MS = 10_000;
/** Open streams of a server. */
const MOST_LISTENERS = 2000;
/** A listener that has so much unread is let go: it comes back after the last event that it has. */
const MOST_UNREAD_BYTES = 4 << 20;
const READ_BYTES = 1 << 20;

/** Where the events of a run lie, and whether more will come. */
export interface EventSource {
  readonly file: string;
  readonly ended: () => Promise<boolean>;
}

/**
 * The events of runs, as server-sent events. The file of a run is the only source, so a replay is the same
 * to the byte. A run's file is followed once however many listen: a listener is told what was there before
 * it came, then hears with the others.
 */
export class EventHub {
  readonly #feeds = new Map<string, Feed>();
  readonly #sought = new Map<string, Promise<void>>();
  #listeners = 0;

  get listeners(): number {
    return this.#listeners;
  }

  /**
   * Ends when the run has ended and the last event is out. `find` is asked only where nobody listens to
   * that run yet, and once for all that come at the same time.
   */
  async stream(
    id: string,
    after: number,
    find: () => Promise<EventSource>,
  ): Promise<ReadableStream<Uint8Array>> {
    for (;;) {
      const feed = this.#feeds.get(id);
      if (feed !== undefined) return this.#listen(feed, after);
      await (this.#sought.get(id) ?? this.#seek(id, find));
    }
  }

  #seek(id: string, find: () => Promise<EventSource>): Promise<void> {
    const sought = find().then((source) => {
      const feed = new Feed(source, (gone) => {
        if (this.#feeds.get(id) === gone) this.#feeds.delete(id);
      });
      this.#feeds.set(id, feed);
    }).finally(() => this.#sought.delete(id));
    this.#sought.set(id, sought);
    return sought;
  }

  #listen(feed: Feed, after: number): ReadableStream<Uint8Array> {
    if (this.#listeners >= MOST_LISTENERS) {
      const message = `expected at most ${MOST_LISTENERS} streams of events at once`;
      throw new UserError({ code: "too-many-requests", message });
    }
    this.#listeners++;
    feed.enter();
    const listener = new Listener(after, feed, () => this.#listeners--);
    return new ReadableStream<Uint8Array>({
      start: (controller) => listener.begin(controller),
      cancel: () => listener.leave(),
    }, new ByteLengthQueuingStrategy({ highWaterMark: MOST_UNREAD_BYTES }));
  }
}

/** Follows one file for all that listen to its run, while anybody does. */
class Feed {
  /** The place after the last whole line that was read, and the number of that line. */
  offset = 0;
  number = 0;
  hasEnded = false;
  readonly listeners = new Set<Listener>();
  /** Kept once the feed stands at the end of what the file had: from there on it is heard. */
  readonly ready: Promise<void>;
  readonly #source: EventSource;
  readonly #gone: (feed: Feed) => void;
  #users = 0;
  #past: { readonly key: string; readonly piece: Promise<Piece> } | undefined;

  constructor(source: EventSource, gone: (feed: Feed) => void) {
    this.#source = source;
    this.#gone = gone;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ready = promise;
    this.#follow(resolve).catch(() => undefined).finally(() => {
      resolve();
      this.hasEnded = true;
      gone(this);
      for (const listener of [...this.listeners]) listener.end();
    });
  }

  /** What the feed has told from `offset` on, without the first `skip` events. Those who come together share it. */
  past(offset: number, skip: number): Promise<Piece> {
    const key = `${offset} ${this.offset} ${skip}`;
    if (this.#past?.key !== key) {
      this.#past = { key, piece: readPiece(this.#source.file, offset, this.offset, skip) };
    }
    return this.#past.piece;
  }

  enter(): void {
    this.#users++;
  }

  leave(): void {
    // A listener that comes now gets a feed of its own.
    if (--this.#users === 0) this.#gone(this);
  }

  async #follow(ready: () => void): Promise<void> {
    // Whether nothing was told since the last beat: who hears events needs no sign of life beside them.
    let isSilent = true;
    const heartbeat = setInterval(() => {
      if (isSilent) { for (const listener of [...this.listeners]) listener.tell(HEARTBEAT); }
      isSilent = true;
    }, HEARTBEAT_MS);
    heartbeat.unref();
    try {
      do {
        // Asked before reading: what was written before the end is then read for certain.
        const ended = await this.#source.ended();
        const { frames, count, bytes, isFull } = await readPiece(this.#source.file, this.offset);
        this.offset += bytes;
        this.number += count;
        if (count > 0) {
          isSilent = false;
          for (const listener of [...this.listeners]) listener.tell(frames);
        }
        if (isFull) continue;
        if (ended && count === 0) return;
        ready();
        // The more listen, the more comes at once: telling 500 of a few lines costs as much as of one.
        await setTimeout(200 + 4 * this.listeners.size);
      } while (this.#users > 0);
    } finally {
      clearInterval(heartbeat);
    }
  }
}

class Listener {
  readonly #after: number;
  readonly #feed: Feed;
  readonly #left: () => void;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor(after: number, feed: Feed, left: () => void) {
    this.#after = after;
    this.#feed = feed;
    this.#left = left;
  }

  /** Reads up to where the feed is, then hears what it tells. */
  async begin(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    this.#controller = controller;
    try {
      await this.#feed.ready;
      let offset = 0;
      let number = 0;
      // No step aside between the look at the feed's place and joining it: nothing is told in between.
      while (offset < this.#feed.offset && this.#controller !== undefined) {
        const piece = await this.#feed.past(offset, Math.max(0, this.#after - number));
        if (piece.count === 0) break;
        offset += piece.bytes;
        number += piece.count;
        if (piece.frames.length > 0) await this.#tellInTurn(piece.frames);
      }
      if (this.#controller === undefined) return;
      this.#skip = Math.max(0, this.#after - this.#feed.number);
      if (this.#feed.hasEnded) this.end();
      else this.#feed.listeners.add(this);
    } catch {
      this.end();
    }
  }

  /** Events that the feed will tell and that this listener already has. */
  #skip = 0;

  tell(frames: Uint8Array): void {
    if (this.#controller === undefined) return;
    if (this.#skip > 0 && frames !== HEARTBEAT) return this.#tellAfterSkipping(frames);
    if ((this.#controller.desiredSize ?? 0) <= 0) return this.end();
    this.#controller.enqueue(frames);
  }

  #tellAfterSkipping(frames: Uint8Array): void {
    const each = new TextDecoder().decode(frames).split("\n\n").slice(0, -1);
    const rest = each.slice(this.#skip);
    this.#skip = Math.max(0, this.#skip - each.length);
    if (rest.length > 0) this.tell(new TextEncoder().encode(rest.join("\n\n") + "\n\n"));
  }

  /** A long past is told as fast as it is read. */
  async #tellInTurn(frames: Uint8Array): Promise<void> {
    while (this.#controller !== undefined && (this.#controller.desiredSize ?? 0) <= 0) {
      await setTimeout(20);
    }
    this.#controller?.enqueue(frames);
  }

  end(): void {
    this.#controller?.close();
    this.leave();
  }

  leave(): void {
    if (this.#controller === undefined) return;
    this.#controller = undefined;
    this.#feed.listeners.delete(this);
    this.#feed.leave();
    this.#left();
  }
}

/** Whole lines of a file, as frames. */
interface Piece {
  readonly frames: Uint8Array;
  /** Of the lines, those that were skipped too. */
  readonly count: number;
  readonly bytes: number;
  /** Whether the file may have more already. */
  readonly isFull: boolean;
}

/** The lines that are whole from `offset` up to `end`: about a mebibyte, or one where that is longer. */
const readPiece = async (
  file: string,
  offset: number,
  end = Number.MAX_SAFE_INTEGER,
  skip = 0,
): Promise<Piece> => {
  for (let most = READ_BYTES;; most *= 2) {
    const read = await readFrom(file, offset, Math.min(end - offset, most));
    const isFull = read.length === most;
    const bytes = read.lastIndexOf(0x0a) + 1;
    if (bytes === 0 && isFull) continue;
    const lines = read.subarray(0, bytes).toString("utf8").split("\n").slice(0, -1);
    const frames = new TextEncoder().encode(lines.slice(skip).map(frameOf).join(""));
    return { frames, count: lines.length, bytes, isFull };
  }
};

const frameOf = (line: string): string => {
  const { id, event, data } = JSON.parse(line) as {
    readonly id: number;
    readonly event: string;
    readonly data: unknown;
  };
  return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
};

const HEARTBEAT = new TextEncoder().encode(": still here\n\n");

/** What the file has from there on, at most so many bytes; nothing where it is absent. */
const readFrom = async (file: string, offset: number, most: number): Promise<Buffer> => {
  const handle = await open(file, "r").catch(() => undefined);
  if (handle === undefined) return Buffer.alloc(0);
  try {
    const { size } = await handle.stat();
    const length = Math.max(0, Math.min(size - offset, most));
    if (length === 0) return Buffer.alloc(0);
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, offset);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
};
