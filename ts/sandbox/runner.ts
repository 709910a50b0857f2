import { Effect, Semaphore } from "effect";
import { createHmac, randomBytes } from "node:crypto";
import { type Build, Builds } from "./builds.ts";
import { confine, type Confinement } from "./isolation.ts";
import { unconfine } from "./no_isolation.ts";
import { compileLimits, type Limits, prepareLimits } from "./limits.ts";
import type { Job, Outcome, Supervisor } from "./supervisor.ts";
import type { Step, Toolchain } from "./toolchain.ts";

/** A program, built if its language is built; `close` lets it go. */
export interface Program {
  readonly toolchain: Toolchain;
  /** Said to the compiler beside what the toolchain says. */
  readonly flags?: readonly string[];
  /** Where it lies, below the supervisor's root. */
  folder?: string;
  /** What is still to be written there. */
  files?: Readonly<Record<string, string>>;
  /** The key of the build that it holds; without one the folder is its own. */
  build?: string;
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

/** Runs programs in their sandboxes, no more at once than the supervisor lets. */
export class Runner {
  /** Jobs at the supervisor, those that wait for their turn there among them. */
  private readonly concurrency: number;
  #semaphore: Semaphore.Semaphore;
  #folders = 0;
  #builds: Builds;
  #secret = randomBytes(32);

  /** Not isolated, programs run as this process does: see `unconfine`. */
  constructor(private readonly supervisor: Supervisor, readonly isolated = true) {
    this.concurrency = supervisor.at_once * 2;
    this.#semaphore = Semaphore.makeUnsafe(this.concurrency);
    this.#builds = new Builds(keptBuilds, (folder) => void this.#remove(folder));
  }

  /** A word that nobody can guess, the same for the same text, so that a program that holds it is built once. */
  word(text: string): string {
    return createHmac("sha256", this.#secret).update(text).digest("hex").slice(0, 24);
  }

  /** Writes the program's files and builds it where its language is built. What it was before is let go. */
  build(
    program: Program,
    files: Readonly<Record<string, string>>,
  ): Effect.Effect<Run | undefined> {
    const { compile: plain } = program.toolchain;
    const compile = plain &&
      { ...plain, command: plain.command.toSpliced(1, 0, ...program.flags ?? []) };
    if (compile === undefined) {
      // Written by the first run that needs them: a message of their own would cost as much as a start.
      return Effect.sync(() => {
        program.folder ??= this.#folder("p");
        program.files = files;
        return undefined;
      });
    }
    return Effect.suspend(() => {
      let last: Run = { fault: "nothing was built" };
      const make = Effect.gen({ self: this }, function* () {
        const folder = program.folder = this.#folder("b");
        last = yield* this.#confined(program, compile, { limits: compileLimits }, {
          files,
          writable: true,
        });
        if (isFault(last) || "fault" in last || last.limit !== null) return undefined;
        if (last.exit_code === 0) return { outcome: last, folder } satisfies Build;
        yield* Effect.promise(() => this.#remove(folder));
        delete program.folder;
        return { outcome: last } satisfies Build;
      });
      // The supervisor's folder goes with it: after a new start nothing is built.
      const key = this.#builds.key([this.supervisor.root, ...compile.command], files);
      return this.close(program).pipe(
        Effect.andThen(this.#builds.take(key, make)),
        Effect.map((build) => {
          if (build === undefined) return last;
          program.build = key;
          if (build.folder !== undefined) program.folder = build.folder;
          return build.outcome;
        }),
      );
    });
  }

  /**
   * Runs a built program. A run that met its wall limit while it waited for a processor is done again with nothing
   * beside it, and only then counts.
   */
  run(program: Program, options: RunOptions): Effect.Effect<Run> {
    const { run, language } = program.toolchain;
    const limits = {
      ...options.limits,
      cpu_s: options.limits.cpu_s * (language.allowance?.cpu ?? 1),
      wall_s: options.limits.wall_s * (language.allowance?.cpu ?? 1),
      memory_mb: options.limits.memory_mb + (language.allowance?.memory_mb ?? 0),
      processes: options.limits.processes + (language.threads ?? 0),
    };
    return this.#confined(program, run, { ...options, limits }, {});
  }

  /** Fills a folder as the toolchain's `prepare` says, and answers where it lies; a text is what went wrong. */
  prepare(toolchain: Toolchain, step: Step): Effect.Effect<{ readonly path: string } | string> {
    return Effect.gen({ self: this }, function* () {
      const program: Program = { toolchain, folder: this.#folder("prepared") };
      const path = () => `${this.supervisor.root}/${program.folder}/prepared`;
      const run = yield* this.#confined(program, step, { limits: prepareLimits }, {
        files: { "prepared/ready": "" },
        prepared: () => ({ path: path(), writable: true }),
      });
      if (isFault(run) || "fault" in run) return faultOf(run);
      return run.exit_code === 0
        ? { path: path() }
        : `${run.limit ?? run.exit_code}: ${run.stderr.slice(-500)}`;
    });
  }

