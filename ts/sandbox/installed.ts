import { Effect } from "effect";
import { compileLimits, defaultLimits } from "./limits.ts";
import type { Language } from "./languages/language.ts";
import { languages } from "./languages/mod.ts";
import { faultOf, isFault, type Program, Runner } from "./runner.ts";
import { Supervisor } from "./supervisor.ts";
import { prepared } from "./prepared.ts";
import { type Toolchain, toolchains } from "./toolchain.ts";

/** What `calque languages` tells. */
export interface LanguageStatus {
  readonly language: string;
  readonly version: string | null;
  readonly available: boolean;
  readonly package: string;
  /** Building (where it is built) and running hello world, milliseconds of wall time. */
  readonly hello_ms: number | null;
  readonly spelling: Language["spelling"];
  /** Why it is not available. */
  readonly reason?: string;
}

/** Which languages run on this machine, each tried when it is first asked for. */
export class Languages {
  readonly runner: Runner;
  readonly #supervisor: Supervisor;
  readonly #candidates = new Map<string, readonly Toolchain[]>();
  readonly #tried = new Map<string, Promise<Tried>>();

  constructor(concurrency: number, isolated = true) {
    const opened: string[] = [];
    for (const language of languages.values()) {
      this.#candidates.set(language.name, toolchains(language, opened));
    }
    this.#supervisor = new Supervisor(opened, concurrency);
    this.runner = new Runner(this.#supervisor, isolated);
  }

  /** The way to run a language's programs that was seen to work, or why there is none. */
  toolchain(name: string): Effect.Effect<Toolchain | string> {
    return Effect.map(this.#try(name), ({ toolchain, status }) => toolchain ?? status.reason ?? "");
  }

  status(name: string): Effect.Effect<LanguageStatus | undefined> {
    return languages.has(name)
      ? Effect.map(this.#try(name), ({ status }) => status)
      : Effect.succeed(undefined);
  }

  get all(): Effect.Effect<readonly LanguageStatus[]> {
    // One after the other, for the times are to be each language's own.
    return Effect.forEach(
      [...languages.keys()],
      (name) => Effect.map(this.#try(name), ({ status }) => status),
    );
  }

  close(): Promise<void> {
    return this.#supervisor.close();
  }

  #try(name: string): Effect.Effect<Tried> {
    const known = this.#tried.get(name);
    if (known !== undefined) return Effect.promise(() => known);
    // Not the caller's to interrupt: others wait for it too.
    const trying = Effect.runPromise(this.#first(name));
    this.#tried.set(name, trying);
    return Effect.promise(() => trying);
  }

  #first(name: string): Effect.Effect<Tried> {
    return Effect.gen({ self: this }, function* () {
      const language = languages.get(name);
      if (language === undefined) {
        const reason = `no language named "${name}"; expected one of ${
          [...languages.keys()].join(", ")
        }`;
        return { status: { ...missing, language: name, reason } };
      }
      const reasons: string[] = [];
      for (const candidate of this.#candidates.get(name) ?? []) {
        const toolchain = yield* prepared(this.runner, candidate);
        const version = typeof toolchain === "string" ? toolchain : yield* this.#attempt(toolchain);
        if (typeof version !== "string" && typeof toolchain !== "string") {
          return { toolchain, status: { ...statusOf(language), ...version } };
        }
        reasons.push(String(version));
      }
      const reason = reasons.length > 0
        ? `${name} does not run in the sandbox: ${reasons.join("; ")}`
        : `${name} is not installed${
          language.package === "" ? "" : `: install the package ${language.package}`
        }`;
      return { status: { ...statusOf(language), reason } };
    });
  }

  /** Prints hello in the sandbox, as any program would; a text is what went wrong. */
  #attempt(toolchain: Toolchain) {
    const program: Program = { toolchain };
    const { language } = toolchain;
    const work = Effect.gen({ self: this }, function* () {
      // The first start of an interpreter reads it from the disk.
      for (const timed of [false, true]) {
        const started = performance.now();
        // Another text than before, or it would be found built.
        const hello = timed ? `${language.hello}\n` : language.hello;
        const built = yield* this.runner.build(program, {
          [language.source]: language.prepare?.(hello) ?? hello,
        });
        if (built !== undefined && (isFault(built) || "fault" in built)) return faultOf(built);
        if (built !== undefined && built.exit_code !== 0) return built.stderr.slice(0, 500);
        const run = yield* this.runner.run(program, { limits: defaultLimits });
        if (isFault(run) || "fault" in run) return faultOf(run);
        if (run.stdout.trim() !== "hello") {
          return `hello world answered ${run.exit_code ?? run.limit}: ${run.stderr.slice(0, 500)}`;
        }
        if (!timed) continue;
        const hello_ms = performance.now() - started;
        const told = yield* this.runner.run(
          { ...program, toolchain: { ...toolchain, run: toolchain.version } },
          { limits: compileLimits },
        );
        const text = "fault" in told ? "" : told.stdout + told.stderr;
        return { version: /\d+(\.\d+)+/.exec(text)?.[0] ?? null, available: true, hello_ms };
      }
      return "";
    });
    return Effect.ensuring(work, this.runner.close(program));
  }
}

interface Tried {
  readonly toolchain?: Toolchain;
  readonly status: LanguageStatus;
}

const missing: LanguageStatus = {
  language: "",
  version: null,
  available: false,
  package: "",
  hello_ms: null,
  spelling: "snake_case",
};

const statusOf = (language: Language): LanguageStatus => ({
  ...missing,
  language: language.name,
  package: language.package,
  spelling: language.spelling,
});
