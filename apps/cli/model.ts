import { Effect } from "effect";
import { asUserError } from "../tools/mod.ts";
import { progressLine } from "./progress.ts";

/** The folder of a model that is named by its folder or by its name on a hub; that is fetched first. */
export const modelFolder = Effect.fnUntraced(function* (name: string) {
  const { findModel } = yield* Effect.promise(() => import("../../ts/model/mod.ts"));
  const lines = new Map<string, (done: number, of: number) => void>();
  const onProgress = (file: string, done: number, of: number): void => {
    const line = lines.get(file) ?? progressLine(`bytes of ${file}`);
    lines.set(file, line);
    line(done, of);
  };
  return yield* Effect.tryPromise({
    try: () => findModel(name, { onProgress }),
    catch: asUserError,
  });
});
