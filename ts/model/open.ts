import type { Engine, EngineOptions, GenerateRequest } from "./engine.ts";
import { errorOf, type Method, type Opened, type Reply, type Request } from "./protocol.ts";

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
    generate: ({ onProgress, onTokens, ...request }: GenerateRequest) =>
      door.send({ method: "generate", args: [request], stream: onTokens !== undefined }, {
        onProgress,
        onTokens,
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

type Listeners = { [K in "onProgress" | "onTokens"]?: GenerateRequest[K] | undefined };

interface Waiting extends Listeners {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
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
        this.#waiting.delete(data.id);
        return waiting.reject(error as Error);
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
    if (this.closed) return Promise.reject(new Error("the engine is closed"));
    return new Promise((resolve, reject) => {
      const id = this.#next++;
      this.#waiting.set(id, { resolve, reject, ...listeners });
      this.#worker.postMessage({ ...request, id });
    });
  }

  shut(reason = "the engine was closed"): void {
    this.closed = true;
    this.#worker.terminate();
    for (const { reject } of this.#waiting.values()) reject(new Error(reason));
    this.#waiting.clear();
  }
}
