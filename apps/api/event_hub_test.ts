import assert from "node:assert/strict";
import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { EventHub } from "./event_hub.ts";

interface Place {
  readonly hub: EventHub;
  readonly file: string;
  readonly listen: (after?: number) => Promise<ReadableStream<Uint8Array>>;
  /** How often the hub asked where the run lies. */
  readonly finds: () => number;
  readonly write: (from: number, to: number) => Promise<void>;
  readonly end: () => void;
}

const withRun = async (work: (place: Place) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), "calque-hub-"));
  try {
    const file = join(folder, "events.jsonl");
    const hub = new EventHub();
    let hasEnded = false;
    let finds = 0;
    const find = async () => {
      finds++;
      await setTimeout(1);
      return { file, ended: () => Promise.resolve(hasEnded) };
    };
    await work({
      hub,
      file,
      listen: (after = 0) => hub.stream("run", after, find),
      finds: () => finds,
      write: (from, to) => {
        const ids = Array.from({ length: to - from + 1 }, (_, i) => from + i);
        return appendFile(file, ids.map((id) => line(id)).join(""));
      },
      end: () => hasEnded = true,
    });
  } finally {
    await rm(folder, { recursive: true });
  }
};

const line = (id: number, more = ""): string =>
  JSON.stringify({ id, event: "metrics", at: "", data: { step: id, text: `ü${more}` } }) + "\n";

const frames = (text: string): string => text.replaceAll(/^:.*\n\n/gm, "");
const idsIn = (text: string): number[] =>
  [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
const read = async (stream: Promise<ReadableStream<Uint8Array>>): Promise<string> =>
  frames(await new Response(await stream).text());
const range = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);

Deno.test("listeners that come at any time hear every event once, in order, in the same bytes", () =>
  withRun(async ({ hub, listen, write, end }) => {
    await write(1, 50);
    const heard: Promise<string>[] = [];
    const after: number[] = [];
    for (let id = 51; id < 400; id += 7) {
      for (const known of [0, id - 20, id + 30]) {
        heard.push(read(listen(known)));
        after.push(known);
      }
      await write(id, id + 6);
      await setTimeout(id % 3 === 0 ? 25 : 1);
    }
    end();
    const texts = await Promise.all(heard);
    const whole = texts[after.indexOf(0)]!;
    const last = idsIn(whole).at(-1)!;
    texts.forEach((text, i) => {
      assert.deepEqual(idsIn(text), range(after[i]! + 1, last));
      assert.ok(whole.endsWith(text));
    });
    assert.equal(hub.listeners, 0);
    assert.equal(await read(listen()), whole);
  }));

Deno.test("where the run lies is asked once for all that come at the same time", () =>
  withRun(async ({ listen, write, end, finds }) => {
    await write(1, 20);
    const heard = range(1, 100).map((id) => read(listen(id % 2)));
    await Promise.all(range(1, 100).map(() => setTimeout(1)));
    end();
    for (const [i, text] of (await Promise.all(heard)).entries()) {
      assert.deepEqual(idsIn(text), range(1 + (i + 1) % 2, 20));
    }
    assert.equal(finds(), 1);
  }));

Deno.test("a line is told when it is whole, and characters are never torn", () =>
  withRun(async ({ file, listen, end }) => {
    const bytes = new TextEncoder().encode(line(1) + line(2));
    const heard = read(listen());
    const cut = bytes.indexOf(0xc3) + 1;
    await writeFile(file, bytes.subarray(0, cut));
    await setTimeout(300);
    await appendFile(file, bytes.subarray(cut));
    await setTimeout(300);
    end();
    const text = await heard;
    assert.deepEqual(idsIn(text), [1, 2]);
    assert.ok(!text.includes("\ufffd"));
  }));

Deno.test("a long past reaches a reader that takes its time, whole", () =>
  withRun(async ({ file, listen, end }) => {
    const past = range(1, 3000).map((id) => line(id, "x".repeat(5000))).join("");
    await writeFile(file, past);
    end();
    const reader = (await listen()).getReader();
    const decoder = new TextDecoder();
    let text = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
      await setTimeout(5);
    }
    assert.deepEqual(idsIn(text), range(1, 3000));
  }));

Deno.test("a line that is longer than one reading is told whole", () =>
  withRun(async ({ file, listen, end }) => {
    await writeFile(file, line(1) + line(2, "x".repeat(3 << 20)) + line(3));
    end();
    assert.deepEqual(idsIn(await read(listen())), [1, 2, 3]);
    assert.deepEqual(idsIn(await read(listen(2))), [3]);
  }));

Deno.test("one that stops reading is let go, without harm to the others", () =>
  withRun(async ({ hub, file, listen, end }) => {
    const stuck = listen();
    const heard = read(listen());
    await setTimeout(300);
    for (let id = 1; id <= 120; id++) {
      await appendFile(file, line(id, "x".repeat(100_000)));
      if (id % 10 === 0) await setTimeout(60);
    }
    while (hub.listeners > 1) await setTimeout(20);
    end();
    assert.deepEqual(idsIn(await heard), range(1, 120));
    const part = idsIn(await read(stuck));
    assert.deepEqual(part, range(1, part.length));
    assert.ok(part.length < 120);
  }));

Deno.test("listeners that go leave nothing behind, and the next is told all the same", () =>
  withRun(async ({ hub, listen, write, end }) => {
    await write(1, 3);
    for (let i = 0; i < 20; i++) {
      const reader = (await listen()).getReader();
      if (i % 2 === 0) await reader.read();
      await reader.cancel();
    }
    assert.equal(hub.listeners, 0);
    end();
    assert.deepEqual(idsIn(await read(listen())), [1, 2, 3]);
  }));

Deno.test("a broken line ends the stream; a file that is absent is waited for", () =>
  withRun(async ({ file, listen, write, end }) => {
    const early = read(listen());
    await setTimeout(100);
    await write(1, 2);
    end();
    assert.deepEqual(idsIn(await early), [1, 2]);
    await appendFile(file, "no json\n");
    assert.deepEqual(idsIn(await read(listen())), []);
  }));
