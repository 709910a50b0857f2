import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { cacheFolder } from "../gpu/mod.ts";
import { ModelError } from "./errors.ts";

export interface HubOptions {
  /** `CALQUE_HUB`, else https://huggingface.co. */
  readonly endpoint?: string;
  /** `cacheFolder()`; models lie in `models/ORG--NAME/COMMIT`. */
  readonly cache?: string;
  /** Sent to the endpoint alone, never to where it redirects; `HF_TOKEN`. */
  readonly token?: string;
  readonly onProgress?: (file: string, done: number, of: number) => void;
}

/**
 * The folder of a model: one that is there, or that of `ORG/NAME` or `ORG/NAME@REVISION` on a hub, which is
 * fetched first. A broken download goes on where it broke; a file counts once its checksum is right. Without
 * a network, what was fetched before is taken.
 *
 * @throws ModelError `model-missing` where it is neither, `hub` where the hub does not give it.
 */
export const findModel = async (model: string, options: HubOptions = {}): Promise<string> => {
  if (await stat(model).then(() => true, () => false)) return model;
  const [, name, revision = "main"] = HUB_NAME.exec(model) ?? [];
  if (name === undefined) {
    throw new ModelError("model-missing", model, "expected a folder, or ORG/NAME of a hub's model");
  }
  const hub = hubOf(options);
  const place = join(hub.cache, "models", name.replace("/", "--"));
  const ref = join(place, `${encodeURIComponent(revision)}.ref`);
  const known = await readFile(ref, "utf8").then((text) => text.trim(), () => undefined);
  let listing: Listing;
  try {
    listing = await list(hub, name, revision);
  } catch (error) {
    // What a name once stood for is better than nothing, if the hub is out of reach.
    if (known !== undefined && !(error instanceof ModelError)) return join(place, known);
    if (error instanceof ModelError) throw error;
    throw new ModelError("hub", model, `${hub.endpoint}: ${messageOf(error)}`);
  }
  const folder = join(place, listing.commit);
  await mkdir(folder, { recursive: true });
  for (const file of wanted(listing.files)) {
    await fetchFile(hub, `${name}/resolve/${listing.commit}/${file.name}`, folder, file);
  }
  await writeFile(`${ref}.part`, `${listing.commit}\n`, { flush: true });
  await rename(`${ref}.part`, ref);
  return folder;
};

const HUB_NAME = /^([\w-][\w.-]*\/[\w-][\w.-]*)(?:@([\w./-]+))?$/;

type Hub = Required<Pick<HubOptions, "endpoint" | "cache">> & HubOptions;

const hubOf = (options: HubOptions): Hub => {
  const { CALQUE_HUB, HF_TOKEN } = process.env;
  const token = options.token ?? HF_TOKEN;
  return {
    ...options,
    endpoint: (options.endpoint ?? CALQUE_HUB ?? "https://huggingface.co").replace(/\/+$/, ""),
    cache: options.cache ?? cacheFolder(),
    ...(token === undefined ? {} : { token }),
  };
};

interface HubFile {
  readonly name: string;
  readonly bytes: number;
  /** SHA-256 of a large file, the Git blob's SHA-1 of a small one. */
  readonly sum: { readonly kind: "sha256" | "git"; readonly hex: string };
}

interface Listing {
  readonly commit: string;
  readonly files: readonly HubFile[];
}

const list = async (hub: Hub, name: string, revision: string): Promise<Listing> => {
  const path = `api/models/${name}/revision/${encodeURIComponent(revision)}?blobs=true`;
  const response = await ask(hub, path);
  const json = await response.json().catch(() => undefined) as {
    readonly sha?: unknown;
    readonly siblings?: readonly {
      readonly rfilename?: unknown;
      readonly size?: unknown;
      readonly blobId?: unknown;
      readonly lfs?: { readonly sha256?: unknown };
    }[];
  } | undefined;
  const { sha, siblings } = json ?? {};
  if (typeof sha !== "string" || !/^[0-9a-f]{40}$/.test(sha) || !Array.isArray(siblings)) {
    throw new ModelError("hub", `${hub.endpoint}/${path}`, 'expected "sha" and "siblings"');
  }
  const files = siblings.flatMap(({ rfilename, size, blobId, lfs }): HubFile[] => {
    // Only files of the folder itself: a path that leads elsewhere is not followed.
    if (typeof rfilename !== "string" || !/^[\w-][\w.-]*$/.test(rfilename)) return [];
    if (typeof size !== "number") return [];
    if (typeof lfs?.sha256 === "string") {
      return [{ name: rfilename, bytes: size, sum: { kind: "sha256", hex: lfs.sha256 } }];
    }
    return typeof blobId === "string"
      ? [{ name: rfilename, bytes: size, sum: { kind: "git", hex: blobId } }]
      : [];
  });
  return { commit: sha, files };
};

