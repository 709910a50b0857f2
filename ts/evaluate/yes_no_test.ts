import { Effect } from "effect";
import assert from "node:assert/strict";
import type { Engine } from "../model/mod.ts";
import type { Tokenizer } from "../wasm/mod.ts";
import type { ProgramQuestion } from "./program_answers.ts";
import { askYesNo, equivalence, equivalenceTable, yesNoQuestions } from "./yes_no.ts";

const question = (task: string, losers: readonly string[]): ProgramQuestion => ({
  id: `${task} python->lua`,
  task,
  source: "python",
  target: "lua",
  given: `given ${task}`,
  prompt: "",
  stop: "",
  answers: [
    { text: `right ${task}`, winner: true },
    ...losers.map((tier) => ({ text: `${tier} ${task}`, winner: false, tier })),
  ],
});
const many = Array.from({ length: 40 }, (_, i) => question(`t${i}`, ["edited", "other"]));
const template = "{source}:{code}|{target}:{other}?";

Deno.test("half of the questions are to be answered yes, and both kinds of differences occur", () => {
  const questions = yesNoQuestions(many, template, 0);
  assert.deepEqual(questions, yesNoQuestions(many, template, 0));
  assert.equal(questions.length, 80);
  assert.equal(questions.filter(({ equivalent }) => equivalent).length, 40);
  for (const { equivalent, task, tier, prompt } of questions) {
    assert.equal(prompt, `python:given ${task}|lua:${equivalent ? "right" : tier} ${task}?`);
  }
  const edited = questions.filter(({ tier }) => tier === "edited").length;
  assert.ok(edited > 10 && edited < 30, String(edited));
});

const tokenizer = {
  encode: (text: string) => Uint32Array.from(text, (c) => c.charCodeAt(0)),
} as unknown as Tokenizer;

/** A model whose probability of yes and of no, of which the letters share it, depends on the prompt. */
const model = (yes: (prompt: string) => number): Engine =>
  ({
    logProbs: (rows: readonly Uint32Array[]) =>
      Promise.resolve(rows.map((row) => {
        const text = String.fromCharCode(...row);
        const [, prompt, answer] = /^(.*\?)(yes|no)$/s.exec(text)!;
        const p = answer === "yes" ? yes(prompt!) : 1 - yes(prompt!);
        return Float32Array.from(
          row,
          (_, t) => t < prompt!.length ? -9 : Math.log(p) / answer!.length,
        );
      })),
  }) as unknown as Engine;
const asked = (engine: Engine) =>
  Effect.runPromise(askYesNo(engine, tokenizer, yesNoQuestions(many, template, 0), 1000));

Deno.test("who knows is right, who says yes to all is right half of the time and tells none apart", async () => {
  const knows = await asked(model((prompt) => prompt.includes("right") ? 0.9 : 0.1));
  const always = await asked(model(() => 0.8));
  // Leans to yes, yet finds what is equivalent likelier so than what is not.
  const leans = await asked(model((prompt) => prompt.includes("right") ? 0.9 : 0.7));
  const found = equivalence(knows, always);
  assert.equal(found.questions, 80);
  assert.equal(found.accuracy.before!.value, 0.5);
  assert.equal(found.accuracy.after.value, 1);
  assert.equal(found.told_apart.before!.value, 0.5);
  assert.equal(found.told_apart.after.value, 1);
  assert.equal(found.says_yes["equivalent"]!.after.value, 1);
  assert.equal(found.says_yes["edited"]!.after.value, 0);
  assert.equal(found.says_yes["other"]!.before!.value, 1);
  const leaning = equivalence(leans, undefined);
  assert.equal(leaning.accuracy.after.value, 0.5);
  assert.equal(leaning.told_apart.after.value, 1);
  assert.equal(leaning.accuracy.before, undefined);
  for (const { after: { value, low, high } } of [found.accuracy, leaning.accuracy]) {
    assert.ok(0 <= low && low <= value && value <= high && high <= 1 && low < high);
  }
  assert.match(equivalenceTable(found), /^right +80 +50\.0 \[.*100\.0 \[/m);
});

Deno.test("a pair of questions of which one is too long is left out whole", async () => {
  const long: ProgramQuestion = {
    ...question("long", []),
    answers: [{ text: "right", winner: true }, {
      text: "x".repeat(200),
      winner: false,
      tier: "other",
    }],
  };
  const answers = await Effect.runPromise(askYesNo(
    model(() => 0.5),
    tokenizer,
    yesNoQuestions([long, question("short", ["edited"])], template, 0),
    100,
  ));
  assert.deepEqual(answers.map(({ task }) => task), ["short", "short"]);
});
