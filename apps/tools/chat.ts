import { Effect } from "effect";
import { type Message, readChat } from "../../ts/train/mod.ts";
import type { Tokenizer } from "../../ts/wasm/mod.ts";
import { asUserError, UserError } from "./errors.ts";

/** How a model reads a conversation, and ends what it says in it. */
export interface Conversation {
  /** What the model is asked with after these messages. */
  readonly prompt: (messages: readonly Message[]) => string;
  /** What it is to say, with the end of its turn. */
  readonly answer: (before: readonly Message[], content: string) => string;
  /** The tokens that a tokenizer adds at the front; a chat template writes its own. */
  readonly special: boolean;
}

/**
 * By the model's own chat template. A model without one reads the contents one after the other, so that
 * a single user message is the prompt itself, and ends with its end token.
 */
export const conversationOf = (
  model: string,
  tokenizer: Tokenizer,
  eos: readonly number[],
): Effect.Effect<Conversation, UserError> =>
  Effect.tryPromise({ try: () => readChat(model), catch: asUserError }).pipe(
    Effect.map((chat): Conversation => {
      const [first] = eos;
      const end = first === undefined ? "" : tokenizer.decode(Uint32Array.of(first));
      if (chat === undefined) {
        return {
          prompt: (messages) => messages.map(({ content }) => content).join(""),
          answer: (_before, content) => content + end,
          special: true,
        };
      }
      return {
        prompt: (messages) => refusing(() => chat.prompt(messages)),
        answer: (before, content) =>
          refusing(() => chat.turns([...before, { role: "assistant", content }]).at(-1)!.text),
        special: false,
      };
    }),
  );

/** Templates refuse conversations by throwing. */
const refusing = (render: () => string): string => {
  try {
    return render();
  } catch (error) {
    const message = `key "messages": the model's chat template refuses: ${
      (error as Error).message
    }`;
    throw new UserError({ code: "bad-value", message });
  }
};
