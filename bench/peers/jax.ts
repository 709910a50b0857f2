/** `@jax-js/jax` on WebGPU: `deno run -A bench/peers/jax.ts FOLDER`. One jitted function is a whole step. */
// @ts-nocheck: the peer's types are not installed with the workspace
import { readFile } from "node:fs/promises";
import { angles, loadTask, targets, timeSteps } from "./task.ts";

// A variable: the peer is not installed with the workspace, so nothing may resolve it early.
const name = "@jax-js/jax";
const { defaultDevice, init, jit, nn, numpy: np, tree, valueAndGrad } = await import(name);
const devices = await init("webgpu");
if (!devices.includes("webgpu")) throw new Error(`no webgpu among ${devices}`);
defaultDevice("webgpu");

const loaded = await loadTask(Deno.args[0]);
const { config: c, task, weights } = loaded;
const [B, T, H, KV, D] = [
  task.ids.length,
  task.ids[0].length,
  c.num_attention_heads,
  c.num_key_value_heads,
  c.head_dim,
];
const { flat, next, weight } = targets(loaded);
const table = angles(loaded);
const constant = (data, shape) => np.array(data).reshape(shape);
const cos = constant(table.cos, [1, T, 1, D / 2]);
const sin = constant(table.sin, [1, T, 1, D / 2]);
const oneHot = (ids) => {
  const out = new Float32Array(ids.length * c.vocab_size);
  ids.forEach((id, i) => out[i * c.vocab_size + id] = 1);
  return constant(out, [ids.length, c.vocab_size]);
};
// The gradient of `np.take` does not compile under Deno (a pointer to storage is passed to a function).
const ids = oneHot(flat);
const hot = oneHot(next);
const share = constant(weight, [B * T, 1]);

// Every use but the last of an array takes `.ref`: functions own their arguments.
const norm = (x, w) => {
  const scale = np.sqrt(
    np.mean(np.square(x.ref), -1, { keepdims: true }).add(c.rms_norm_eps),
  );
  return x.div(scale).mul(w);
};
const linear = (x, w) => np.matmul(x, np.transpose(w));
const rotate = (x, cos, sin) => {
  const [x1, x2] = np.split(x, 2, -1);
  return np.concatenate([
    x1.ref.mul(cos.ref).sub(x2.ref.mul(sin.ref)),
    x2.mul(cos).add(x1.mul(sin)),
  ], -1);
};
const lossOf = (p, ids, hot, share, cos, sin) => {
  let x = np.matmul(ids, p["model.embed_tokens.weight"].ref);
  for (let l = 0; l < c.num_hidden_layers; l++) {
    const w = (name) => p[`model.layers.${l}.${name}.weight`];
    const h = norm(x.ref, w("input_layernorm"));
    const heads = (x, name, count) => linear(x, w(`self_attn.${name}`)).reshape([B, T, count, D]);
    const q = rotate(heads(h.ref, "q_proj", H), cos.ref, sin.ref);
    const k = rotate(heads(h.ref, "k_proj", KV), cos.ref, sin.ref);
    const v = heads(h, "v_proj", KV);
    const a = nn.dotProductAttention(q, k, v, { isCausal: true }).reshape([
      B * T,
      H * D,
    ]);
    x = x.add(linear(a, w("self_attn.o_proj")));
    const m = norm(x.ref, w("post_attention_layernorm"));
    const gate = nn.silu(linear(m.ref, w("mlp.gate_proj")));
    x = x.add(
      linear(gate.mul(linear(m, w("mlp.up_proj"))), w("mlp.down_proj")),
    );
  }
  cos.dispose();
  sin.dispose();
  const logits = linear(
    norm(x, p["model.norm.weight"]),
    p["model.embed_tokens.weight"],
  );
  return nn.logSoftmax(logits, -1).mul(hot).mul(share).sum().mul(-1);
};
const [b1, b2] = task.betas;
const step = jit((p, m, v, count, ids, hot, share, cos, sin) => {
  const [loss, g] = valueAndGrad(lossOf)(
    tree.ref(p),
    ids,
    hot,
    share,
    cos,
    sin,
  );
  const out = { p: {}, m: {}, v: {} };
  const [c1, c2] = [b1, b2].map((b) => np.subtract(1, np.exp(count.ref.mul(Math.log(b)))));
  count.dispose();
  for (const key of Object.keys(p)) {
    const m1 = m[key].mul(b1).add(g[key].ref.mul(1 - b1));
    const v1 = v[key].mul(b2).add(np.square(g[key]).mul(1 - b2));
    const change = m1.ref.div(c1.ref).div(
      np.sqrt(v1.ref.div(c2.ref)).add(task.eps),
    );
    out.p[key] = p[key].sub(change.mul(task.lr));
    out.m[key] = m1;
    out.v[key] = v1;
  }
  c1.dispose();
  c2.dispose();
  return { loss, ...out };
});

let p = Object.fromEntries(
  [...weights].map((
    [name, { shape, data }],
  ) => [name, constant(data, [...shape])]),
);
let m = tree.map((x) => np.zerosLike(x.ref), p);
let v = tree.map((x) => np.zerosLike(x.ref), p);
let count = 0;
const measured = await timeSteps(loaded, async () => {
  const out = step(
    p,
    m,
    v,
    np.array(++count),
    ids.ref,
    hot.ref,
    share.ref,
    cos.ref,
    sin.ref,
  );
  [p, m, v] = [out.p, out.m, out.v];
  return (await out.loss.data())[0];
});
const { version } = JSON.parse(
  await readFile(
    new URL("./node_modules/@jax-js/jax/package.json", import.meta.url),
    "utf8",
  ),
);
console.log(
  JSON.stringify({
    version: `@jax-js/jax ${version}`,
    device: "webgpu",
    ...measured,
  }),
);
Deno.exit(0);
