import { spawnSync } from "node:child_process";

/** Runs a peer's script, which prints its result as the last line, in JSON; else why it did not. */
export const runPeer = <R>(script: string, args: readonly string[], program?: string): R | {
  readonly error: string;
} => {
  const deno = [Deno.execPath(), "run", "-A", "--no-check", "--node-modules-dir=manual"];
  const [command, ...rest] = [...(program ? [program] : deno), script, ...args];
  const { stdout, stderr, error } = spawnSync(command!, rest, {
    encoding: "utf8",
    env: { ...Deno.env.toObject(), NO_COLOR: "1" },
    timeout: LIMIT_MS,
    maxBuffer: 2 ** 28,
  });
  const line = stdout?.trim().split("\n").at(-1);
  if (line?.startsWith("{")) return JSON.parse(line) as R;
  const named = stderr?.split("\n").find((l) => /error/i.test(l));
  return { error: (error?.message ?? named ?? "no answer").slice(0, 160) };
};

/** What does not end in this time is listed so. */
const LIMIT_MS = 30 * 60_000;
