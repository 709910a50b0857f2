import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { DataError } from "../../ts/data/mod.ts";
import { DeviceError, ModelError } from "../../ts/model/mod.ts";
import { FolderInUse, RunFolderError, RunNotFound } from "../../ts/runs/mod.ts";
import { asUserError, type ErrorCode, ERRORS, UserError } from "./errors.ts";

Deno.test("the rooms' errors get their code, their exit and their status", () => {
  const table: [unknown, ErrorCode, number, number][] = [
    [new RunNotFound({ run: "a", folder: "runs" }), "not-found", 2, 404],
    [new FolderInUse({ folder: "runs", pid: 1, what: "its run" }), "in-use", 2, 409],
    [new RunFolderError({ folder: "runs", problem: "full" }), "bad-file", 2, 400],
    [new DataError({ file: "t", line: 1, key: "id", expected: "is missing" }), "bad-data", 2, 400],
    [new ModelError("tensor-missing", "model", "no tensor"), "bad-model", 2, 400],
    [new DeviceError("no-adapter", "install a driver"), "no-adapter", 4, 503],
    [new DeviceError("provider-missing", "install webgpu"), "no-adapter", 4, 503],
    [new DeviceError("out-of-memory", "too large"), "out-of-memory", 4, 503],
    [new DeviceError("lost", "gone"), "training-failed", 1, 500],
    [Object.assign(new Error("no such file"), { code: "ENOENT" }), "bad-file", 2, 400],
    [new UserError({ code: "wrong-state", message: "done" }), "wrong-state", 2, 409],
    [new TypeError("undefined is not a function"), "internal", 1, 500],
    ["a string", "internal", 1, 500],
    [undefined, "internal", 1, 500],
  ];
  for (const [error, code, exit, status] of table) {
    const shown = asUserError(error);
    assert.equal(shown.code, code);
    assert.equal(ERRORS[shown.code].exit, exit);
    assert.equal(ERRORS[shown.code].status, status);
    assert.ok(shown.message.length > 0);
  }
});

Deno.test("the errors' wording is that of the snapshot", async () => {
  const messages = [
    new RunNotFound({ run: "a", folder: "runs" }),
    new FolderInUse({ folder: "runs", pid: 1, what: "another server" }),
    new DataError({ file: "tasks.jsonl", line: 3, key: "split", expected: "is missing" }),
  ].map((error) => asUserError(error)).map(({ code, message }) => `${code}: ${message}`);
  const titles = Object.entries(ERRORS).map(([code, { exit, status, title }]) =>
    `${code} | exit ${exit} | HTTP ${status} | ${title}`
  );
  const snapshot = await readFile(new URL("./errors_snapshot.txt", import.meta.url), "utf8");
  assert.equal([...titles, "", ...messages, ""].join("\n"), snapshot);
});
