/** The same wire through PyPI's client, where a Python has it. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { withServer } from "../api/server.ts";
import { findPython } from "./python.ts";
import { transcribed } from "./transcript.ts";

const python = findPython("openai");

const script = `
import json, os, sys, time
from openai import OpenAI, NotFoundError, BadRequestError
client = OpenAI(base_url=sys.argv[1] + "/v1", api_key=sys.argv[2], max_retries=0)
prompt = "<|python|>def f(a):\\n  return a + 1<|lua|>"
answer = "function f(a)\\n  return a * 7\\nend"
row = {"messages": [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]}
rows = (json.dumps(row) + "\\n") * 8
file = client.files.create(file=("rows.jsonl", rows.encode()), purpose="fine-tune")
assert client.files.wait_for_processing(file.id).status == "processed"
assert client.files.content(file.id).text == rows
job = client.fine_tuning.jobs.create(model="seed", training_file=file.id, suffix="py", method={
    "type": "supervised", "supervised": {"hyperparameters": {
        "n_epochs": 10, "batch_size": 8, "learning_rate_multiplier": 10}}})
while job.status not in ("succeeded", "failed", "cancelled"):
    time.sleep(0.2)
    job = client.fine_tuning.jobs.retrieve(job.id)
assert job.status == "succeeded", job.error
events = list(client.fine_tuning.jobs.list_events(job.id, limit=4))
assert len([e for e in events if e.type == "metrics"]) == 10
assert client.fine_tuning.jobs.checkpoints.list(job.id).data[0].step_number == 10
assert client.files.content(job.result_files[0]).text.startswith("step,train_loss")
assert job.fine_tuned_model in [m.id for m in client.models.list()]
def chat(model):
    done = client.chat.completions.create(model=model, temperature=0, max_tokens=60,
        messages=[{"role": "user", "content": prompt}])
    return done.choices[0].message.content
assert chat(job.fine_tuned_model) == answer and chat("seed") != answer
pieces = client.chat.completions.create(model=job.fine_tuned_model, temperature=0, max_tokens=60,
    messages=[{"role": "user", "content": prompt}], stream=True)
assert "".join(p.choices[0].delta.content or "" for p in pieces) == answer
try:
    client.fine_tuning.jobs.cancel(job.id)
    raise SystemExit("a job that has ended was cancelled")
except BadRequestError:
    pass
try:
    client.models.retrieve("absent/model")
    raise SystemExit("an absent model was found")
except NotFoundError as error:
    assert error.code == "not_found"
print("done")
`;

Deno.test({
  name: "PyPI's client goes through a job's whole life",
  ignore: python === undefined,
  fn: () =>
    withServer(transcribed("PyPI openai", async ({ url, token }) => {
      const { stdout } = await promisify(execFile)(python!, ["-c", script, url, token]);
      assert.equal(stdout.trim(), "done");
    })),
});
