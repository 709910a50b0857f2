/**
 * The whole decoder on the CPU in double precision: the kernels' twins, composed as `decoder.ts` composes
 * the kernels. Slow and plain; it is what the GPU is held against, and it meets the golden numbers alone.
 */
import {
  type AttentionSize,
  ropeTable,
  twinAttention,
  twinAttentionBackward,
  twinColumnSum,
  twinEmbedding,
  twinEmbeddingBackward,
  twinLogprob,
  twinNN,
  twinNT,
  twinRmsnorm,
  twinRmsnormBackward,
  twinRope,
  twinSwiglu,
  twinSwigluBackward,
  twinTN,
} from "../gpu/mod.ts";
import { type ModelConfig, weightsOf } from "./config.ts";

/** Parameters, or their gradients, under Hugging Face's names. */
export type Parameters = ReadonlyMap<string, Float64Array>;

/** Log-prob and entropy per token (entry 0 is 0), and the gradient of sum dlogp * logp if asked. */
export interface TwinPass {
  readonly logProbs: readonly Float64Array[];
  readonly entropy: readonly Float64Array[];
  readonly gradients: Parameters;
}

export const twinModel = (
  c: ModelConfig,
  w: Parameters,
  rows: readonly Uint32Array[],
  o: { readonly temperature: number; readonly dlogp?: readonly ArrayLike<number>[] },
): TwinPass => {
  const g = new Map(
    weightsOf(c).map(({ name }) => [name, new Float64Array(w.get(name)!.length)]),
  );
  const kept = rows.filter(({ length }) => length > 1);
  const flat = (pick: (row: Uint32Array) => Iterable<number>) =>
    Uint32Array.from(kept.flatMap((row) => [...pick(row)]));
  const ids = flat((row) => row.subarray(0, -1));
  const targets = flat((row) => row.subarray(1));
  const positions = flat((row) => row.subarray(1).keys());
  const N = ids.length;
  const [D, V] = [c.hidden_size, c.vocab_size];
  const head = c.tie_word_embeddings ? "model.embed_tokens.weight" : "lm_head.weight";
  const size = {
    heads: c.num_attention_heads,
    kv_heads: c.num_key_value_heads,
    head_dim: c.head_dim,
    lengths: kept.map(({ length }) => length - 1),
  };
  const table = ropeTable(c.head_dim, Math.max(1, ...size.lengths), c.rope);

  let x: Float64Array = twinEmbedding(ids, w.get("model.embed_tokens.weight")!, D);
  const layers: Layer[] = [];
  for (let l = 0; l < c.num_hidden_layers; l++) {
    const layer = new Layer(c, w, g, `model.layers.${l}`, size, positions, table);
    x = layer.forward(x);
    layers.push(layer);
  }
  const last = twinRmsnorm(x, w.get("model.norm.weight")!, c.rms_norm_eps);
  const logits = twinNT(last.y, w.get(head)!, N, V, D);
  const spread = (values: ArrayLike<number>): Float64Array[] => {
    let at = 0;
    return rows.map(({ length }) =>
      Float64Array.from({ length }, (_, t) => t === 0 ? 0 : values[at++]!)
    );
  };
  const dlogp = o.dlogp && Float64Array.from(
    rows.flatMap((row, i) => row.length > 1 ? Array.from(o.dlogp![i]!).slice(1) : []),
  );
  const { logp, entropy, dlogits } = twinLogprob(logits, targets, o.temperature, dlogp);
  if (dlogp) {
    twinTN(g.get(head)!, dlogits, last.y, N, V, D);
    const dlast = twinNN(dlogits, w.get(head)!, N, V, D);
    const [weight, dweight] = [w.get("model.norm.weight")!, g.get("model.norm.weight")!];
    let dx: Float64Array = twinRmsnormBackward(dweight, dlast, x, weight, last.scale);
    for (const layer of layers.reverse()) dx = layer.backward(dx);
    twinEmbeddingBackward(g.get("model.embed_tokens.weight")!, ids, dx, D);
  }
  return { logProbs: spread(logp), entropy: spread(entropy), gradients: g };
};

/** One layer; `backward` uses what `forward` kept. */
class Layer {
  #kept:
    | Record<
      | "x"
      | "n1"
      | "s1"
      | "q0"
      | "k0"
      | "q"
      | "k"
      | "v"
      | "sq"
      | "sk"
      | "o"
      | "mid"
      | "n2"
      | "s2"
      | "gu"
      | "act",
      Float64Array
    >
    | undefined;

  constructor(
    private readonly c: ModelConfig,
    private readonly w: Parameters,
    private readonly g: Parameters,
    private readonly path: string,
    private readonly size: AttentionSize,
    private readonly positions: Uint32Array,
    private readonly table: Float64Array,
  ) {}

