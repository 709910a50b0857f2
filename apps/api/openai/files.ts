import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { UserError } from "../../tools/mod.ts";

/** A file as the wire tells it. */
export interface StoredFile {
  readonly id: string;
  readonly object: "file";
  readonly bytes: number;
  readonly created_at: number;
  readonly filename: string;
  readonly purpose: string;
  readonly status: "processed";
}

/**
 * Uploaded files: a folder each, made aside, synced and renamed into place, so that a file that was
 * acknowledged is whole whatever happens next. Ids are made here; what a request names is looked up.
 */
export class FileShelf {
  readonly #folder: string;

  constructor(data: string) {
    // Run ids begin with a letter or a digit, so no run is ever called this.
    this.#folder = join(data, ".files");
  }

  async put(filename: string, purpose: string, content: Uint8Array): Promise<StoredFile> {
    const file: StoredFile = {
      id: `file-${Date.now().toString(36)}${randomBytes(8).toString("hex")}`,
      object: "file",
      bytes: content.length,
      created_at: Math.floor(Date.now() / 1000),
      filename,
      purpose,
      status: "processed",
    };
    const aside = join(this.#folder, `.writing-${file.id}`);
    await mkdir(aside, { recursive: true });
    try {
      await writeSynced(join(aside, "content"), content);
      await writeSynced(join(aside, "file.json"), JSON.stringify(file) + "\n");
      await syncFolder(aside);
      await rename(aside, join(this.#folder, file.id));
      await syncFolder(this.#folder);
    } catch (error) {
      await rm(aside, { recursive: true, force: true });
      throw error;
    }
    return file;
  }

  async get(id: string): Promise<StoredFile> {
    try {
      return JSON.parse(await readFile(join(this.#place(id), "file.json"), "utf8"));
    } catch {
      throw absent(id);
    }
  }

  /** Where the content lies; throws `not-found`. */
  async path(id: string): Promise<string> {
    await this.get(id);
    return join(this.#place(id), "content");
  }

  async content(id: string): Promise<ReadableStream<Uint8Array>> {
    return Readable.toWeb(createReadStream(await this.path(id))) as ReadableStream<Uint8Array>;
  }

  /** Newest first. */
  async list(): Promise<StoredFile[]> {
    const names = await readdir(this.#folder).catch(() => []);
    const files = await Promise.all(
      names.filter((name) => FILE_ID.test(name)).map((name) => this.get(name).catch(() => [])),
    );
    // Ids begin with the time.
    return files.flat().sort((a, b) => a.id < b.id ? 1 : -1);
  }

  async remove(id: string): Promise<void> {
    await this.get(id);
    const doomed = join(this.#folder, `.deleted-${id}`);
    await rename(this.#place(id), doomed);
    await rm(doomed, { recursive: true, force: true });
  }

  /** What a killed server left half written or half deleted. */
  async sweep(): Promise<void> {
    for (const name of await readdir(this.#folder).catch(() => [])) {
      if (name.startsWith(".")) {
        await rm(join(this.#folder, name), { recursive: true, force: true });
      }
    }
  }

  #place(id: string): string {
    if (!FILE_ID.test(id)) throw absent(id);
    return join(this.#folder, id);
  }
}

const FILE_ID = /^file-[a-z0-9]{16,40}$/;

const absent = (id: string): UserError =>
  new UserError({ code: "not-found", message: `no file "${id}"; GET /v1/files lists those here` });

const writeSynced = async (path: string, content: Uint8Array | string): Promise<void> => {
  const handle = await open(path, "w");
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
};

const syncFolder = async (path: string): Promise<void> => {
  if (!(await stat(path)).isDirectory()) return;
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};
