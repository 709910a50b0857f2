// The lower half: two functions, their verdict, and the pair in the page's address.
const element = (id) => document.getElementById(id);
const fields = ["source", "target", "relation", "unroll"].map(element);
const [source, target, relation, unroll] = fields;
const [button, output] = ["check", "verdict"].map(element);

const example = (body) => `define i32 @f(i32 %x) {\n${body}\n}\n`;
const defaults = {
  source: example("  %y = mul i32 %x, 2\n  ret i32 %y"),
  target: example("  %y = shl nsw i32 %x, 1\n  ret i32 %y"),
  relation: "refines",
  unroll: "0",
};

/** What the address says, or the example. */
const readAddress = () => {
  const given = new URLSearchParams(location.hash.slice(1));
  for (const field of fields) field.value = given.get(field.id) ?? defaults[field.id];
  if (relation.value === "") relation.value = defaults.relation;
};

const writeAddress = () => {
  const state = new URLSearchParams(fields.map((field) => [field.id, field.value]));
  history.replaceState(null, "", `#${state}`);
};

const row = (term, value) => {
  const [dt, dd] = ["dt", "dd"].map((tag) => document.createElement(tag));
  dt.textContent = term;
  dd.textContent = typeof value === "string" ? value : JSON.stringify(value);
  return [dt, dd];
};

const paragraph = (text, className) => {
  const made = document.createElement("p");
  made.textContent = text;
  made.className = className;
  return made;
};

const words = {
  proved: "Proved",
  refuted: "Refuted: this input tells them apart",
  unknown: "Unknown",
};

const show = ({ verdict, counterexample, ms, ...rest }) => {
  const rows = Object.entries(rest).flatMap(([key, value]) => row(key, value));
  if (counterexample !== undefined) {
    const { arguments: values, memory = {}, parts_at = {}, ...outcomes } = counterexample;
    for (const [name, value] of Object.entries(values)) rows.push(...row(name, value));
    for (const [name, value] of Object.entries(memory)) {
      rows.push(...row(`memory of ${name}`, value));
    }
    for (const [side, outcome] of Object.entries(outcomes)) {
      rows.push(...row(side, outcome));
      const place = parts_at[side];
      if (place === undefined) continue;
      const gives = place.value === undefined ? "" : ` gives ${place.value}`;
      rows.push(...row("parts", `at line ${place.line}: ${place.instruction}${gives}`));
    }
  }
  rows.push(...row("took", `${ms.toFixed(1)} ms`));
  const list = document.createElement("dl");
  list.append(...rows);
  output.replaceChildren(paragraph(words[verdict], `verdict ${verdict}`), list);
};

let worker;
/** A hard pair takes seconds: it is checked beside the page, and a new question ends the old one. */
const check = () => {
  worker?.terminate();
  worker = new Worker(new URL("./check_worker.js", import.meta.url), { type: "module" });
  output.replaceChildren(paragraph("checking…", "note"));
  worker.onmessage = ({ data }) => {
    if (data.verdict !== undefined) show(data.verdict);
    else output.replaceChildren(paragraph(data.error, "error"));
  };
  worker.onerror = (event) => output.replaceChildren(paragraph(event.message, "error"));
  worker.postMessage({
    source: source.value,
    target: target.value,
    options: { relation: relation.value, unroll: Number(unroll.value) },
  });
};

for (const field of fields) field.addEventListener("input", writeAddress);
button.addEventListener("click", check);
addEventListener("hashchange", () => {
  readAddress();
  check();
});
readAddress();
check();
