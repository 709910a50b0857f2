/**
 * A compute kernel: what it binds, the numbers that shape it, and its WGSL.
 *
 * Every kernel binds, in group 0: 0 the pass (`Pass`, the same for all dispatches of a submit), 1 its
 * own shape (a small uniform, fixed when the plan is built), then its buffers in the order named.
 */
export interface Kernel<B extends string = string, S extends string = string> {
  readonly name: string;
  readonly buffers: Readonly<Record<B, BufferUse>>;
  readonly shape: Readonly<Record<S, "u32" | "f32">>;
  /** Functions and `fn main`; declarations of bindings are generated. */
  readonly code: (lanes: Lanes) => string;
}

/** How a buffer is bound: access, then the element it is read as. */
export type BufferUse = `${"read" | "write"} ${"f32" | "vec4f" | "u32" | "vec2u" | "Token"}`;

/**
 * How lanes share what they load.
 *
 * `broadcast`: eight lanes load eight rows and hand them round (`subgroupBroadcast`); needs subgroups of
 * exactly 8, as lavapipe has, where loads are what costs. `load`: each lane loads every row itself.
 * `workgroup`: a matrix product loads tiles into the workgroup's memory (`kernels/tiles.ts`), as a GPU
 * wants it; the other kernels load. All three sum in the same order: results are the same to the bit.
 */
export type Lanes = typeof LANES[number];
export const LANES = ["load", "broadcast", "workgroup"] as const;

/** What changes from pass to pass; uniform at binding 0. The order is the layout. */
export interface Pass {
  /** Tokens in the flat stream. */
  readonly rows: number;
  /** Entries of the block table (attention) of this pass. */
  readonly blocks: number;
  /** Distinct token ids of this pass (gradient of the embedding). */
  readonly distinct: number;
  /** Entries of the list of stop tokens. */
  readonly stops: number;
  readonly temperature: number;
  readonly top_p: number;
  readonly top_k: number;
  /** 1: take the best token, do not sample. */
  readonly greedy: number;
}

/** Numbers of a pass over no tokens; what a real one builds on. */
export const NO_PASS: Pass = {
  rows: 0,
  blocks: 0,
  distinct: 0,
  stops: 0,
  temperature: 1,
  top_p: 1,
  top_k: 0,
  greedy: 0,
};

export const PASS_FIELDS = {
  rows: "u32",
  blocks: "u32",
  distinct: "u32",
  stops: "u32",
  temperature: "f32",
  top_p: "f32",
  top_k: "u32",
  greedy: "u32",
} as const satisfies Record<keyof Pass, "u32" | "f32">;

/** One token of the flat stream; `Token` in WGSL. 8 words. */
export const TOKEN_FIELDS = {
  /** Vocabulary id. */
  id: "u32",
  /** Index within its sequence, from 0. */
  position: "u32",
  /** Row of the key/value buffer that this token writes. */
  kv_row: "u32",
  /** Row of the key/value buffer that holds position 0 of its sequence. */
  key_base: "u32",
  /** The token whose log-prob is asked; `NO_TARGET` for none. */
  target_id: "u32",
  /** Sampling: the last position that may be fed in. */
  limit: "u32",
  /** Sampling: key of this sequence's random numbers. */
  random: "u32",
  /** Sampling: tokens sampled in this burst; bit 31 set when the sequence has ended. */
  state: "u32",
} as const;

export const TOKEN_WORDS = Object.keys(TOKEN_FIELDS).length;
export const NO_TARGET = 0xffffffff;
export const ENDED = 0x80000000;

/** The whole module text: `enable` lines, structs, bindings, body. */
export const moduleText = (kernel: Kernel, lanes: Lanes, compiler: "naga" | "tint"): string => {
  const body = kernel.code(lanes);
  const struct = (name: string, fields: Readonly<Record<string, string>>) =>
    `struct ${name} { ${Object.entries(fields).map(([n, t]) => `${n}: ${t}`).join(", ")} }`;
  const fields = Object.keys(kernel.shape).length > 0 ? kernel.shape : { unused: "u32" };
  const buffers = Object.entries(kernel.buffers).map(([name, use], i) => {
    const [access, element] = use.split(" ");
    const mode = access === "read" ? "read" : "read_write";
    return `@group(0) @binding(${i + 2}) var<storage, ${mode}> ${name}: array<${element}>;`;
  });
  return [
    // Only tint wants the feature named; naga refuses the line.
    ...(body.includes("subgroup") && compiler === "tint" ? ["enable subgroups;"] : []),
    struct("Pass", PASS_FIELDS),
    struct("Shape", fields),
    ...(Object.values(kernel.buffers).some((use) => use.endsWith("Token"))
      ? [struct("Token", TOKEN_FIELDS)]
      : []),
    "@group(0) @binding(0) var<uniform> pass_: Pass;",
    "@group(0) @binding(1) var<uniform> shape: Shape;",
    ...buffers,
    body,
  ].join("\n");
};

/** Packs named numbers into the bytes of a uniform struct of 4-byte fields. */
export const packFields = (
  fields: Readonly<Record<string, "u32" | "f32">>,
  values: Readonly<Record<string, number>>,
): ArrayBuffer => {
  const names = Object.keys(fields);
  const bytes = new ArrayBuffer(Math.max(16, Math.ceil(names.length / 4) * 16));
  const view = new DataView(bytes);
  names.forEach((name, i) => {
    const value = values[name];
    if (value === undefined) throw new RangeError(`no value for the field ${name}`);
    if (fields[name] === "u32") view.setUint32(i * 4, value, true);
    else view.setFloat32(i * 4, value, true);
  });
  return bytes;
};

/** Index of an elementwise kernel: workgroups of 64 in a grid of up to two dimensions. */
export const ELEMENT_INDEX = "(wid.y * groups.x + wid.x) * 64u + lid.x";
export const ELEMENT_MAIN = `@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_id) lid: vec3u,
  @builtin(num_workgroups) groups: vec3u)`;

/** Workgroups for `count` invocations of 64, folded so that no dimension passes 65,535. */
export const elementGroups = (count: number): readonly [number, number] => {
  const groups = Math.max(1, Math.ceil(count / 64));
  const x = Math.min(groups, 32768);
  return [x, Math.ceil(groups / x)];
};
