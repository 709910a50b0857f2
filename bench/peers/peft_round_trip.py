"""PEFT's half of bench/engine_peft.ts: `peft_round_trip.py make DIR`, then `check DIR`.

`make` writes tiny models with random weights, an adapter of each, and the logits that PEFT computes.
`check` loads the adapters that the engine wrote and compares with the logits that the engine computed.
"""

import json
import sys
from pathlib import Path

import peft
import torch
import transformers
from safetensors.torch import load_file, save_file

SHAPE = dict(
    vocab_size=131,
    hidden_size=48,
    intermediate_size=80,
    num_hidden_layers=3,
    num_attention_heads=6,
    num_key_value_heads=2,
    max_position_embeddings=128,
)
ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"]
ALL = [*ATTENTION, "gate_proj", "up_proj", "down_proj"]
CASES = {
    "llama": (
        transformers.LlamaConfig(**SHAPE, tie_word_embeddings=False),
        dict(r=4, lora_alpha=8, target_modules=ALL),
    ),
    "qwen2": (
        transformers.Qwen2Config(**SHAPE, tie_word_embeddings=True),
        dict(r=5, lora_alpha=7, target_modules=["q_proj", "v_proj"]),
    ),
    "qwen3": (
        transformers.Qwen3Config(**SHAPE, head_dim=16, tie_word_embeddings=True),
        dict(r=16, lora_alpha=32, use_rslora=True, target_modules="all-linear"),
    ),
}
IDS = [(t * t + 7 * t + 3) % SHAPE["vocab_size"] for t in range(60)]


def logits_of(model: torch.nn.Module) -> torch.Tensor:
    with torch.no_grad():
        return model.eval()(torch.tensor([IDS])).logits[0].contiguous()


def make(root: Path) -> None:
    for number, (name, (config, options)) in enumerate(CASES.items()):
        torch.manual_seed(number)
        base = transformers.AutoModelForCausalLM.from_config(config).float()
        base.save_pretrained(root / name / "base")
        lora = peft.LoraConfig(task_type="CAUSAL_LM", **options)
        model = peft.get_peft_model(base, lora)
        for key, parameter in model.named_parameters():
            if "lora_B" in key:  # zero at the start, which would show nothing
                torch.nn.init.normal_(parameter, std=0.3)
        model.save_pretrained(root / name / "theirs")
        save_file({"logits": logits_of(model)}, root / name / "theirs.safetensors")
    versions = {m.__name__: m.__version__ for m in (torch, transformers, peft)}
    print(json.dumps({"cases": list(CASES), "ids": IDS, "versions": versions}))


def check(root: Path) -> None:
    errors = []
    for name in CASES:
        for ours in ("continued", "fresh"):
            base = transformers.AutoModelForCausalLM.from_pretrained(
                root / name / "base", dtype=torch.float32
            )
            before = logits_of(base)
            logits = logits_of(peft.PeftModel.from_pretrained(base, root / name / ours))
            want = load_file(root / name / f"{ours}.safetensors")["logits"]
            scale = want.abs().max()
            errors.append(
                {
                    "case": name,
                    "adapter": ours,
                    "error": float((logits - want).abs().max() / scale),
                    "moved": float((before - want).abs().max() / scale),
                }
            )
    print(json.dumps(errors))


if __name__ == "__main__":
    {"make": make, "check": check}[sys.argv[1]](Path(sys.argv[2]))