  forward(x: Float64Array): Float64Array {
    const { c, size } = this;
    const { num_attention_heads: H, num_key_value_heads: KV } = c;
    const norm1 = this.#norm("input_layernorm", x);
    const q0 = this.#project("self_attn.q_proj", norm1.y);
    const k0 = this.#project("self_attn.k_proj", norm1.y);
    const v = this.#project("self_attn.v_proj", norm1.y);
    const qn = c.qk_norm ? this.#norm("self_attn.q_norm", q0) : { y: q0.slice(), scale: q0 };
    const kn = c.qk_norm ? this.#norm("self_attn.k_norm", k0) : { y: k0.slice(), scale: k0 };
    twinRope(qn.y, this.positions, H, this.table);
    twinRope(kn.y, this.positions, KV, this.table);
    const o = twinAttention(qn.y, kn.y, v, size);
    const mid = add(x, this.#project("self_attn.o_proj", o));
    const norm2 = this.#norm("post_attention_layernorm", mid);
    const gate = this.#project("mlp.gate_proj", norm2.y);
    const up = this.#project("mlp.up_proj", norm2.y);
    const gu = beside(gate, up, c.intermediate_size);
    const act = twinSwiglu(gu, c.intermediate_size);
    this.#kept = {
      x,
      n1: norm1.y,
      s1: norm1.scale,
      q0,
      k0,
      q: qn.y,
      k: kn.y,
      v,
      sq: qn.scale,
      sk: kn.scale,
      o,
      mid,
      n2: norm2.y,
      s2: norm2.scale,
      gu,
      act,
    };
    return add(mid, this.#project("mlp.down_proj", act));
  }

  backward(dx: Float64Array): Float64Array {
    const { c, size } = this;
    const { num_attention_heads: H, num_key_value_heads: KV, intermediate_size: F } = c;
    const k = this.#kept!;
    const dact = this.#projectBackward("mlp.down_proj", dx, k.act);
    const [dgate, dup] = apart(twinSwigluBackward(dact, k.gu, F), F);
    const dn2 = add(
      this.#projectBackward("mlp.gate_proj", dgate, k.n2),
      this.#projectBackward("mlp.up_proj", dup, k.n2),
    );
    const dmid = add(dx, this.#normBackward("post_attention_layernorm", dn2, k.mid, k.s2));
    const d_o = this.#projectBackward("self_attn.o_proj", dmid, k.o);
    const { dq, dk, dv } = twinAttentionBackward(d_o, k.q, k.k, k.v, size);
    twinRope(dq, this.positions, H, this.table, -1);
    twinRope(dk, this.positions, KV, this.table, -1);
    const dq0 = c.qk_norm ? this.#normBackward("self_attn.q_norm", dq, k.q0, k.sq) : dq;
    const dk0 = c.qk_norm ? this.#normBackward("self_attn.k_norm", dk, k.k0, k.sk) : dk;
    const dn1 = add(
      add(
        this.#projectBackward("self_attn.q_proj", dq0, k.n1),
        this.#projectBackward("self_attn.k_proj", dk0, k.n1),
      ),
      this.#projectBackward("self_attn.v_proj", dv, k.n1),
    );
    return add(dmid, this.#normBackward("input_layernorm", dn1, k.x, k.s1));
  }

  #norm(name: string, x: Float64Array) {
    return twinRmsnorm(x, this.w.get(`${this.path}.${name}.weight`)!, this.c.rms_norm_eps);
  }

  #normBackward(name: string, dy: Float64Array, x: Float64Array, scale: Float64Array) {
    const key = `${this.path}.${name}.weight`;
    return twinRmsnormBackward(this.g.get(key)!, dy, x, this.w.get(key)!, scale);
  }

  #project(name: string, x: Float64Array): Float64Array {
    const { weight, bias, N, K, O } = this.#matrix(name, x);
    const y = twinNT(x, weight, N, O, K);
    return bias ? y.map((value, i) => value + bias[i % O]!) : y;
  }

  #projectBackward(name: string, dy: Float64Array, x: Float64Array): Float64Array {
    const { weight, N, K, O } = this.#matrix(name, x);
    twinTN(this.g.get(`${this.path}.${name}.weight`)!, dy, x, N, O, K);
    const dbias = this.g.get(`${this.path}.${name}.bias`);
    if (dbias) twinColumnSum(dbias, dy);
    return twinNN(dy, weight, N, O, K);
  }

  #matrix(name: string, x: Float64Array) {
    const weight = this.w.get(`${this.path}.${name}.weight`)!;
    const N = this.positions.length;
    const K = x.length / N;
    return { weight, bias: this.w.get(`${this.path}.${name}.bias`), N, K, O: weight.length / K };
  }
}

const add = (a: Float64Array, b: Float64Array) => a.map((value, i) => value + b[i]!);

/** (N,F), (N,F) -> (N,2F). */
const beside = (a: Float64Array, b: Float64Array, F: number) => {
  const both = new Float64Array(2 * a.length);
  for (let n = 0; n * F < a.length; n++) {
    both.set(a.subarray(n * F, n * F + F), 2 * n * F);
    both.set(b.subarray(n * F, n * F + F), 2 * n * F + F);
  }
  return both;
};

/** The other way round. */
const apart = (both: Float64Array, F: number): [Float64Array, Float64Array] => {
  const pick = (start: number) =>
    Float64Array.from(
      { length: both.length / 2 },
      (_, i) => both[Math.floor(i / F) * 2 * F + start + i % F]!,
    );
  return [pick(0), pick(F)];
};
