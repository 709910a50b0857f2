import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../apps/cli/main.ts", import.meta.url));
export const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Where {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts the command line as a user would, from outside. */
export const start = (args: readonly string[], where: Where = {}): ChildProcessWithoutNullStreams =>
  spawn(Deno.execPath(), ["run", "-A", main, ...args], {
    cwd: where.cwd ?? root,
    env: { ...Deno.env.toObject(), NO_COLOR: "1", ...where.env },
  });

/** Runs it to its end. */
export const calque = async (
  args: readonly string[],
  options: Where & { readonly stdin?: string } = {},
): Promise<Ended> => {
  const child = start(args, options);
  const out: string[] = [];
  const err: string[] = [];
  child.stdout.setEncoding("utf8").on("data", (text) => out.push(text));
  child.stderr.setEncoding("utf8").on("data", (text) => err.push(text));
  child.stdin.end(options.stdin ?? "");
  const [code, signal] = await once(child, "close");
  // Deno itself says this where two of its processes start at once.
  const stderr = err.join("").replaceAll(/^Blocking waiting for file lock .*\n/gm, "");
  if (signal !== null) throw new Error(`calque ${args.join(" ")} died of ${signal}: ${stderr}`);
  return { code, stdout: out.join(""), stderr };
};

/** Lines of stdout as objects. */
export const objects = (text: string): Record<string, unknown>[] =>
  text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));

/** A running batch: write a line, wait for an answer, while stdin stays open. */
export const conversation = (args: readonly string[], where: Where = {}) => {
  const child = start(args, where);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  child.stderr.resume();
  return {
    say: (line: unknown) => child.stdin.write(JSON.stringify(line) + "\n"),
    hear: async () => JSON.parse((await lines.next()).value as string) as Record<string, unknown>,
    end: async (): Promise<number | null> => {
      child.stdin.end();
      const [code] = await once(child, "close");
      return code;
    },
  };
};
