import { Effect, Semaphore } from "effect";
import { createHash } from "node:crypto";
import type { Outcome } from "./supervisor.ts";

/** What was built from some content: the folder that holds it, or the compiler's complaint. */
export interface Build {
  readonly outcome: Outcome;
  /** Absent where it was not built. */
  readonly folder?: string;
}

/** Built programs by their content, so that the same text is compiled once. Those in use stay; of the rest, the latest. */
export class Builds {
  #entries = new Map<string, Entry>();

  /** `remove` deletes a folder that is no longer kept. */
  constructor(
    private readonly capacity: number,
    private readonly remove: (folder: string) => void,
  ) {}

  key(command: readonly string[], files: Readonly<Record<string, string>>): string {
    return createHash("sha256").update(JSON.stringify([command, files])).digest("base64");
  }

  /**
   * The build under `key`, made by `build` if there is none; who asks for one that is being made waits for it. A build
   * that is `undefined` (the sandbox's fault, or a limit met) is not kept. Held until `release`.
   */
  take(key: string, build: Effect.Effect<Build | undefined>): Effect.Effect<Build | undefined> {
    return Effect.suspend(() => {
      const entry = this.#entries.get(key) ?? { lock: Semaphore.makeUnsafe(1), holders: 0 };
      this.#entries.delete(key);
      this.#entries.set(key, entry);
      entry.holders++;
      const known = Effect.suspend(() =>
        entry.build !== undefined
          ? Effect.succeed(entry.build)
          : Effect.tap(build, (built) => Effect.sync(() => entry.build = built))
      );
      return entry.lock.withPermits(1)(known).pipe(
        Effect.onExit((exit) =>
          Effect.sync(() => {
            if (exit._tag !== "Success" || exit.value === undefined) this.release(key);
          })
        ),
      );
    });
  }

  has(folder: string): boolean {
    return [...this.#entries.values()].some(({ build }) => build?.folder === folder);
  }

  release(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    entry.holders--;
    for (const [key, { holders, build }] of this.#entries) {
      if (holders > 0 || (build !== undefined && this.#entries.size <= this.capacity)) continue;
      this.#entries.delete(key);
      if (build?.folder !== undefined) this.remove(build.folder);
    }
  }
}

interface Entry {
  readonly lock: Semaphore.Semaphore;
  holders: number;
  build?: Build | undefined;
}
