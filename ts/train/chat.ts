import type { Tokenizer } from "../wasm/mod.ts";

export interface Message {
  readonly role: string;
  readonly content: string;
}

/** A stretch of rendered conversation; only what the assistant says is to be learnt. */
export interface Turn {
  readonly text: string;
  readonly learnt: boolean;
}

/**
 * Renders messages in the wire format that the tokenizer's special tokens belong to: ChatML (Qwen) or
 * Llama 3's headers. `undefined` where it has neither.
 */
export const renderChat = (
  messages: readonly Message[],
  tokenizer: Tokenizer,
): readonly Turn[] | undefined => {
  const format = formats.find(({ tokens }) =>
    tokens.every((token) => tokenizer.tokenId(token) !== undefined)
  );
  if (format === undefined) return undefined;
  return messages.flatMap(({ role, content }) => {
    const { head, tail, rest } = format.frame(role);
    const learnt = role === "assistant";
    return [
      { text: head, learnt: false },
      { text: content + tail, learnt },
      ...(rest === "" ? [] : [{ text: rest, learnt: false }]),
    ];
  });
};

const formats = [
  {
    tokens: ["<|im_start|>", "<|im_end|>"],
    frame: (role: string) => ({
      head: `<|im_start|>${role}\n`,
      tail: "<|im_end|>",
      rest: "\n",
    }),
  },
  {
    tokens: ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"],
    frame: (role: string) => ({
      head: `<|start_header_id|>${role}<|end_header_id|>\n\n`,
      tail: "<|eot_id|>",
      rest: "",
    }),
  },
] as const;