/** Configuration and tokenizer first: what cannot be used is seen before the weights have come. */
const wanted = (files: readonly HubFile[]): readonly HubFile[] => {
  const weights = /^(?:model|model-\d+-of-\d+|adapter_model)\.safetensors$/;
  const others =
    /^(?:config|generation_config|adapter_config|tokenizer|tokenizer_config|special_tokens_map|model\.safetensors\.index)\.json$|^chat_template\.jinja$|^(?:LICENSE|NOTICE)/;
  return [
    ...files.filter(({ name }) => others.test(name)),
    ...files.filter(({ name }) => weights.test(name)),
  ];
};

/** Times that a broken transfer is taken up again without a byte gained in between. */
const PATIENCE = 5;

const fetchFile = async (
  hub: Hub,
  path: string,
  folder: string,
  file: HubFile,
): Promise<void> => {
  const place = join(folder, file.name);
  if ((await sizeOf(place)) === file.bytes) return;
  const part = `${place}.part`;
  if ((await sizeOf(part)) > file.bytes) await rm(part);
  let failures = 0;
  for (let had = await sizeOf(part); had !== file.bytes;) {
    const fault = await transfer(hub, path, part, had, file).then(
      () => undefined,
      (error) => error,
    );
    if (fault instanceof ModelError) throw fault;
    const have = await sizeOf(part);
    failures = have > had ? 0 : failures + 1;
    if (failures === PATIENCE) {
      const why = fault === undefined ? "no more bytes came" : messageOf(fault);
      const message = `${why}, ${PATIENCE} times; ${have} of ${file.bytes} bytes are kept`;
      throw new ModelError("hub", `${hub.endpoint}/${path}`, message);
    }
    had = have;
  }
  const found = await checksum(part, file);
  if (found !== file.sum.hex) {
    await rm(part);
    const message = `checksum ${found}; expected ${file.sum.hex}; it was removed, try again`;
    throw new ModelError("hub", place, message);
  }
  await rename(part, place);
};

/** Appends what is missing from `start` on; a hub that sends the whole file anyway is obeyed. */
const transfer = async (
  hub: Hub,
  path: string,
  part: string,
  start: number,
  { name, bytes }: HubFile,
): Promise<void> => {
  const response = await ask(hub, path, start === 0 ? {} : { range: `bytes=${start}-` });
  const whole = response.status !== 206;
  let done = whole ? 0 : start;
  if (response.body === null) throw new Error("an answer without a body");
  const told = response.body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        done += chunk.length;
        if (done > bytes) throw new Error(`more than ${bytes} bytes came`);
        hub.onProgress?.(name, done, bytes);
        controller.enqueue(chunk);
      },
    }),
  );
  const body = Readable.fromWeb(told as Parameters<typeof Readable.fromWeb>[0]);
  await pipeline(body, createWriteStream(part, { flags: whole ? "w" : "a" }));
};

const ask = async (
  hub: Hub,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> => {
  const url = `${hub.endpoint}/${path}`;
  const own = hub.token === undefined ? {} : { authorization: `Bearer ${hub.token}` };
  let response = await fetch(url, { headers: { ...headers, ...own }, redirect: "manual" });
  for (let hops = 0; response.status >= 300 && response.status < 400 && hops < 5; hops++) {
    const to = new URL(response.headers.get("location") ?? "", response.url || url);
    await response.body?.cancel();
    // The token is for the hub, not for the storage that it points to.
    const same = to.origin === new URL(hub.endpoint).origin;
    response = await fetch(to, {
      headers: same ? { ...headers, ...own } : headers,
      redirect: "manual",
    });
  }
  if (response.ok) return response;
  await response.body?.cancel();
  if (response.status >= 500 || response.status === 429) throw new Error(`HTTP ${response.status}`);
  const why = response.status === 401 || response.status === 403
    ? "; expected a token with access in HF_TOKEN"
    : response.status === 404
    ? "; expected a model that is there"
    : "";
  throw new ModelError("hub", url, `HTTP ${response.status}${why}`);
};

const checksum = async (place: string, { bytes, sum }: HubFile): Promise<string> => {
  const hash = createHash(sum.kind === "git" ? "sha1" : "sha256");
  if (sum.kind === "git") hash.update(`blob ${bytes}\0`);
  const handle = await open(place);
  try {
    for await (const chunk of handle.createReadStream()) hash.update(chunk);
  } finally {
    await handle.close();
  }
  return hash.digest("hex");
};

const sizeOf = (place: string): Promise<number> => stat(place).then(({ size }) => size, () => 0);

const messageOf = (error: unknown): string => {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
};
