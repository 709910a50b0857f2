import { type AdapterConfig, type AdapterFolder, loraModules } from "./adapter.ts";
import type { EngineOptions } from "./engine.ts";
import { ModelError } from "./errors.ts";
import { adapterLayout, type Layout } from "./layout.ts";
import type { Sizes } from "./sizes.ts";

/** An adapter at work: its shape, where its parameters lie, and whether they are trained. */
export interface LoraPlan {
  readonly config: AdapterConfig;
  readonly layout: Layout;
  readonly trained: boolean;
}

/** Which adapter an engine gets: that of the folder, a fresh one, or none. */
export const planLora = (
  sizes: Sizes,
  o: EngineOptions,
  adapter: AdapterFolder | undefined,
): LoraPlan | undefined => {
  const trained = o.lora !== undefined;
  if (o.lora === "continue" && !adapter) {
    throw new ModelError("adapter-config", "lora", '"continue" needs an adapter to go on with');
  }
  if (adapter && trained && o.lora !== "continue") {
    throw new ModelError("adapter-config", "lora", 'with an adapter, lora must be "continue"');
  }
  if (adapter && o.train && !trained) {
    throw new ModelError(
      "adapter-config",
      "lora",
      'training on top of an adapter needs lora: "continue"; merge it first to train all weights',
    );
  }
  const fresh = o.lora === "continue" ? undefined : o.lora;
  const config: AdapterConfig | undefined = adapter?.config ?? (fresh && {
    rank: fresh.rank,
    alpha: fresh.alpha,
    rslora: fresh.rslora ?? false,
    targets: loraModules.filter((name) => fresh.targets.includes(name)),
  });
  if (!config) return undefined;
  const stranger = fresh?.targets.find((name) => !loraModules.includes(name as never));
  if (stranger !== undefined) {
    throw new ModelError(
      "adapter-config",
      "lora",
      `target "${stranger}"; expected some of ${loraModules.join(", ")}`,
    );
  }
  return { config, layout: adapterLayout(sizes, config.rank, config.targets), trained };
};
