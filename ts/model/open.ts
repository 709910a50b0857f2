import type { Engine, EngineOptions, GenerateRequest } from "./engine.ts";
import {
  errorOf,
  type Message,
  type Method,
  type Opened,
  type Reply,
  type Request,
} from "./protocol.ts";

/**
 * Opens a model on a GPU in a Worker of its own.
 *
 * @throws ModelError for what is wrong with the folder or the request, before anything is allocated.
 * @throws DeviceError for what the machine lacks.
 */
export const openEngine = async (options: EngineOptions): Promise<Engine> => {
  const door = new Door();
  try {
    const opened = await door.send({ method: "open", options }) as Opened;
    return engineBehind(door, opened);
  } catch (error) {
    door.shut();
    throw error;
  }
};

const engineBehind = (door: Door, opened: Opened): Engine => {
  const call = (method: Method) => (...args: readonly unknown[]) =>
    door.send({ method, args }) as Promise<never>;
  return {
    ...opened,
    logProbs: call("logProbs"),
    states: call("states"),
    accumulate: call("accumulate"),
    foldGradient: call("foldGradient"),
    update: call("update"),
    unsound: call("unsound"),
    generate: ({ onProgress, onTokens, signal, ...request }: GenerateRequest) =>
      door.send({ method: "generate", args: [request], stream: onTokens !== undefined }, {
        onProgress,
        onTokens,
        signal,
      }) as Promise<never>,
    snapshotReference: call("snapshotReference"),
    saveModel: call("saveModel"),
    saveAdapter: call("saveAdapter"),
    exportState: call("exportState"),
    importState: call("importState"),
    close: async () => {
      if (door.closed) return;
      await door.send({ method: "close", args: [] });
      door.shut();
    },
  };
};

type Listeners = { [K in "onProgress" | "onTokens" | "signal"]?: GenerateRequest[K] | undefined };

interface Waiting extends Listeners {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Requests out, replies in; every request is answered, also when the Worker dies. */
class Door {
  closed = false;
  readonly #worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;

  constructor() {
    this.#worker.onmessage = ({ data }: MessageEvent<Reply>) => {
      const waiting = this.#waiting.get(data.id);
      if (!waiting) return;
      try {
        if ("progress" in data) return waiting.onProgress?.(data.progress);
        if ("news" in data) return waiting.onTokens?.(data.news);
      } catch (error) {
        // A listener that fails must not take the program with it.
        return this.#drop(data.id, error);
      }
      this.#waiting.delete(data.id);
      if ("error" in data) waiting.reject(errorOf(data.error));
      else waiting.resolve(data.value);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.shut(`the engine's worker failed: ${event.message}`);
    };
  }

  send(
    request: Request extends infer R ? R extends Request ? Omit<R, "id"> : never : never,
    listeners: Listeners = {},
  ): Promise<unknown> {
    const { signal } = listeners;
    if (this.closed) return Promise.reject(new Error("the engine is closed"));
    if (signal?.aborted) return Promise.reject(signal.reason);
    const id = this.#next++;
    const abort = () => this.#drop(id, signal!.reason);
    signal?.addEventListener("abort", abort);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, ...listeners });
      this.#post({ ...request, id });
    }).finally(() => signal?.removeEventListener("abort", abort));
  }

  /** A call is no longer waited for. */
  #drop(id: number, reason: unknown): void {
    this.#waiting.get(id)?.reject(reason);
    this.#waiting.delete(id);
    this.#post({ id, method: "abort" });
  }

  #post(message: Message): void {
    this.#worker.postMessage(message);
  }

  shut(reason = "the engine was closed"): void {
    this.closed = true;
    this.#worker.terminate();
    for (const { reject } of this.#waiting.values()) reject(new Error(reason));
    this.#waiting.clear();
  }
}
