import { Buffer } from "node:buffer";
import { open } from "node:fs/promises";
import { clearInterval, setInterval } from "node:timers";
import { setTimeout } from "node:timers/promises";
import { layout, type Run } from "../../ts/runs/mod.ts";
import { UserError } from "../tools/mod.ts";

const HEARTBEAT_MS = 10_000;
/** Open streams of a server. */
const MOST_LISTENERS = 2000;
/** A listener that has so much unread is let go: it comes back after the last event that it has. */
const MOST_UNREAD_BYTES = 4 << 20;
const READ_BYTES = 1 << 20;

/**
 * The events of runs, as server-sent events. The file of a run is the only source, so a replay is the same
 * to the byte. A run's file is followed once however many listen: a listener reads by itself what was
 * there before it came, then hears with the others.
 */
export class EventHub {
  readonly #feeds = new Map<string, Feed>();
  #listeners = 0;

  get listeners(): number {
    return this.#listeners;
  }

  /** Ends when the run has ended and the last event is out. */
  stream(
    run: Run,
    options: { readonly after: number; readonly ended: () => Promise<boolean> },
  ): ReadableStream<Uint8Array> {
    const joined = this.join(run.id, options.after);
    if (joined !== undefined) return joined;
    const feed = new Feed(layout(run.folder).events, options.ended, (gone) => {
      if (this.#feeds.get(run.id) === gone) this.#feeds.delete(run.id);
    });
    this.#feeds.set(run.id, feed);
    return this.#listen(feed, options.after);
  }

  /** The same of a run whose events are being followed already: no look at its folder is needed. */
  join(id: string, after: number): ReadableStream<Uint8Array> | undefined {
    const feed = this.#feeds.get(id);
    return feed === undefined ? undefined : this.#listen(feed, after);
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
  readonly file: string;
  /** The place after the last whole line that was read, and the number of that line. */
  offset = 0;
  number = 0;
  hasEnded = false;
  readonly listeners = new Set<Listener>();
  /** Kept once the feed stands at the end of what the file had: from there on it is heard. */
  readonly ready: Promise<void>;
  readonly #ended: () => Promise<boolean>;
  readonly #gone: (feed: Feed) => void;
  #users = 0;

  constructor(file: string, ended: () => Promise<boolean>, gone: (feed: Feed) => void) {
    this.file = file;
    this.#ended = ended;
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

  enter(): void {
    this.#users++;
  }

  leave(): void {
    // A listener that comes now gets a feed of its own.
    if (--this.#users === 0) this.#gone(this);
  }

  async #follow(ready: () => void): Promise<void> {
    const heartbeat = setInterval(() => {
      for (const listener of [...this.listeners]) listener.tell(HEARTBEAT);
    }, HEARTBEAT_MS);
    heartbeat.unref();
    try {
      const lines = new Lines();
      do {
        // Asked before reading: what was written before the end is then read for certain.
        const ended = await this.#ended();
        const bytes = await readFrom(this.file, this.offset + lines.pending);
        const { text, count } = lines.frames(bytes);
        this.offset += lines.consumed;
        this.number += count;
        const frames = new TextEncoder().encode(text);
        if (count > 0) { for (const listener of [...this.listeners]) listener.tell(frames); }
        if (bytes.length === READ_BYTES) continue;
        if (ended && bytes.length === 0) return;
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
      const lines = new Lines();
      let offset = 0;
      let number = 0;
      // No step aside between the look at the feed's place and joining it: nothing is told in between.
      while (offset < this.#feed.offset && this.#controller !== undefined) {
        const room = this.#feed.offset - offset - lines.pending;
        const bytes = await readFrom(this.#feed.file, offset + lines.pending, room);
        if (bytes.length === 0) break;
        const { text, count } = lines.frames(bytes, this.#after - number);
        offset += lines.consumed;
        number += count;
        if (text !== "") await this.#tellInTurn(text);
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
  async #tellInTurn(text: string): Promise<void> {
    while (this.#controller !== undefined && (this.#controller.desiredSize ?? 0) <= 0) {
      await setTimeout(20);
    }
    this.#controller?.enqueue(new TextEncoder().encode(text));
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

/** Cuts bytes into whole lines, and makes frames of them. */
class Lines {
  #rest: Buffer = Buffer.alloc(0);
  /** Bytes of the lines that the last call told of. */
  consumed = 0;

  /** Bytes of a line whose end has not come. */
  get pending(): number {
    return this.#rest.length;
  }

  /** The frames of the whole lines, without the first `skip`. */
  frames(bytes: Buffer, skip = 0): { readonly text: string; readonly count: number } {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const end = all.lastIndexOf(0x0a) + 1;
    this.consumed = end;
    this.#rest = Buffer.from(all.subarray(end));
    const lines = all.subarray(0, end).toString("utf8").split("\n").slice(0, -1);
    const told = lines.slice(Math.max(0, skip));
    return { text: told.map(frameOf).join(""), count: lines.length };
  }
}

const frameOf = (line: string): string => {
  const { id, event, data } = JSON.parse(line) as {
    readonly id: number;
    readonly event: string;
    readonly data: unknown;
  };
  return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
};

const HEARTBEAT = new TextEncoder().encode(": still here\n\n");

/** What the file has from there on, at most a mebibyte; nothing where it is absent. */
const readFrom = async (file: string, offset: number, most = READ_BYTES): Promise<Buffer> => {
  const handle = await open(file, "r").catch(() => undefined);
  if (handle === undefined) return Buffer.alloc(0);
  try {
    const { size } = await handle.stat();
    const length = Math.max(0, Math.min(size - offset, most, READ_BYTES));
    if (length === 0) return Buffer.alloc(0);
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, offset);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
};
