/**
 * The Worker's side of the door: one engine, calls in the order they come. Only calls of `generate` that follow
 * one another are at work together.
 */
import { Core } from "./core.ts";
import type { GenerateRequest, NewTokens } from "./engine.ts";
import { errorData, type Message, type Reply, type Request, transferables } from "./protocol.ts";

const port = globalThis as unknown as {
  onmessage: (event: MessageEvent<Message>) => void;
  postMessage: (reply: Reply, transfer?: readonly ArrayBuffer[]) => void;
};

let core: Core | undefined;
/** When all calls are answered, and when all but the calls of `generate` that came last. */
let all: Promise<unknown> = Promise.resolve();
let alone: Promise<unknown> = all;

/** Those of the calls of `generate` that are not answered. */
const aborts = new Map<number, AbortController>();

port.onmessage = ({ data: request }) => {
  if (request.method === "abort") return aborts.get(request.id)?.abort();
  const generates = request.method === "generate";
  if (generates) aborts.set(request.id, new AbortController());
  const answered = (generates ? alone : all).then(() => reply(request));
  all = Promise.all([all, answered]);
  if (!generates) alone = answered;
};

const reply = async (request: Request): Promise<void> => {
  const { id } = request;
  try {
    const value = await answer(request);
    port.postMessage({ id, value }, transferables(value));
  } catch (error) {
    port.postMessage({ id, error: errorData(error) });
  }
  aborts.delete(id);
};

const answer = async (request: Request): Promise<unknown> => {
  if (request.method === "open") {
    core = await Core.open(request.options);
    return { device: core.device.info, config: core.folder.config, memory: core.memory };
  }
  if (!core) throw new Error(`${request.method} before open`);
  const { id, method, args, stream } = request;
  if (method === "generate") {
    const onProgress = (progress: number) => port.postMessage({ id, progress });
    const onTokens = (news: readonly NewTokens[]) => port.postMessage({ id, news });
    return await core.generate({
      ...args[0] as GenerateRequest,
      signal: aborts.get(id)!.signal,
      onProgress,
      ...(stream ? { onTokens } : {}),
    });
  }
  const call = core[method] as (this: Core, ...args: unknown[]) => unknown;
  return await call.apply(core, [...args]);
};
