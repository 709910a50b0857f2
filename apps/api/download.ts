import { spawn } from "node:child_process";
import { stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { Readable } from "node:stream";
import { UserError } from "../tools/mod.ts";

/** A folder as a tar stream, under its own name; fails with `not-found` where it is not there. */
export const downloadFolder = async (
  folder: string,
  name: string,
  absent: string,
): Promise<Response> => {
  if (!await stat(folder).then((found) => found.isDirectory(), () => false)) {
    throw new UserError({ code: "not-found", message: absent });
  }
  const tar = spawn("tar", ["-C", dirname(folder), "-cf", "-", "--", basename(folder)], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  return new Response(Readable.toWeb(tar.stdout) as ReadableStream<Uint8Array>, {
    headers: {
      "content-type": "application/x-tar",
      "content-disposition": `attachment; filename="${name}.tar"`,
    },
  });
};
