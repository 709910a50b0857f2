import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { promisify } from "node:util";

/**
 * Names one process for good: a process id alone is given out again, but never with the same start time
 * after the same boot.
 */
export interface ProcessMark {
  readonly pid: number;
  readonly started: string;
}

export const markOf = async (pid: number): Promise<ProcessMark | undefined> => {
  const started = await startOf(pid);
  return started === undefined ? undefined : { pid, started };
};

export const markOfThis = async (): Promise<ProcessMark> =>
  (await markOf(process.pid)) ?? { pid: process.pid, started: "unknown" };

export const isAlive = async (mark: ProcessMark): Promise<boolean> =>
  (await startOf(mark.pid)) === mark.started;

const startOf = (pid: number): Promise<string | undefined> =>
  process.platform === "linux" ? startOnLinux(pid) : startByPs(pid);

const startOnLinux = async (pid: number): Promise<string | undefined> => {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // The second field is the command in parentheses and may hold anything, parentheses too.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [state] = fields;
    if (state === "Z" || state === "X") return undefined;
    const boot = (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
    return `${boot}/${fields[19]}`; // field 22 of proc_pid_stat(5): ticks after boot
  } catch {
    return undefined;
  }
};

const startByPs = async (pid: number): Promise<string | undefined> => {
  try {
    const { stdout } = await promisify(execFile)("ps", ["-o", "lstart=", "-p", String(pid)]);
    return stdout.trim() === "" ? undefined : stdout.trim();
  } catch {
    return undefined;
  }
};
