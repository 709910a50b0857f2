import process from "node:process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * A folder of the optional `shared` tree (golden numbers, real data) that lies beside the checkout, or
 * `undefined` with a printed line when it is absent: tests that use it then skip, and say so.
 *
 * `CALQUE_SHARED` names another place.
 */
export const sharedFolder = (name: string): string | undefined => {
  const root = process.env["CALQUE_SHARED"] ??
    fileURLToPath(new URL("../../shared", import.meta.url));
  const folder = `${root}/${name}`;
  if (existsSync(folder)) return folder;
  console.warn(`SKIPPED: ${folder} is absent; set CALQUE_SHARED to run the tests that need it`);
  return undefined;
};
