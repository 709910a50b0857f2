// One question of the page's, answered.

// Loaded later on purpose: a message that comes before a listener is there is lost.
const module = import("./calque/browser.js");

onmessage = async ({ data: { source, target, options } }) => {
  try {
    const { check } = await module;
    const start = performance.now();
    const verdict = check(source, target, options);
    postMessage({ verdict: { ...verdict, ms: performance.now() - start } });
  } catch (error) {
    postMessage({ error: error.message });
  }
};
