import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "./calque.ts";

/** What trains a model of 2 MB from nothing: `model/` to start it with, and eight rows of given ids. */
export const writeSmallModel = async (folder: string): Promise<void> => {
  const seed = join(root, "assets/seed");
  await mkdir(join(folder, "model"));
  await copyFile(join(seed, "tokenizer.json"), join(folder, "model/tokenizer.json"));
  const config = JSON.parse(await readFile(join(seed, "config.json"), "utf8"));
  const small = { num_hidden_layers: 2, hidden_size: 96, intermediate_size: 256 };
  await writeFile(join(folder, "model/config.json"), JSON.stringify({ ...config, ...small }));
  const row = { ids: [1, 2, 3, 4], mask: [0, 1, 1, 1] };
  await writeFile(join(folder, "rows.jsonl"), `${JSON.stringify(row)}\n`.repeat(8));
};
