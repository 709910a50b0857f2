import { Effect, Semaphore } from "effect";
import { confine } from "./isolation.ts";
import { compileLimits, type Limits } from "./limits.ts";
import type { Job, Outcome, Supervisor } from "./supervisor.ts";
import type { Toolchain } from "./toolchain.ts";

/** A program in a folder of its own, built if its language is built; `close` removes it. */
export interface Program {
  readonly folder: string;
  readonly toolchain: Toolchain;
}

export interface RunOptions {
  readonly limits: Limits;
  readonly args?: readonly string[];
  readonly stdin?: string;
  /** See `Call.mark`. */
  readonly mark?: string;
  readonly cases?: number;
}

export type Run = Outcome | { readonly fault: string };

/** Runs programs in their sandboxes, no more at once than `concurrency`. */
export class Runner {
  #semaphore: Semaphore.Semaphore;
  #folders = 0;

  constructor(private readonly supervisor: Supervisor, private readonly concurrency: number) {
    this.#semaphore = Semaphore.makeUnsafe(concurrency);
  }

  /** A name for a program's folder; nothing is made yet. */
  folder(): string {
    return `p${this.#folders++}`;
  }

  /** Writes the program's files and builds it where its language is built. */
  build(
    program: Program,
    files: Readonly<Record<string, string>>,
  ): Effect.Effect<Run | undefined> {
    const { compile } = program.toolchain;
    return compile === undefined
      ? this.#job({ folder: program.folder, files }, 1).pipe(
        Effect.map((run) => "fault" in run ? run : undefined),
      )
      : this.#confined(program, compile, { limits: compileLimits }, { files, writable: true });
  }

  /**
   * Runs a built program. A run that met its wall limit while it waited for a processor is done again with nothing
   * beside it, and only then counts.
   */
  run(program: Program, options: RunOptions): Effect.Effect<Run> {
    const command = [...program.toolchain.run, ...(options.args ?? [])];
    const { language } = program.toolchain;
    const limits = {
      ...options.limits,
      cpu_s: options.limits.cpu_s * (language.allowance?.cpu ?? 1),
      wall_s: options.limits.wall_s * (language.allowance?.cpu ?? 1),
      memory_mb: options.limits.memory_mb + (language.allowance?.memory_mb ?? 0),
      processes: options.limits.processes + (language.threads ?? 0),
    };
    return this.#confined(program, command, { ...options, limits }, {});
  }

  close(program: Program): Effect.Effect<void> {
    return Effect.promise(() => this.supervisor.run({ folder: program.folder, remove: true }));
  }

  #confined(
    program: Program,
    command: readonly string[],
    options: RunOptions,
    more: { readonly files?: Readonly<Record<string, string>>; readonly writable?: boolean },
  ): Effect.Effect<Run> {
    const { limits } = options;
    const { toolchain } = program;
    const job = Effect.suspend(() =>
      Effect.succeed<Job>({
        folder: program.folder,
        ...(more.files === undefined ? {} : { files: more.files }),
        argv: confine({
          work: `${this.supervisor.root}/${program.folder}`,
          writable: more.writable ?? false,
          limits,
          cases: options.cases ?? 1,
          binds: toolchain.language.binds ?? [],
          tools: toolchain.tools,
          environment: toolchain.variant.environment ?? {},
        }, command),
        tools: toolchain.tools.map(([fd]) => fd),
        stdin: options.stdin ?? "",
        mark: options.mark ?? "",
        cpu_ms: limits.cpu_s * 1000,
        wall_ms: limits.wall_s * 1000,
        memory_kb: limits.memory_mb * 1024,
        output_bytes: limits.output_kb * 1024,
      })
    );
    const attempt = (permits: number) =>
      Effect.flatMap(job, (job) => this.#job(job, permits)).pipe(
        Effect.flatMap((run) =>
          "starved" in run && run.limit === "wall" && run.starved && permits < this.concurrency
            ? Effect.flatMap(job, (job) => this.#job(job, this.concurrency))
            : Effect.succeed(run)
        ),
      );
    // Once more where the fault was ours.
    return Effect.flatMap(
      attempt(1),
      (run) => isFault(run) ? attempt(1) : Effect.succeed(run),
    );
  }

  #job(job: Job, permits: number): Effect.Effect<Run> {
    return this.#semaphore.withPermits(permits)(
      Effect.promise((signal) => this.supervisor.run(job, signal)),
    );
  }
}

/** The sandbox's own failure, not the program's. */
export const isFault = (run: Run): run is Run & { readonly fault: string } =>
  "fault" in run || !run.started;

export const faultOf = (run: Run): string =>
  "fault" in run ? run.fault : `bubblewrap could not start: ${run.stderr.trim()}`;
