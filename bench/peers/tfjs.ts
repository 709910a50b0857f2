/** TensorFlow.js on its WebGPU backend: `deno run -A bench/peers/tfjs.ts FOLDER`. */
// @ts-nocheck: the peer's types are not installed with the workspace
import { angles, loadTask, targets, timeSteps } from "./task.ts";

// Variables: the peer is not installed with the workspace, so nothing may resolve it early.
const [core, backend] = ["@tensorflow/tfjs", "@tensorflow/tfjs-backend-webgpu"];
const tf = await import(core);
await import(backend);
const { add, mul, reshape } = tf;

if (!(await tf.setBackend("webgpu"))) {
  throw new Error("the webgpu backend did not start");
}
await tf.ready();

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
const cos = tf.tensor(table.cos, [1, T, 1, D / 2]);
const sin = tf.tensor(table.sin, [1, T, 1, D / 2]);
const ids = tf.tensor1d(flat, "int32");
const hot = tf.oneHot(tf.tensor1d(next, "int32"), c.vocab_size);
const share = tf.tensor(weight, [B * T, 1]);
const mask = tf.tidy(() =>
  reshape(tf.mul(tf.sub(tf.linalg.bandPart(tf.ones([T, T]), -1, 0), 1), 1e30), [1, 1, T, T])
);
const p = Object.fromEntries(
  [...weights].map(([name, { shape, data }]) => [
    name,
    tf.variable(tf.tensor(data, [...shape]), true, name),
  ]),
);

const norm = (x, w) =>
  mul(tf.div(x, tf.sqrt(add(tf.mean(tf.square(x), -1, true), c.rms_norm_eps))), w);
const linear = (x, w) => tf.matMul(x, w, false, true);
const rotate = (x) => {
  const [x1, x2] = tf.split(x, 2, -1);
  return tf.concat([tf.sub(mul(x1, cos), mul(x2, sin)), add(mul(x2, cos), mul(x1, sin))], -1);
};
/** (B, T, KV, D) -> (B, H, T, D), heads of a group beside each other. */
const spread = (x) => {
  // Not `tf.tile`: with five dimensions it reads back, and that wants a canvas.
  const each = tf.concat(Array(H / KV).fill(reshape(x, [B, T, KV, 1, D])), 3);
  return tf.transpose(reshape(each, [B, T, H, D]), [0, 2, 1, 3]);
};
const lossOf = () => {
  let x = tf.gather(p["model.embed_tokens.weight"], ids);
  for (let l = 0; l < c.num_hidden_layers; l++) {
    const w = (name) => p[`model.layers.${l}.${name}.weight`];
    const h = norm(x, w("input_layernorm"));
    const heads = (name, count) => reshape(linear(h, w(`self_attn.${name}`)), [B, T, count, D]);
    const q = tf.transpose(rotate(heads("q_proj", H)), [0, 2, 1, 3]);
    const k = spread(rotate(heads("k_proj", KV)));
    const v = spread(heads("v_proj", KV));
    const scores = add(tf.div(tf.matMul(q, k, false, true), Math.sqrt(D)), mask);
    const a = tf.transpose(tf.matMul(tf.softmax(scores, -1), v), [0, 2, 1, 3]);
    x = add(x, linear(reshape(a, [B * T, H * D]), w("self_attn.o_proj")));
    const m = norm(x, w("post_attention_layernorm"));
    const gate = linear(m, w("mlp.gate_proj"));
    const act = mul(mul(gate, tf.sigmoid(gate)), linear(m, w("mlp.up_proj")));
    x = add(x, linear(act, w("mlp.down_proj")));
  }
  const logits = linear(norm(x, p["model.norm.weight"]), p["model.embed_tokens.weight"]);
  return mul(tf.sum(mul(mul(tf.logSoftmax(logits, -1), hot), share)), -1);
};
const optimizer = tf.train.adam(task.lr, ...task.betas, task.eps);
const measured = await timeSteps(loaded, async () => {
  const loss = optimizer.minimize(lossOf, true);
  const [value] = await loss.data();
  loss.dispose();
  return value;
});
console.log(JSON.stringify({
  version: `@tensorflow/tfjs-backend-webgpu ${tf.version_core}`,
  device: tf.getBackend(),
  ...measured,
}));
Deno.exit(0);
