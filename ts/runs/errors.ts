import { Schema } from "effect";

/** No run of that name under the folder. */
export class RunNotFound extends Schema.TaggedError<RunNotFound>()("RunNotFound", {
  run: Schema.String,
  folder: Schema.String,
}) {
  override get message(): string {
    return `no run "${this.run}" in ${this.folder}; "calque runs list" names those that are there`;
  }
}

/** Another process holds the folder: a run that goes on, or a server. */
export class FolderInUse extends Schema.TaggedError<FolderInUse>()("FolderInUse", {
  folder: Schema.String,
  pid: Schema.Int,
  what: Schema.String,
}) {
  override get message(): string {
    return `${this.folder} is in use by ${this.what} (process ${this.pid}); stop that one or name another folder`;
  }
}

/** A text that no list has given. */
export class BadCursor extends Schema.TaggedError<BadCursor>()("BadCursor", {
  cursor: Schema.String,
}) {
  override get message(): string {
    return `key "cursor": expected the next_cursor of a list, not "${this.cursor.slice(0, 100)}"`;
  }
}

/** A run folder that cannot be read or written, or holds what it should not. */
export class RunFolderError extends Schema.TaggedError<RunFolderError>()("RunFolderError", {
  folder: Schema.String,
  problem: Schema.String,
}) {
  override get message(): string {
    return `${this.folder}: ${this.problem}`;
  }
}
