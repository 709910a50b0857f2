import { existsSync } from "node:fs";
import type { Limits } from "./limits.ts";
import { seccompFd, statusFd } from "./supervisor.ts";
import { prlimit } from "./visible.ts";

export interface Confinement {
  /** Folder of the host that the program sees as /work. */
  readonly work: string;
  readonly writable?: boolean;
  readonly limits: Limits;
  /** Cases that share the process; each has the CPU limit for itself. */
  readonly cases?: number;
  /** What it sees of the system, see {@link visible}. */
  readonly visible: readonly string[];
  /** A folder of the host, seen as /opt/prepared or as `at`. */
  readonly prepared?: {
    readonly path: string;
    readonly at?: string | undefined;
    readonly writable?: boolean;
  };
  /** Tools from outside the system folders: open file descriptors and where they are seen. */
  readonly tools?: readonly (readonly [fd: number, path: string])[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** The bubblewrap command that runs `command` and lets it see nothing but what is named. */
export const confine = (
  confinement: Confinement,
  command: readonly string[],
): readonly string[] => {
  const { limits, prepared } = confinement;
  const memory = String(limits.memory_mb * 1024 * 1024);
  return [
    bubblewrap(),
    "--unshare-all",
    "--die-with-parent",
    "--new-session",
    "--clearenv",
    "--hostname",
    "sandbox",
    ...confinement.visible,
    ...(prepared === undefined ? [] : [
      prepared.writable ? "--bind" : "--ro-bind",
      prepared.path,
      prepared.at ?? "/opt/prepared",
    ]),
    ...(confinement.tools ?? []).flatMap(([fd, path]) => ["--ro-bind-fd", String(fd), path]),
    "--proc",
    "/proc",
    ...devices,
    // Without a size a tmpfs may take half of the machine's memory.
    "--size",
    memory,
    "--tmpfs",
    "/tmp",
    confinement.writable ? "--bind" : "--ro-bind",
    confinement.work,
    "/work",
    // The root is a tmpfs too, and no limit holds it.
    "--remount-ro",
    "/",
    "--chdir",
    "/tmp",
    ...Object.entries({ ...environment, ...confinement.environment }).flatMap(([name, value]) => [
      "--setenv",
      name,
      value,
    ]),
    "--json-status-fd",
    String(statusFd),
    "--seccomp",
    String(seccompFd),
    "--",
    ...limited(confinement),
    // bubblewrap's own first process counts among the user's.
    `--nproc=${limits.processes + 1}`,
    ...command,
  ];
};

/** What stands behind the supervisor, who counts all processes of a run: these are each one's. */
export const limited = ({ limits, cases = 1 }: Confinement): readonly string[] => [
  prlimit,
  `--cpu=${Math.ceil(limits.cpu_s * cases) + 1}`,
  `--fsize=${limits.memory_mb * 1024 * 1024}`,
  "--nofile=256",
  "--core=0",
  "--memlock=0",
  "--msgqueue=0",
];

export const environment = {
  PATH: "/usr/local/bin:/usr/bin:/bin",
  HOME: "/tmp",
  TMPDIR: "/tmp",
  LANG: "C.UTF-8",
  NO_COLOR: "1",
};

const devices = ["null", "zero", "full", "random", "urandom"].flatMap((name) => [
  "--dev-bind",
  `/dev/${name}`,
  `/dev/${name}`,
]).concat(
  ...["fd", "stdin", "stdout", "stderr"].map((name, at) => [
    "--symlink",
    at === 0 ? "/proc/self/fd" : `/proc/self/fd/${at - 1}`,
    `/dev/${name}`,
  ]),
);

const bubblewrap = () =>
  ["/usr/bin/bwrap", "/usr/local/bin/bwrap"].find((path) => existsSync(path)) ?? "/usr/bin/bwrap";
