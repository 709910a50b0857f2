import { existsSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { join, resolve, sep } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { UserError } from "../tools/mod.ts";

/** What requests may name. */
export interface Reach {
  /** Folders whose files may be named; relative names are looked for in each. */
  readonly folders: readonly string[];
  /** Hosts that a run may turn to, as `name` or `name:port`. */
  readonly hosts: readonly string[];
}

/** The data folder, what is bundled, and what the operator adds. */
export const reachOf = (options: {
  readonly data: string;
  readonly read: readonly string[];
  readonly hosts: readonly string[];
}): Reach => {
  const bundled = fileURLToPath(new URL("../../assets", import.meta.url));
  const hub = process.env["CALQUE_HUB"];
  return {
    folders: [options.data, bundled, "assets", ...options.read].map((folder) => resolve(folder)),
    hosts: [
      ...options.hosts,
      ...(hub === undefined ? [] : [hostOf(hub)].flatMap((host) => host ?? [])),
    ],
  };
};

/** The real place of a file that a request names; links that lead out of the folders are followed first. */
export const confinePath = async (name: string, key: string, reach: Reach): Promise<string> => {
  const refuse = (): UserError =>
    new UserError({
      code: "bad-value",
      message: `key "${key}": "${name.slice(0, 200)}" is no file in the server's data folder, ` +
        "nor bundled (assets/...), nor in a folder that the server was started with (--read)",
    });
  if (name.includes("\0")) throw refuse();
  for (const folder of reach.folders) {
    // `assets/seed` is how recipes name what is bundled.
    for (const place of [resolve(folder, name), resolve(join(folder, ".."), name)]) {
      const real = await realpath(place).catch(() => undefined);
      if (real !== undefined && await isWithin(real, reach.folders)) return real;
    }
  }
  throw refuse();
};

const isWithin = async (real: string, folders: readonly string[]): Promise<boolean> => {
  for (const folder of folders) {
    const root = await realpath(folder).catch(() => folder);
    if (real === root || real.startsWith(root + sep)) return true;
  }
  return false;
};

type Stage = Readonly<Record<string, unknown>>;

/**
 * A recipe from the wire, as `formatRecipe` gives it, with every file where it really lies. Fails with
 * the key of the first file that is out of reach, or of an address that is not allowed.
 */
export const confineRecipe = async (
  recipe: Readonly<Record<string, unknown>>,
  reach: Reach,
): Promise<Readonly<Record<string, unknown>>> => {
  const { stages } = recipe;
  if (!Array.isArray(stages)) return await confineStage(recipe, "", reach);
  const confined: Stage[] = [];
  for (const [i, stage] of stages.entries()) {
    confined.push(await confineStage(stage, `stages.${i}.`, reach));
  }
  return { ...recipe, stages: confined };
};

/** Keys of a stage that hold the name of a file or folder. */
const PATHS = [
  ["model", "init"],
  ["data", "path"],
  ["lora", "adapter"],
  ["rollout", "tasks"],
  ["evaluate", "tasks"],
  ["objective", "gepo", "groups"],
] as const;

const confineStage = async (stage: Stage, prefix: string, reach: Reach): Promise<Stage> => {
  const copy = structuredClone(stage) as Record<string, unknown>;
  for (const path of PATHS) {
    let holder: Record<string, unknown> | undefined = copy;
    for (const key of path.slice(0, -1)) {
      const inner: unknown = holder?.[key];
      holder = typeof inner === "object" && inner !== null
        ? inner as Record<string, unknown>
        : undefined;
    }
    const last = path.at(-1)!;
    const name = holder?.[last];
    if (holder === undefined || typeof name !== "string") continue;
    holder[last] = await confinePath(name, prefix + path.join("."), reach);
  }
  const { model, judge } = copy;
  if (typeof model === "string") {
    copy["model"] = await confineModel(model, `${prefix}model`, reach);
  }
  const url = (judge as { readonly url?: unknown } | undefined)?.url;
  if (url !== undefined) allowHost(String(url), `${prefix}judge.url`, reach);
  return copy;
};

/** A folder within reach, or a name on a hub that may be fetched from. */
const confineModel = async (model: string, key: string, reach: Reach): Promise<string> => {
  const isName = /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*(@[\w.-]+)?$/.test(model);
  try {
    return await confinePath(model, key, reach);
  } catch (error) {
    const hub = process.env["CALQUE_HUB"];
    if (!isName || hub === undefined || existsSync(model)) throw error;
    allowHost(hub, key, reach);
    return model;
  }
};

const allowHost = (url: string, key: string, reach: Reach): void => {
  const host = hostOf(url);
  if (host !== undefined && reach.hosts.includes(host)) return;
  const message = `key "${key}": "${url.slice(0, 200)}" is not on a host that the server was ` +
    "started with (--allow-host)";
  throw new UserError({ code: "bad-value", message });
};

const hostOf = (url: string): string | undefined => {
  try {
    const { host, protocol } = new URL(url);
    return protocol === "http:" || protocol === "https:" ? host : undefined;
  } catch {
    return undefined;
  }
};
