/** What one program may use. CPU time counts over all its processes, and files in /tmp count as memory. */
export interface Limits {
  readonly cpu_s: number;
  readonly wall_s: number;
  readonly memory_mb: number;
  readonly output_kb: number;
  readonly processes: number;
}

export type LimitsRequest = { readonly [K in keyof Limits]?: number | undefined };

export const defaultLimits: Limits = {
  cpu_s: 5,
  wall_s: 15,
  memory_mb: 256,
  output_kb: 1024,
  processes: 32,
};

/** A compiler's own limits: it works on the program's text, not under the program's limits. */
export const compileLimits: Limits = {
  cpu_s: 20,
  wall_s: 60,
  memory_mb: 1536,
  output_kb: 256,
  processes: 128,
};

/** For what is done once on a machine, such as building a standard library. */
export const prepareLimits: Limits = {
  cpu_s: 900,
  wall_s: 1800,
  memory_mb: 4096,
  output_kb: 256,
  processes: 512,
};

/** What was asked for, the rest by default; wall time is a multiple of CPU time where only that is given. */
export const resolveLimits = (asked: LimitsRequest = {}): Limits => {
  const cpu_s = asked.cpu_s ?? Math.min(defaultLimits.cpu_s, asked.wall_s ?? Infinity);
  return {
    cpu_s,
    wall_s: asked.wall_s ?? cpu_s * 3,
    memory_mb: asked.memory_mb ?? defaultLimits.memory_mb,
    output_kb: asked.output_kb ?? defaultLimits.output_kb,
    processes: asked.processes ?? defaultLimits.processes,
  };
};
