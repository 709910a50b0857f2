import { Effect } from "effect";
import { join } from "node:path";
import { readPrograms, readTasks } from "../../ts/data/mod.ts";
import { type Probe, probe, type ProbeTexts, probeTexts } from "../../ts/evaluate/mod.ts";
import { layout, readObject, type Run, writeAside } from "../../ts/runs/mod.ts";
import { readRecipe } from "../../ts/train/mod.ts";
import { asUserError, UserError } from "../tools/mod.ts";
import { type ModelShelf, type Served, tunedName } from "./models.ts";
import type { RunServices } from "./services.ts";

/** Held-out tasks whose programs are shown. */
const MOST_TASKS = 64;

/** Of the model that the run began with, and of the one that it made. */
export interface RunProbe {
  readonly before: Probe;
  readonly after: Probe;
}

/**
 * How near to each other the layers of a run's model hold programs of one task in several languages.
 * Measured when it is first asked for, and kept in the run's folder.
 */
export const probeOf = async (
  run: Run,
  models: ModelShelf,
  services: RunServices,
): Promise<object> => {
  const file = join(run.folder, "probe.json");
  const known = await readObject(file);
  if (known !== undefined) return known;
  const name = await tunedName(run);
  if (name === undefined) throw absent(run, "it has not ended, or made no model");
  const made = await models.get(name);
  const { stages } = await services.run(readRecipe(layout(run.folder).recipe));
  const stage = stages.findLast((each) => each.rollout !== undefined);
  if (stage?.rollout === undefined) throw absent(run, "its recipe names no tasks");
  const { sources, targets, prompts } = stage.rollout;
  const folder = stage.evaluate?.tasks ?? stage.rollout.tasks;
  const texts = await services.run(Effect.gen(function* () {
    const tasks = (yield* readTasks(folder)).filter(({ split }) => split === "held-out");
    return probeTexts(tasks, yield* readPrograms(folder), {
      languages: [...new Set([...sources ?? [], ...targets])],
      most: MOST_TASKS,
      template: prompts.translation,
    });
  }));
  if (texts.tasks.length < 2 || texts.languages.length < 2) {
    throw absent(run, "its tasks have too few held-out programs in two languages or more");
  }
  const [{ model, lora }] = stages;
  const began: Served = {
    id: "",
    created: 0,
    folder: typeof model === "string" ? model : model.init,
    ...(lora !== undefined && "adapter" in lora ? { adapter: lora.adapter } : {}),
  };
  const found: RunProbe = {
    before: await measure(models, began, texts),
    after: await measure(models, made, texts),
  };
  await writeAside(file, JSON.stringify(found) + "\n");
  return found;
};

const measure = (models: ModelShelf, model: Served, texts: ProbeTexts): Promise<Probe> =>
  models.open(
    model,
    Effect.fnUntraced(function* ({ engine, tokenizer }) {
      const reader = yield* Effect.fromResult(tokenizer);
      return yield* probe(engine, reader, texts).pipe(Effect.mapError(asUserError));
    }),
  );

const absent = ({ id }: Run, why: string): UserError =>
  new UserError({
    code: "not-found",
    message: `run "${id}" has no probe of its representations: ${why}`,
  });
