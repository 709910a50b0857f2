import { Effect, Exit, Scope } from "effect";
import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { setTimeout } from "node:timers";
import { fileURLToPath } from "node:url";
import { layout, readObject, type Run } from "../../ts/runs/mod.ts";
import { contextOf, SLOTS } from "../tools/engine.ts";
import type { Generator } from "../tools/generate.ts";
import { UserError } from "../tools/mod.ts";
import { settled } from "./settled.ts";

/** A model that can be asked, or tuned further. */
export interface Served {
  readonly id: string;
  /** Seconds since 1970. */
  readonly created: number;
  readonly folder: string;
  readonly adapter?: string;
}

const IDLE_MS = 300_000;

/**
 * The models of a server: those bundled (`seed`), those in `models/` of the data folder, and what its runs
 * made. One is open at a time, and all requests for it share its slots: who asks for another waits until
 * those before have their answers.
 */
export class ModelShelf {
  readonly #data: string;
  readonly #runs: () => Promise<readonly Run[]>;
  readonly #find: (id: string) => Promise<Run>;
  #open:
    | { readonly key: string; readonly generator: Generator; readonly scope: Scope.Closeable }
    | undefined;
  /** Until the requests that came before have their model. */
  #turn: Promise<unknown> = Promise.resolve();
  /** What the open model is being asked. */
  readonly #asked = new Set<Promise<unknown>>();
  #idle: ReturnType<typeof setTimeout> | undefined;

  constructor(
    data: string,
    runs: {
      readonly all: () => Promise<readonly Run[]>;
      readonly find: (id: string) => Promise<Run>;
    },
  ) {
    this.#data = data;
    this.#runs = runs.all;
    this.#find = runs.find;
  }

  async list(): Promise<Served[]> {
    const made = await Promise.all(
      (await this.#runs()).map(async (run) => {
        const id = await tunedName(run);
        return id === undefined ? [] : await madeBy(run, id) ?? [];
      }),
    );
    return [...await this.#base(), ...made.flat()];
  }

  /** Throws `not-found`. */
  async get(id: string): Promise<Served> {
    const base = (await this.#base()).find((model) =>
      model.id === id || `assets/${model.id}` === id
    );
    if (base !== undefined) return base;
    const run = /^ft:[^:]+:[^:]*:[^:]*:([A-Za-z0-9._-]+)$/.exec(id)?.[1];
    if (run !== undefined) {
      const found = await this.#find(run).catch(() => undefined);
      const served = found === undefined ? undefined : await madeBy(found, id);
      if (served !== undefined) return served;
    }
    const message = `the model "${id}" does not exist; GET /v1/models lists those here`;
    throw new UserError({ code: "not-found", message });
  }

  /** Gives the model to `ask`, which may have it beside others; the signal interrupts it. */
  use<A>(
    id: string,
    ask: (generator: Generator) => Effect.Effect<A, UserError>,
    signal?: AbortSignal,
  ): Promise<A> {
    return this.#inTurn(() => this.get(id), ask, signal);
  }

  /** The same of a model that need not be on the shelf. */
  open<A>(model: Served, ask: (generator: Generator) => Effect.Effect<A, UserError>): Promise<A> {
    return this.#inTurn(() => Promise.resolve(model), ask);
  }

  #inTurn<A>(
    find: () => Promise<Served>,
    ask: (generator: Generator) => Effect.Effect<A, UserError>,
    signal?: AbortSignal,
  ): Promise<A> {
    const begun = this.#turn.then(async () => {
      const generator = await this.#opened(await find());
      const answer = settled(ask(generator), signal);
      this.#asked.add(answer);
      const forget = () => this.#asked.delete(answer);
      answer.then(forget, forget);
      return { answer };
    });
    this.#turn = begun.catch(() => undefined);
    return begun.then(({ answer }) => answer);
  }

  async close(): Promise<void> {
    clearTimeout(this.#idle);
    await Promise.allSettled(this.#asked);
    const open = this.#open;
    this.#open = undefined;
    if (open !== undefined) await Effect.runPromise(Scope.close(open.scope, Exit.void));
  }

  async #opened(model: Served): Promise<Generator> {
    const { mtimeMs } = await stat(model.adapter ?? model.folder);
    const key = JSON.stringify([model.folder, model.adapter, mtimeMs]);
    if (this.#open?.key !== key) {
      await this.close();
      const { openGenerator } = await import("../tools/generate.ts");
      const scope = Effect.runSync(Scope.make());
      const generator = await settled(
        contextOf(model.folder, undefined).pipe(
          Effect.flatMap((context) =>
            openGenerator({
              model: model.folder,
              ...(model.adapter === undefined ? {} : { adapter: model.adapter }),
              context,
              slots: SLOTS,
            })
          ),
          Scope.provide(scope),
        ),
      );
      this.#open = { key, generator, scope };
    }
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      this.#turn = this.#turn.then(() => this.close());
    }, IDLE_MS);
    this.#idle.unref();
    return this.#open!.generator;
  }

  async #base(): Promise<Served[]> {
    const bundled = ["assets/seed", fileURLToPath(new URL("../../assets/seed", import.meta.url))]
      .find(existsSync);
    const own = join(this.#data, "models");
    const names = await readdir(own).catch(() => []);
    const folders = [
      ...(bundled === undefined ? [] : [resolve(bundled)]),
      ...names.map((name) => join(own, name)),
    ];
    const found = await Promise.all(folders.map(async (folder): Promise<Served[]> => {
      const config = await stat(join(folder, "config.json")).catch(() => undefined);
      if (config === undefined) return [];
      return [{ id: basename(folder), created: Math.floor(config.mtimeMs / 1000), folder }];
    }));
    return found.flat();
  }
}

/** By the object: a run that has changed is another one. */
const names = new WeakMap<Run, string | undefined>();

/** `ft:BASE:calque:SUFFIX:RUN` once the run has made a model. */
export const tunedName = async (run: Run): Promise<string | undefined> => {
  if (run.status !== "done") return undefined;
  if (!names.has(run)) names.set(run, await readName(run));
  return names.get(run);
};

const readName = async (run: Run): Promise<string | undefined> => {
  const recipe = await readObject(layout(run.folder).recipe);
  const model = recipe?.["model"] ?? (recipe?.["stages"] as { model: unknown }[] | undefined)?.[0]
    ?.model;
  const path = typeof model === "string" ? model : (model as { init?: string } | undefined)?.init;
  if (path === undefined) return undefined;
  const own = /\/([A-Za-z0-9._-]+)\/(?:model|adapter)\/?$/.exec(path)?.[1];
  const base = own ?? basename(path);
  const job = await readObject(join(run.folder, "job.json"));
  const request = job?.["request"] as { readonly suffix?: string } | undefined;
  return `ft:${base.replaceAll(":", "-")}:calque:${(request?.suffix ?? "")}:${run.id}`;
};

const madeBy = async (run: Run, id: string): Promise<Served | undefined> => {
  if (await tunedName(run) !== id) return undefined;
  const at = layout(run.folder);
  const created = Math.floor(Date.parse(run.created_at) / 1000);
  if (existsSync(join(at.model, "config.json"))) return { id, created, folder: at.model };
  if (!existsSync(join(at.adapter, "adapter_config.json"))) return undefined;
  const recipe = await readObject(at.recipe);
  const base = recipe?.["model"];
  return typeof base === "string"
    ? { id, created, folder: resolve(base), adapter: at.adapter }
    : undefined;
};
