/**
 * transformers.js at the generation task: `deno run -A bench/peers/transformers_js.ts FOLDER BACKEND`.
 *
 * cpu, webgpu-native: over `onnxruntime-node`, as its build for servers does. wasm, webgpu: over
 * `onnxruntime-web`, as in a page; the page's build itself does not start under Deno (it imports a blob),
 * so the runtime is handed to the server's build by the symbol that it looks for.
 */
// @ts-nocheck: the peer's types are not installed with the workspace
import { loadGeneration, timeGeneration } from "./task.ts";

const [folder, backend] = Deno.args;
const here = new URL("./node_modules/", import.meta.url);
const web = backend === "wasm" || backend === "webgpu";
const package_file = (path) => new URL(path, here).href;
if (web) {
  const ort = await import(package_file("onnxruntime-web/dist/ort.webgpu.min.mjs"));
  ort.env.wasm.wasmPaths = package_file("onnxruntime-web/dist/");
  ort.env.wasm.numThreads = 1;
  const create = async (file, options) =>
    ort.InferenceSession.create(await Deno.readFile(file), options);
  globalThis[Symbol.for("onnxruntime")] = { ...ort, InferenceSession: { create } };
}
// By its file: the peer is not installed with the workspace, so nothing may resolve it early.
const { AutoModelForCausalLM, env, Tensor } = await import(
  package_file("@huggingface/transformers/dist/transformers.node.mjs")
);
const task = await loadGeneration(folder);
env.allowRemoteModels = false;
env.localModelPath = folder;
// A runtime that was handed over has no devices of its own; with `webgpu` the cache stays on the GPU.
const { num_hidden_layers } = JSON.parse(await Deno.readTextFile(`${folder}/onnx/config.json`));
const cache = Array.from({ length: num_hidden_layers }, (_, i) => `present.${i}`)
  .flatMap((name) => [`${name}.key`, `${name}.value`]);
const stay = Object.fromEntries(cache.map((name) => [name, "gpu-buffer"]));
const session_options = {
  executionProviders: [backend],
  ...(backend === "webgpu" ? { preferredOutputLocation: stay } : {}),
};
const where = web ? { device: "auto", session_options } : { device: backend.split("-")[0] };
const model = await AutoModelForCausalLM.from_pretrained("onnx", { ...where, dtype: "fp32" });
const int64 = (values, dims) => new Tensor("int64", BigInt64Array.from(values, BigInt), dims);
const measured = await timeGeneration(task, async (prompts, max_new_tokens) => {
  const dims = [prompts.length, prompts[0].length];
  const flat = prompts.flat();
  const output = await model.generate({
    input_ids: int64(flat, dims),
    attention_mask: int64(flat.map(() => 1), dims),
    max_new_tokens,
    do_sample: false,
  });
  return output.tolist().map((row) => row.slice(dims[1]).map(Number));
});
console.log(
  JSON.stringify({ version: `transformers.js ${env.version}`, device: backend, ...measured }),
);
Deno.exit(0);
