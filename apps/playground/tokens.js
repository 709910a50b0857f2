// The upper half: a text's tokens, each a coloured span that tells its id and its place.
import { Tokenizer } from "./calque/browser.js";

const element = (id) => document.getElementById(id);
const [chooser, name, text, counts, tokens, problem] = [
  "tokenizer",
  "tokenizer-name",
  "text",
  "counts",
  "tokens",
  "tokens-error",
].map(element);

/** More spans than this make a page slow; the counts are of the whole text. */
const SHOWN = 5000;

let tokenizer;

/** Replaces the tokenizer; one that does not load leaves the old one in place. */
const take = (label, open) => {
  try {
    const next = open();
    tokenizer?.free();
    tokenizer = next;
    name.textContent = `${label}, ${tokenizer.vocabSize.toLocaleString("en")} entries`;
    show();
  } catch (error) {
    problem.textContent = `${label}: ${error.message}`;
  }
};

const show = () => {
  problem.textContent = "";
  const value = text.value;
  let found;
  try {
    found = tokenizer.encodeWithOffsets(value, { unit: "utf16" });
  } catch (error) {
    problem.textContent = error.message;
    return;
  }
  const { ids, offsets } = found;
  const spans = [];
  let end = -1;
  for (let i = 0; i < ids.length && spans.length < SHOWN; i++) {
    const [from, to] = [offsets[2 * i], offsets[2 * i + 1]];
    // Tokens that are parts of one character share its span.
    if (from < end) {
      const span = spans.at(-1);
      span.dataset.ids += ` ${ids[i]}`;
      span.title += `, ${ids[i]}`;
      if (to > end) span.textContent += value.slice(end, to);
      end = Math.max(end, to);
      continue;
    }
    const span = document.createElement("span");
    span.textContent = value.slice(from, to);
    span.dataset.ids = ids[i];
    span.title = `${from}–${to}: ${ids[i]}`;
    spans.push(span);
    end = to;
  }
  tokens.replaceChildren(...spans);
  const bytes = new TextEncoder().encode(value).length;
  const per = ids.length === 0 ? "" : `, ${(bytes / ids.length).toFixed(2)} bytes a token`;
  const cut = spans.length < SHOWN ? "" : `; the first ${SHOWN} are shown`;
  counts.textContent = `${ids.length} tokens, ${bytes} bytes${per}${cut}`;
};

text.addEventListener("input", show);
chooser.addEventListener("change", async () => {
  const file = chooser.files[0];
  if (file === undefined) return;
  const bytes = new Uint8Array(await file.arrayBuffer());
  const ranks = file.name.endsWith(".tiktoken");
  take(file.name, () => ranks ? Tokenizer.fromTiktoken(bytes) : Tokenizer.fromJSON(bytes));
});

text.value = "for x in xs:\n    total += x  # naïve 👩‍👩‍👧\n";
const bundled = await (await fetch(new URL("./tokenizer.json", import.meta.url))).text();
take("the bundled model's", () => Tokenizer.fromJSON(bundled));
