import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { sharedFolder } from "../../ts/shared.ts";
import { calque, conversation, objects } from "./calque.ts";

const golden = sharedFolder("golden");
const model = `${golden}/models/llama-gqa-tied`;
const lora = `${golden}/lora/lora-qv`;
const read = async (file: string) => JSON.parse(await readFile(file, "utf8"));
const ndjson = (rows: readonly unknown[]) => rows.map((row) => JSON.stringify(row) + "\n").join("");

Deno.test({
  name: "score meets the golden log-probs, in order, the first of each null",
  ignore: golden === undefined,
  fn: async () => {
    const { sequences } = await read(`${model}/batch.json`);
    const expected = (await read(`${model}/expected.json`)).logprobs;
    const stdin = ndjson(
      sequences.map(({ id, ids }: { id: string; ids: number[] }) => ({ id, ids })),
    );
    const { code, stdout } = await calque(["score", "--model", `${model}/model`, "--batch"], {
      stdin,
    });
    assert.equal(code, 0);
    objects(stdout).forEach(({ id, ids, logprobs }, s) => {
      assert.equal(id, sequences[s].id);
      assert.deepEqual(ids, sequences[s].ids);
      const wanted: (number | null)[] = Array.isArray(expected)
        ? expected[s]
        : expected[id as string];
      (logprobs as (number | null)[]).forEach((p, t) => {
        if (t === 0) assert.equal(p, null);
        else assert.ok(Math.abs(p! - wanted[t]!) < 2e-4, `${id} ${t}: ${p} for ${wanted[t]}`);
      });
    });
  },
});

Deno.test({
  name: "an adapter changes the scores, to those of its golden file",
  ignore: golden === undefined,
  fn: async () => {
    const cases: { name: string; base: string }[] = await read(`${golden}/cases.json`);
    const { base } = cases.find(({ name }) => name === "lora-qv")!;
    const { sequences } = await read(`${golden}/${base}/batch.json`);
    const expected = (await read(`${lora}/expected.json`)).logprobs;
    const { code, stdout } = await calque([
      "score",
      "--model",
      `${golden}/${base}/model`,
      "--adapter",
      `${lora}/adapter`,
      "--batch",
    ], {
      stdin: ndjson(sequences.map(({ id, ids }: { id: string; ids: number[] }) => ({ id, ids }))),
    });
    assert.equal(code, 0);
    objects(stdout).forEach(({ id, logprobs }, s) => {
      const wanted: number[] = Array.isArray(expected) ? expected[s] : expected[id as string];
      (logprobs as number[]).forEach((p, t) =>
        assert.ok(t === 0 || Math.abs(p - wanted[t]!) < 2e-4, `${id} ${t}`)
      );
    });
  },
});

Deno.test({
  name: "generate at temperature 0 gives the golden text, and a bad line spoils nothing",
  ignore: golden === undefined,
  fn: async () => {
    const { greedy } = await read(`${model}/expected.json`);
    const talk = conversation([
      "generate",
      "--model",
      `${model}/model`,
      "--temperature",
      "0",
      "--max-tokens",
      "24",
      "--batch",
    ]);
    for (const [id, { prompt, ids, logprobs }] of greedy.entries()) {
      talk.say({ id, ids: prompt });
      const answer = await talk.hear();
      assert.deepEqual([answer["id"], answer["index"]], [id, 0]);
      assert.deepEqual(answer["ids"], ids);
      assert.equal(answer["finish_reason"], "length");
      (answer["logprobs"] as number[]).forEach((p, t) =>
        assert.ok(Math.abs(p - logprobs[t]) < 2e-4)
      );
    }
    talk.say({ id: "bad", ids: [] });
    assert.match((await talk.hear() as { error: { message: string } }).error.message, /one token/);
    assert.equal(await talk.end(), 2);
  },
});

Deno.test({
  name: "the same seed samples the same, and equal prompts are not answered alike",
  ignore: golden === undefined,
  fn: async () => {
    const args = [
      "generate",
      "--model",
      `${model}/model`,
      "--n",
      "2",
      "--max-tokens",
      "8",
      "--batch",
    ];
    const stdin = ndjson([1, 2].map((id) => ({ id, ids: [5, 6] })));
    const [once, again, otherwise] = await Promise.all([
      calque([...args, "--seed", "3"], { stdin }),
      calque([...args, "--seed", "3"], { stdin }),
      calque([...args, "--seed", "4"], { stdin }),
    ]);
    assert.equal(once.stdout, again.stdout);
    assert.notEqual(once.stdout, otherwise.stdout);
    const samples = objects(once.stdout);
    assert.deepEqual(samples.map(({ id, index }) => [id, index]), [[1, 0], [1, 1], [2, 0], [2, 1]]);
    assert.equal(new Set(samples.map(({ ids }) => String(ids))).size, 4);
  },
});

Deno.test("rows scored together get what each gets alone, and one that is refused spoils no other", async () => {
  const rows = [[1, 2, 3], new Array(40).fill(4), [5], [1, 1e9], [7, 8, 9, 10]];
  const lines = rows.map((ids, id) => ({ id, ids }));
  const score = (of: readonly object[]) =>
    calque(["score", "--model", "assets/seed", "--context", "32", "--batch"], {
      stdin: ndjson(of),
    });
  const together = await score(lines);
  assert.equal(together.code, 2, together.stderr);
  const alone = await Promise.all(lines.map((line) => score([line])));
  assert.deepEqual(objects(together.stdout), alone.flatMap(({ stdout }) => objects(stdout)));
  const refused = objects(together.stdout).filter((answer) => "error" in answer);
  assert.deepEqual(refused.map(({ id }) => id), [1, 3]);
});

Deno.test("a model folder that is none is named, with exit 2", async () => {
  for (const command of ["score", "generate"]) {
    const { code, stdout, stderr } = await calque([command, "--model", "/no/such", "--batch"]);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, /^error: \/no\/such.*\n$/);
  }
});
