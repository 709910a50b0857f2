/** The Worker's side of `check_pool.ts`: one comparison after the other. */
import { check } from "../../ts/wasm/mod.ts";

export interface CheckCall {
  readonly source: string;
  readonly target: string | undefined;
  readonly options: Parameters<typeof check>[2];
}

export type CheckReply =
  | { readonly verdict: ReturnType<typeof check> }
  | { readonly error: string };

const port = globalThis as unknown as {
  onmessage: (event: MessageEvent<CheckCall>) => void;
  postMessage: (reply: CheckReply) => void;
};

port.onmessage = ({ data: { source, target, options } }) => {
  try {
    port.postMessage({ verdict: check(source, target, options) });
  } catch (error) {
    port.postMessage({ error: (error as Error).message });
  }
};
