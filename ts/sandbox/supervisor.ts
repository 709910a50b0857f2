import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { rmdir } from "node:fs/promises";
import { totalmem } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { SandboxError } from "./errors.ts";
import { bubblewrap } from "./bubblewrap.ts";
import { seccompFilter } from "./seccomp.ts";

/** One run for `supervisor.py`, which tells what each key means. */
export interface Job {
  readonly folder: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly remove?: boolean;
  readonly argv?: readonly string[];
  readonly view?: readonly string[];
  readonly limits?: readonly (readonly [kind: string, number: number])[];
  readonly tools?: readonly number[];
  readonly stdin?: string;
  readonly mark?: string;
  readonly cpu_ms?: number;
  readonly wall_ms?: number;
  readonly memory_kb?: number;
  readonly output_bytes?: number;
}

export interface Outcome {
  readonly exit_code: number | null;
  readonly signal: number | null;
  readonly limit: "cpu" | "wall" | "memory" | "output" | "killed" | null;
  /** False when bubblewrap itself failed. */
  readonly started: boolean;
  /** The wall limit was hit while it waited for a processor. */
  readonly starved: boolean;
  readonly cpu_ms: number;
  readonly wall_ms: number;
  readonly memory_kb: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly marks: readonly (readonly [count: number, cpu_ms: number, wall_ms: number])[];
}

/** The process that starts, bounds and measures programs; started anew if it should die. */
export class Supervisor {
  /** Where the folders of jobs lie, in the host's file system. */
  root = "";
  #cgroups: readonly string[] = [];
  #child: ChildProcessWithoutNullStreams | undefined;
  #starting: Promise<void> | undefined;
  #waiting = new Map<number, (outcome: Outcome | { fault: string }) => void>();
  #next = 0;

  /** `tools` are opened by the supervisor and bound by number, see {@link firstTool}. */
  constructor(private readonly tools: readonly string[], readonly at_once: number) {}

  start(): Promise<void> {
    return this.#starting ??= new Promise((resolve, reject) => {
      const python = ["/usr/bin/python3", "/usr/local/bin/python3"].find((path) =>
        existsSync(path)
      ) ?? "python3";
      const child = spawn(python, ["-I", "-S", "-B", script], {
        stdio: ["pipe", "pipe", "pipe"],
        env: { PATH: process.env["PATH"] ?? "", TMPDIR: process.env["TMPDIR"] ?? "/tmp" },
      });
      this.#child = child;
      let stderr = "";
      child.stderr.on("data", (data) => stderr = (stderr + data).slice(-2000));
      child.stdin.on("error", () => {});
      const ended = (why: string) => {
        if (this.#child !== child) return;
        this.#child = undefined;
        this.#starting = undefined;
        for (const settle of this.#waiting.values()) settle({ fault: why });
        this.#waiting.clear();
        reject(new SandboxError({ code: "supervisor", message: why }));
      };
      child.on(
        "error",
        (error) => ended(`${python} cannot start the supervisor: ${error.message}`),
      );
      child.on(
        "exit",
        (code, signal) =>
          ended(`the sandbox's supervisor ended (${signal ?? code}): ${stderr.trim()}`),
      );
      createInterface({ input: child.stdout }).on("line", (line) => {
        const message = JSON.parse(line);
        if ("root" in message) {
          this.root = message.root;
          this.#cgroups = message.cgroups;
          return resolve();
        }
        const settle = this.#waiting.get(message.id);
        this.#waiting.delete(message.id);
        settle?.(message);
      });
      this.#send({
        seccomp: [...seccompFilter(process.arch)],
        tools: this.tools,
        bubblewrap: bubblewrap(),
        memory_bytes: Math.floor(totalmem() * 0.8),
        processes: 8192,
        at_once: this.at_once,
      });
    });
  }

  /** Does the job; an aborted one is killed at once, and answers all the same. */
  async run(job: Job, signal?: AbortSignal): Promise<Outcome | { readonly fault: string }> {
    try {
      await this.start();
    } catch (error) {
      return { fault: (error as Error).message };
    }
    const id = this.#next++;
    const kill = () => this.#send({ kill: id });
    signal?.addEventListener("abort", kill, { once: true });
    const outcome = await new Promise<Outcome | { fault: string }>((resolve) => {
      this.#waiting.set(id, resolve);
      this.#send({ id, ...job });
      if (signal?.aborted) kill();
    });
    signal?.removeEventListener("abort", kill);
    return outcome;
  }

  /** Ends the supervisor and with it whatever runs and its files. */
  async close(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    await new Promise<void>((resolve) => {
      child.on("exit", () => resolve());
      child.stdin.end();
    });
    // Only who may make a group may remove it, and only when nothing is in it.
    for (const folder of this.#cgroups) await rmdir(folder).catch(() => {});
  }

  #send(message: unknown) {
    this.#child?.stdin.write(JSON.stringify(message) + "\n");
  }
}

/** File descriptors that bubblewrap finds open, as `supervisor.py` has them. */
export const statusFd = 40;
export const seccompFd = 41;
export const blockFd = 42;
export const firstTool = 50;

const script = fileURLToPath(new URL("supervisor.py", import.meta.url));
