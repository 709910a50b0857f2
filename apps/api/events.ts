import { Stream } from "effect";
import { followLines, layout, type Run } from "../../ts/runs/mod.ts";

const HEARTBEAT_MS = 10_000;

/**
 * The run's events as server-sent events: one frame a line of the log, which is the only source, so a
 * replay is the same to the byte. Ends when the run has ended and the last event is out.
 */
export const eventStream = (
  run: Run,
  options: { readonly after: number; readonly ended: () => Promise<boolean> },
): ReadableStream<Uint8Array> => {
  const frames = followLines(layout(run.folder).events, options).pipe(Stream.map(frameOf));
  const heartbeats = Stream.tick(HEARTBEAT_MS).pipe(Stream.map(() => ": still here\n\n"));
  return Stream.merge(frames, heartbeats, { haltStrategy: "left" }).pipe(
    Stream.encodeText,
    Stream.toReadableStream(),
  );
};

const frameOf = ({ text }: { readonly text: string }): string => {
  const { id, event, data } = JSON.parse(text) as {
    readonly id: number;
    readonly event: string;
    readonly data: unknown;
  };
  return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
};

/** `Last-Event-ID`: the last id that the client has; `undefined` if the header is no such number. */
export const lastEventId = (header: string | undefined): number | undefined =>
  header === undefined || header === ""
    ? 0
    : /^\d{1,15}$/.test(header)
    ? Number(header)
    : undefined;
