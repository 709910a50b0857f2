import { appendFile } from "node:fs/promises";
import process from "node:process";
import type { Server } from "../api/server.ts";

/** Where the wire is written down, if anywhere: `CALQUE_TRANSCRIPT=FILE deno test -A tests/clients`. */
const file = process.env["CALQUE_TRANSCRIPT"];

/** Longer texts are cut: a transcript is for reading. */
const SHOWN = 400;

/** What the client says and hears, through a server in between that changes nothing and writes all down. */
export const transcribed = (
  name: string,
  work: (server: Server) => Promise<void>,
): (server: Server) => Promise<void> => {
  if (file === undefined) return work;
  return async (server) => {
    const told: string[] = [];
    let agent: string | null = null;
    const between = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen: () => {} },
      async (asked) => {
        const { pathname, search } = new URL(asked.url);
        const headers = new Headers(asked.headers);
        headers.delete("host");
        agent = headers.get("user-agent");
        const sent = new Uint8Array(await asked.arrayBuffer());
        const answer = await fetch(server.url + pathname + search, {
          method: asked.method,
          headers,
          ...(sent.length === 0 ? {} : { body: sent }),
        });
        const heard = new Uint8Array(await answer.arrayBuffer());
        const line = `${asked.method} ${pathname}${search}`;
        const lines = [line, ...shown(">", sent), `  ${answer.status}`, ...shown("<", heard)];
        // A job's state is asked for many times; what has not changed is not written again.
        if (!told.includes(lines.join("\n"))) told.push(lines.join("\n"));
        return new Response(heard.length === 0 ? null : heard, answer);
      },
    );
    try {
      await work({ ...server, url: `http://127.0.0.1:${between.addr.port}` });
    } finally {
      await between.shutdown();
      await appendFile(file, `## ${name} (${agent})\n\n\`\`\`\n${told.join("\n")}\n\`\`\`\n\n`);
    }
  };
};

const shown = (mark: string, bytes: Uint8Array): readonly string[] => {
  const text = new TextDecoder().decode(bytes).trim();
  const cut = text.length > SHOWN
    ? `${text.slice(0, SHOWN)} ... (${text.length} characters)`
    : text;
  return cut === "" ? [] : cut.split(/\r?\n/).map((line) => `  ${mark} ${line}`);
};
