import { bubblewrap } from "./bubblewrap.ts";
import type { Limits } from "./limits.ts";
import { blockFd, seccompFd, statusFd } from "./supervisor.ts";

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

/** A run in bubblewrap, as `supervisor.py` takes it. */
export interface Confined {
  readonly argv: readonly string[];
  readonly view: readonly string[];
  readonly limits: readonly (readonly [kind: string, number: number])[];
}

/** How bubblewrap runs `command` and lets it see nothing but what is named. */
export const confine = (confinement: Confinement, command: readonly string[]): Confined => {
  const { limits, prepared } = confinement;
  const at = prepared?.at ?? "/opt/prepared";
  return {
    // The same for all runs of a language: made once, see `views.py`.
    view: [
      ...confinement.visible,
      ...(prepared === undefined
        ? []
        : prepared.writable
        ? ["--dir", at]
        : ["--ro-bind", prepared.path, at]),
      ...(confinement.tools ?? []).flatMap(([fd, path]) => ["--ro-bind-fd", String(fd), path]),
      ...devices,
      ...["/proc", "/tmp", "/work"].flatMap((path) => ["--dir", path]),
      // The root is a tmpfs too, and no limit holds it.
      "--remount-ro",
      "/",
    ],
    argv: [
      bubblewrap(),
      "--unshare-all",
      "--die-with-parent",
      "--new-session",
      "--clearenv",
      "--hostname",
      "sandbox",
      ...(prepared?.writable ? ["--bind", prepared.path, at] : []),
      "--proc",
      "/proc",
      // Without a size a tmpfs may take half of the machine's memory.
      "--size",
      String(limits.memory_mb * 1024 * 1024),
      "--tmpfs",
      "/tmp",
      confinement.writable ? "--bind" : "--ro-bind",
      confinement.work,
      "/work",
      "--chdir",
      "/tmp",
      ...Object.entries({ ...environment, ...confinement.environment })
        .flatMap(([name, value]) => ["--setenv", name, value]),
      "--json-status-fd",
      String(statusFd),
      "--seccomp",
      String(seccompFd),
      "--block-fd",
      String(blockFd),
      "--",
      ...command,
    ],
    limits: Object.entries({
      ...processLimits(confinement),
      // bubblewrap's own first process counts among the user's.
      nproc: limits.processes + 1,
    }).map(([name, number]) => [`RLIMIT_${name.toUpperCase()}`, number]),
  };
};

/** What stands behind the supervisor, who counts all processes of a run: these are each one's, by the kernel's names. */
export const processLimits = ({ limits, cases = 1 }: Confinement) => ({
  cpu: Math.ceil(limits.cpu_s * cases) + 1,
  fsize: Math.floor(limits.memory_mb * 1024 * 1024),
  nofile: 256,
  core: 0,
  memlock: 0,
  msgqueue: 0,
});

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