  close(program: Program): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { build, folder } = program;
      delete program.build;
      delete program.folder;
      if (build !== undefined) return Effect.sync(() => this.#builds.release(build));
      // Nobody waits for it: what is sent later is done later.
      if (folder !== undefined && !this.#builds.has(folder)) void this.#remove(folder);
      return Effect.void;
    });
  }

  #folder(kind: string): string {
    return `${kind}${this.#folders++}`;
  }

  async #remove(folder: string): Promise<void> {
    await this.supervisor.run({ folder, remove: true });
  }

  #confined(
    program: Program,
    step: Step,
    options: RunOptions,
    more: {
      readonly files?: Readonly<Record<string, string>>;
      readonly writable?: boolean;
      readonly prepared?: () => NonNullable<Confinement["prepared"]>;
    },
  ): Effect.Effect<Run> {
    const { limits } = options;
    const { toolchain } = program;
    const folder = program.folder ?? "";
    const job = (): Job => {
      const { prepared, variant } = toolchain;
      const bound = more.prepared?.() ??
        (prepared === undefined ? undefined : { path: prepared, at: variant.prepared_at });
      const confinement: Confinement = {
        work: `${this.supervisor.root}/${folder}`,
        writable: more.writable ?? false,
        limits,
        cases: options.cases ?? 1,
        visible: step.visible,
        ...(bound === undefined ? {} : { prepared: bound }),
        tools: toolchain.tools,
        environment: toolchain.environment,
      };
      const command = [...step.command, ...(options.args ?? [])];
      const files = more.files ?? program.files;
      delete program.files;
      return {
        folder,
        ...(this.isolated
          ? { ...confine(confinement, command), ...(files === undefined ? {} : { files }) }
          : unconfine(confinement, command, files)),
        tools: toolchain.tools.map(([fd]) => fd),
        stdin: options.stdin ?? "",
        mark: options.mark ?? "",
        cpu_ms: limits.cpu_s * 1000,
        wall_ms: limits.wall_s * 1000,
        memory_kb: limits.memory_mb * 1024,
        output_bytes: limits.output_kb * 1024,
      };
    };
    const attempt = (permits: number) =>
      this.#job(job, permits).pipe(
        Effect.flatMap((run) =>
          "starved" in run && run.limit === "wall" && run.starved && permits < this.concurrency
            ? this.#job(job, this.concurrency)
            : Effect.succeed(run)
        ),
      );
    const { files } = program;
    // Once more where the fault was ours, and with nothing beside it: all together may have been too much.
    return Effect.flatMap(attempt(1), (run) => {
      if (!isFault(run)) return Effect.succeed(run);
      if (files !== undefined) program.files = files;
      return attempt(this.concurrency);
    });
  }

  /** What is to be done is asked for when it is sent, for only then it is known where folders lie and what is written. */
  #job(job: () => Job, permits: number): Effect.Effect<Run> {
    return this.#semaphore.withPermits(permits)(
      Effect.promise(async (signal) => {
        // That it does not start is the run's own answer.
        await this.supervisor.start().catch(() => {});
        return await this.supervisor.run(job(), signal);
      }),
    );
  }
}

/** Built programs that are kept though nobody holds them: a few MB each. */
const keptBuilds = 64;

/** The sandbox's own failure, not the program's. */
export const isFault = (run: Run): run is Run & { readonly fault: string } =>
  "fault" in run || !run.started;

export const faultOf = (run: Run): string =>
  "fault" in run
    ? run.fault
    : `bubblewrap could not start a sandbox: ${run.stderr.trim()}; \`./setup --check\` says what to change on this machine, ` +
      "and --unsafe-no-isolation runs programs without any";
