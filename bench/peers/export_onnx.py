"""Writes a Llama folder as the ONNX folder that transformers.js loads: `export_onnx.py MODEL OUT`.

The graph is the one that ONNX Runtime's own builder makes for such a model: GroupQueryAttention with RoPE
inside and a cache of keys and values, f32 throughout, logits of each sequence's last token only.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

source, out = Path(sys.argv[1]), Path(sys.argv[2])
config = json.loads((source / "config.json").read_text())
weights = load_file(source / "model.safetensors")
layers, heads = config["num_hidden_layers"], config["num_attention_heads"]
kv_heads, head = config["num_key_value_heads"], config["head_dim"]
nodes, initializers = [], []


def constant(name, array):
    initializers.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
    return name


def node(kind, inputs, outputs, domain="", **attributes):
    nodes.append(helper.make_node(kind, inputs, outputs, domain=domain, **attributes))
    return outputs[-1]


def linear(x, name, to):
    return node("MatMul", [x, constant(name, weights[name].T)], [to])


def norm(x, name, to):
    attributes = {"axis": -1, "epsilon": config["rms_norm_eps"], "stash_type": 1}
    inputs = [x, constant(name, weights[name])]
    return node("SimplifiedLayerNormalization", inputs, [to], **attributes)


def skip_norm(x, residual, name, to):
    """The sum, and its norm in `to`."""
    inputs = [x, residual, constant(name, weights[name])]
    node("SkipSimplifiedLayerNormalization", inputs, [to, "", "", f"{to}.sum"], "com.microsoft",
         epsilon=config["rms_norm_eps"])
    return f"{to}.sum"


positions = np.arange(config["max_position_embeddings"])[:, None]
angles = positions * config["rope_theta"] ** (-2 * np.arange(head // 2) / head)
cos = constant("cos", np.cos(angles).astype(np.float32))
sin = constant("sin", np.sin(angles).astype(np.float32))

one, last = constant("one", np.array([1], np.int64)), constant("last", np.array([-1], np.int64))
node("ReduceSum", ["attention_mask", one], ["lengths"], keepdims=0)
node("Sub", ["lengths", one], ["lengths.before"])
node("Cast", ["lengths.before"], ["seqlens"], to=TensorProto.INT32)
node("Shape", ["attention_mask"], ["total.64"], start=1, end=2)
node("Cast", ["total.64"], ["total.1"], to=TensorProto.INT32)
node("Squeeze", ["total.1"], ["total"])

embedding = constant("embedding", weights["model.embed_tokens.weight"])
x = node("Gather", [embedding, "input_ids"], ["embedded"])
norm(x, "model.layers.0.input_layernorm.weight", "h0")
for i in range(layers):
    at = f"model.layers.{i}"
    q, k, v = (
        linear(f"h{i}", f"{at}.self_attn.{p}_proj.weight", f"{p}{i}") for p in ("q", "k", "v")
    )
    past = [f"past_key_values.{i}.key", f"past_key_values.{i}.value"]
    present = [f"present.{i}.key", f"present.{i}.value"]
    inputs = [q, k, v, *past, "seqlens", "total", cos, sin]
    node("GroupQueryAttention", inputs, [f"a{i}", *present], "com.microsoft", num_heads=heads,
         kv_num_heads=kv_heads, do_rotary=1, rotary_interleaved=0, scale=float(head**-0.5))
    o = linear(f"a{i}", f"{at}.self_attn.o_proj.weight", f"o{i}")
    x = skip_norm(o, x, f"{at}.post_attention_layernorm.weight", f"m{i}")
    gate = linear(f"m{i}", f"{at}.mlp.gate_proj.weight", f"gate{i}")
    up = linear(f"m{i}", f"{at}.mlp.up_proj.weight", f"up{i}")
    sigmoid = node("Sigmoid", [gate], [f"sigmoid{i}"])
    silu = node("Mul", [gate, sigmoid], [f"silu{i}"])
    act = node("Mul", [silu, up], [f"act{i}"])
    down = linear(act, f"{at}.mlp.down_proj.weight", f"down{i}")
    following = f"model.layers.{i + 1}.input_layernorm.weight" if i + 1 < layers else "model.norm.weight"
    x = skip_norm(down, x, following, f"h{i + 1}")
node("Gather", [f"h{layers}", last], ["end"], axis=1)
head_weight = weights.get("lm_head.weight", weights["model.embed_tokens.weight"])
node("MatMul", ["end", constant("head", head_weight.T)], ["logits"])


def value(name, kind, shape):
    return helper.make_tensor_value_info(name, kind, shape)


def cache(prefix, length):
    return [
        value(f"{prefix}.{i}.{part}", TensorProto.FLOAT, ["batch_size", kv_heads, length, head])
        for i in range(layers)
        for part in ("key", "value")
    ]


graph = helper.make_graph(
    nodes,
    "llama",
    [
        value("input_ids", TensorProto.INT64, ["batch_size", "sequence"]),
        value("attention_mask", TensorProto.INT64, ["batch_size", "total"]),
        *cache("past_key_values", "past"),
    ],
    [
        value("logits", TensorProto.FLOAT, ["batch_size", 1, config["vocab_size"]]),
        *cache("present", "total"),
    ],
    initializers,
)
opsets = [helper.make_opsetid("", 18), helper.make_opsetid("com.microsoft", 1)]
(out / "onnx").mkdir(parents=True, exist_ok=True)
onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=9), out / "onnx" / "model.onnx")
# Without an end token every sequence gets the same number of tokens, which is what is timed.
config.pop("eos_token_id", None)
(out / "config.json").write_text(json.dumps(config))
(out / "generation_config.json").write_text("{}")
