/**
 * Gradients of attention (Dao et al. 2022, algorithm 4), in two kernels because WGSL has no atomic add of
 * floats and a sum in one order is wanted anyway. Probabilities are made again from the saved `lse`.
 *
 *   p = exp(s - lse),  delta = dO o,  ds = p (dO v - delta) / sqrt(d)
 *   dq = sum over keys of ds k   (lane = query);   dv = sum over queries of p dO,  dk = sum of ds q  (lane = key)
 */
import type { Dispatch } from "../device.ts";
import type { Kernel, Lanes } from "../kernel.ts";
import { ATTENTION_SHAPE, BLOCK_WORDS } from "./attention.ts";

const J = [...Array(8).keys()];
const chain = (name: string, D: number[], a: (d: number, e: string) => string, b: string) =>
  D.flatMap((d) => [..."xyzw"].map((e) => `${name} = fma(${a(d, e)}, ${b}${d}.${e}, ${name});`))
    .join(" ");

export const attentionBackwardQuery = (head_stride: number) => {
  const D = [...Array(head_stride / 4).keys()];
  return {
    name: `attention_backward_query_${head_stride}`,
    buffers: {
      tokens: "read Token",
      blocks: "read u32",
      q: "read vec4f",
      kv: "read vec4f",
      o: "read vec4f",
      lse: "read f32",
      d_o: "read vec4f",
      dq_delta: "write vec4f", // dq (N, heads, D), then delta (N, heads) from vec4 `delta_at` on
    },
    shape: { ...ATTENTION_SHAPE, delta_at: "u32" },
    code: (lanes: Lanes) => {
      const shared = lanes === "broadcast";
      const at = (what: string, j: string) =>
        `kv[(base + min(begin + ${j}, last)) * kv_stride + ${what}_at`;
      const own = (what: string, j: number) =>
        shared ? "" : D.map((d) => `let ${what}_${d} = ${at(what, `${j}u`)} + ${d}u];`).join(" ");
      const share = (what: string) =>
        shared
          ? D.map((d) => `let ${what}${d} = ${at(what, "lane")} + ${d}u];`).join("\n    ")
          : "";
      const get = (what: string, j: number) => (d: number, e: string) =>
        shared ? `subgroupBroadcast(${what}${d}.${e}, ${j}u)` : `${what}_${d}.${e}`;
      return `
@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = blocks[wid.x * ${BLOCK_WORDS}u];
  let count = blocks[wid.x * ${BLOCK_WORDS}u + 1u];
  let row = first + min(lane, count - 1u);
  let head = wid.y;
  let position = tokens[row].position;
  let base = tokens[row].key_base;
  let last = tokens[first + count - 1u].position;
  let width = ${D.length}u;
  let kv_stride = 2u * shape.kv_heads * width;
  let k_at = head / (shape.heads / shape.kv_heads) * width;
  let v_at = k_at + shape.kv_heads * width;
  let group = row * shape.heads + head;
  let q_at = group * width;
  let log_total = lse[group];
  var delta = 0.0;
  ${
        D.map((d) =>
          `let q${d} = q[q_at + ${d}u]; let d_o${d} = d_o[q_at + ${d}u]; var dq${d} = vec4f(0.0); delta += dot(d_o${d}, o[q_at + ${d}u]);`
        ).join("\n  ")
      }
  for (var begin = 0u; begin <= last; begin += 8u) {
    ${share("k")}
    ${share("v")}
    ${
        J.map((j) =>
          `{ ${own("k", j)} ${own("v", j)} var s = 0.0; var dp = 0.0;
      ${chain("s", D, get("k", j), "q")}
      ${chain("dp", D, get("v", j), "d_o")}
      let p = select(0.0, exp(s * shape.scale - log_total), begin + ${j}u <= position);
      let ds = p * (dp - delta) * shape.scale;
      ${
            D.map((d) =>
              `dq${d} = fma(vec4f(ds), ${
                shared ? `subgroupBroadcast(k${d}, ${j}u)` : `k_${d}`
              }, dq${d});`
            ).join(" ")
          } }`
        ).join("\n    ")
      }
  }
  if (lane < count) {
    ${D.map((d) => `dq_delta[q_at + ${d}u] = dq${d};`).join(" ")}
    dq_delta[shape.delta_at + group / 4u][group % 4u] = delta;
  }
}`;
    },
  } as const satisfies Kernel;
};

