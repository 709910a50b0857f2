import { Effect, Result } from "effect";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { IrGroup, Program, Task } from "../../../ts/data/mod.ts";
import { readModelConfig } from "../../../ts/model/mod.ts";
import { conversationOf } from "../../tools/chat.ts";
import { decodeInput, UserError } from "../../tools/mod.ts";
import { openTokenizer } from "../../tools/tokenizer.ts";
import type { Served } from "../models.ts";
import type { JobShape } from "./job_recipe.ts";
import type { JobRequest } from "./job_request.ts";
import { objectRows, preferenceRows, questionRows, supervisedRows } from "./training_rows.ts";

/** What stands in the place of a language where any text is asked for. */
export const ANY_TEXT = "python";

/** Rewrites a training file as what a run reads, into `folder`, and says what is in it. */
export const prepareData = async (
  request: JobRequest,
  base: Served,
  file: { readonly name: string; readonly path: string },
  folder: string,
): Promise<JobShape> => {
  const text = await readFile(file.path, "utf8");
  const config = await readModelConfig(base.folder);
  const tokenizer = await Effect.runPromise(openTokenizer(base.folder));
  try {
    const chat = await Effect.runPromise(
      conversationOf(base.folder, tokenizer, config.eos_token_ids),
    );
    const prompts = await readFile(join(base.folder, "prompts.json"), "utf8")
      .then((json) => JSON.parse(json) as Record<string, string>, () => undefined);
    const shape = {
      model: base.folder,
      ...(base.adapter === undefined ? {} : { adapter: base.adapter }),
      ...(prompts === undefined ? {} : { prompts }),
      hidden_size: config.hidden_size,
      context: Math.min(config.max_position_embeddings, 2048),
    };
    const data = join(folder, "data");
    const at = (name: string): string => join(data, name);
    await mkdir(data, { recursive: true });
    switch (request.method?.type ?? "supervised") {
      case "supervised":
      case "dpo": {
        const read = request.method?.type === "dpo" ? preferenceRows : supervisedRows;
        const rows = read(file.name, text, chat);
        await writeRows(at("rows.jsonl"), rows);
        return { ...shape, rows: rows.length, files: { rows: at("rows.jsonl") } };
      }
      case "reinforcement": {
        const questions = questionRows(file.name, text, chat);
        const tasks = questions.map(({ prompt, item }, i): Task => ({
          id: `row-${i + 1}`,
          family: `row-${i + 1}`,
          statement: prompt,
          signature: { name: "answer", parameters: [], result: "string" },
          // Never run: the job's grader answers in the sandbox's place, and finds the item here.
          test_program: { [ANY_TEXT]: JSON.stringify(item) },
          split: "train",
          source: file.name,
          licence: "unknown",
        }));
        await writeRows(at("tasks.jsonl"), tasks);
        await writeRows(at("programs.jsonl"), []);
        return { ...shape, rows: tasks.length, files: { tasks: data }, languages: [ANY_TEXT] };
      }
      case "gepo":
      case "oorl": {
        const sorted = sort(file.name, objectRows(file.name, text));
        const { groups, tasks, programs } = sorted;
        if (groups.length === 0) {
          throw fault(file.name, `expected IR groups ("winners", "losers"), found none`);
        }
        await writeRows(at("groups.jsonl"), groups);
        const found = { ...shape, rows: groups.length, files: { groups: at("groups.jsonl") } };
        if (request.method?.type === "gepo") return found;
        if (tasks.length === 0 || programs.length === 0) {
          throw fault(file.name, "expected tasks and programs beside the IR groups, found none");
        }
        await writeRows(at("tasks.jsonl"), tasks);
        await writeRows(at("programs.jsonl"), programs);
        const languages = [...new Set(programs.map(({ language }) => language))].sort();
        return {
          ...found,
          rows: tasks.length,
          files: { ...found.files, tasks: data },
          languages,
        };
      }
    }
  } finally {
    tokenizer.free();
  }
};

/** Tasks, programs and IR groups of one file, told apart by their keys. */
const sort = (name: string, rows: readonly Readonly<Record<string, unknown>>[]) => {
  const groups: IrGroup[] = [];
  const tasks: Task[] = [];
  const programs: Program[] = [];
  for (const [i, row] of rows.entries()) {
    const take = <A>(decoded: Result.Result<A, UserError>, list: A[]): void => {
      if (Result.isSuccess(decoded)) list.push(decoded.success);
      else throw fault(name, `line ${i + 1}: ${decoded.failure.message}`);
    };
    if ("winners" in row) take(decodeInput(IrGroup, row), groups);
    else if ("statement" in row) take(decodeInput(Task, row), tasks);
    else take(decodeInput(Program, row), programs);
  }
  return { groups, tasks, programs };
};

const fault = (name: string, problem: string): UserError =>
  new UserError({ code: "bad-value", message: `key "training_file": ${name}: ${problem}` });

const writeRows = (path: string, rows: readonly object[]): Promise<void> =>
  writeFile(path, rows.map((row) => JSON.stringify(row) + "\n").join(""), { flush: true });
