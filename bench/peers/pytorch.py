"""PyTorch on the CPU, by Transformers' Llama: `pytorch.py FOLDER`; what one would use without WebGPU."""

import json
import sys
import time
from pathlib import Path

import torch
import transformers

torch.set_num_threads(2)
task = json.loads((Path(sys.argv[1]) / "task.json").read_text())
model = transformers.AutoModelForCausalLM.from_pretrained(task["model"], dtype=torch.float32)
model.train()
optimizer = torch.optim.AdamW(
    model.parameters(), lr=task["lr"], betas=task["betas"], eps=task["eps"], weight_decay=0
)
ids = torch.tensor(task["ids"])
steps = task["steps"]
losses = []
for step in range(2 * steps):
    if step == steps:
        started = time.perf_counter()
    before = time.perf_counter()
    logits = model(ids, use_cache=False).logits[:, :-1]
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    value = loss.item()
    if step < steps:
        losses.append(value)
    if step == 0:
        first = time.perf_counter() - before
seconds = time.perf_counter() - started
print(
    json.dumps(
        {
            "version": f"torch {torch.__version__}, transformers {transformers.__version__}",
            "device": "cpu, 2 threads",
            "losses": losses,
            "first_step_s": first,
            "tokens_per_s": steps * ids.numel() / seconds,
        }
    )
)