export const attentionBackwardKey = (head_stride: number) => {
  const D = [...Array(head_stride / 4).keys()];
  return {
    name: `attention_backward_key_${head_stride}`,
    buffers: {
      blocks: "read u32",
      q: "read vec4f",
      kv: "read vec4f",
      lse: "read f32",
      delta: "read f32",
      d_o: "read vec4f",
      dkv: "write vec4f", // laid out as kv
    },
    shape: ATTENTION_SHAPE,
    code: (lanes: Lanes) => {
      const shared = lanes === "broadcast";
      const at = (j: string) => `min(n0 + ${j}, end - 1u) * shape.heads + head`;
      const own = (j: number) =>
        shared
          ? `let log_total = subgroupBroadcast(log_totals, ${j}u); let delta_j = subgroupBroadcast(deltas, ${j}u);`
          : `let group = ${at(`${j}u`)}; let log_total = lse[group]; let delta_j = delta[group]; ` +
            D.map((d) =>
              `let q_${d} = q[group * width + ${d}u]; let d_o_${d} = d_o[group * width + ${d}u];`
            )
              .join(" ");
      const get = (what: string, j: number) => (d: number, e: string) =>
        shared ? `subgroupBroadcast(${what}${d}.${e}, ${j}u)` : `${what}_${d}.${e}`;
      const vector = (what: string, j: number, d: number) =>
        shared ? `subgroupBroadcast(${what}${d}, ${j}u)` : `${what}_${d}`;
      return `
@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = blocks[wid.x * ${BLOCK_WORDS}u];
  let count = blocks[wid.x * ${BLOCK_WORDS}u + 1u];
  let end = blocks[wid.x * ${BLOCK_WORDS}u + 2u];
  let key_row = first + min(lane, count - 1u); // rows of the pass are rows of kv in training
  let width = ${D.length}u;
  let k_at = (key_row * 2u * shape.kv_heads + wid.y) * width;
  let v_at = k_at + shape.kv_heads * width;
  let per_key = shape.heads / shape.kv_heads;
  ${
        D.map((d) =>
          `let k${d} = kv[k_at + ${d}u]; let v${d} = kv[v_at + ${d}u]; var dk${d} = vec4f(0.0); var dv${d} = vec4f(0.0);`
        ).join("\n  ")
      }
  for (var head = wid.y * per_key; head < (wid.y + 1u) * per_key; head++) {
    for (var n0 = first; n0 < end; n0 += 8u) {
      ${
        shared
          ? `let mine = ${at("lane")}; let log_totals = lse[mine]; let deltas = delta[mine];
      ${
            D.map((d) =>
              `let q${d} = q[mine * width + ${d}u]; let d_o${d} = d_o[mine * width + ${d}u];`
            ).join("\n      ")
          }`
          : ""
      }
      ${
        J.map((j) =>
          `{ ${own(j)} var s = 0.0; var dp = 0.0;
        ${chain("s", D, get("q", j), "k")}
        ${chain("dp", D, get("d_o", j), "v")}
        let seen = n0 + ${j}u >= key_row && n0 + ${j}u < end;
        let p = select(0.0, exp(s * shape.scale - log_total), seen);
        let ds = p * (dp - delta_j) * shape.scale;
        ${
            D.map((d) =>
              `dk${d} = fma(vec4f(ds), ${vector("q", j, d)}, dk${d}); dv${d} = fma(vec4f(p), ${
                vector("d_o", j, d)
              }, dv${d});`
            ).join(" ")
          } }`
        ).join("\n      ")
      }
    }
  }
  if (lane < count) {
    ${D.map((d) => `dkv[k_at + ${d}u] = dk${d}; dkv[v_at + ${d}u] = dv${d};`).join(" ")}
  }
}`;
    },
  } as const satisfies Kernel;
};

export const attentionBackwardGroups = (heads: number): Dispatch["groups"] => ({ blocks }) => [
  blocks,
  heads,
];
