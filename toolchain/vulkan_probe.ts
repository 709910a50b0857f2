// Prints the adapter that WebGPU offers as one JSON line, or exits 4. ./setup runs it with
// DENO_WEBGPU_BACKEND=vulkan: left alone, Deno takes an OpenGL adapter without a word where Vulkan has none.
const adapter = await navigator.gpu?.requestAdapter();
if (!adapter) Deno.exit(4);
const { vendor, description, isFallbackAdapter } = adapter.info;
console.log(JSON.stringify({ vendor, description, software: isFallbackAdapter }));
Deno.exit(0);
