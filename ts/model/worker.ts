/**
 * The Worker's side of the door: one engine, calls in the order they come. Only calls of `generate` that follow
 * one another are at work together.
 */
import { Core } from "./core.ts";
import type { GenerateRequest, NewTokens } from "./engine.ts";
import { errorData, type Reply, type Request, transferables } from "./protocol.ts";

const port = globalThis as unknown as {
  onmessage: (event: MessageEvent<Request>) => void;
  postMessage: (reply: Reply, transfer?: readonly ArrayBuffer[]) => void;
};

let core: Core | undefined;
/** When all calls are answered, and when all but the calls of `generate` that came last. */
let all: Promise<unknown> = Promise.resolve();
let alone: Promise<unknown> = all;

port.onmessage = ({ data: request }) => {
  const generates = request.method === "generate";
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
      onProgress,
      ...(stream ? { onTokens } : {}),
    });
  }
  const call = core[method] as (this: Core, ...args: unknown[]) => unknown;
  return await call.apply(core, [...args]);
};
