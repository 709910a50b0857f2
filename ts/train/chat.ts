import { Template } from "@huggingface/jinja";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

export interface Message {
  readonly role: string;
  readonly content: string;
}

/** A stretch of rendered conversation; only what the assistant says is to be learnt. */
export interface Turn {
  readonly text: string;
  readonly learnt: boolean;
}

/** Renders a conversation as the model has learnt to read it. Throws where the template does. */
export interface Chat {
  /** The whole conversation, to learn from. */
  readonly turns: (messages: readonly Message[]) => readonly Turn[];
  /** The conversation up to where the assistant is to speak. */
  readonly prompt: (messages: readonly Message[]) => string;
}

/**
 * The chat template of a model's folder: `chat_template.jinja`, else that of `tokenizer_config.json` (of
 * several the one called "default"); `undefined` where there is none.
 */
export const readChat = async (folder: string): Promise<Chat | undefined> => {
  const read = (name: string) => readFile(join(folder, name), "utf8").catch(() => undefined);
  const own = await read("chat_template.jinja");
  const text = await read("tokenizer_config.json");
  const config = text === undefined ? {} : JSON.parse(text) as Record<string, unknown>;
  const source = own ?? named(config["chat_template"]);
  if (source === undefined) return undefined;
  const tokens = Object.fromEntries(
    ["bos_token", "eos_token", "unk_token", "pad_token"].map((key) => [key, textOf(config[key])]),
  );
  return chatOf(source, tokens);
};

export const chatOf = (source: string, tokens: Readonly<Record<string, string>> = {}): Chat => {
  const template = new Template(source);
  const render = (messages: readonly Message[], add_generation_prompt: boolean): string =>
    template.render({ ...tokens, messages: [...messages], add_generation_prompt });
  const turns = (messages: readonly Message[]): readonly Turn[] => {
    const found: Turn[] = [];
    let done = "";
    const reach = (text: string, learnt: boolean, turn: number): void => {
      // A template that rewrites what was said before (dropped reasoning, say) gives no one text to learn.
      if (!text.startsWith(done)) {
        throw new TypeError(`the chat template changes what stands before message ${turn + 1}`);
      }
      if (text.length > done.length) found.push({ text: text.slice(done.length), learnt });
      done = text;
    };
    messages.forEach(({ role }, i) => {
      if (role !== "assistant") return;
      reach(render(messages.slice(0, i), true), false, i);
      reach(render(messages.slice(0, i + 1), false), true, i);
    });
    reach(render(messages, false), false, messages.length);
    return found;
  };
  return { turns, prompt: (messages) => render(messages, true) };
};

const named = (template: unknown): string | undefined => {
  if (typeof template === "string") return template;
  if (!Array.isArray(template)) return undefined;
  const found = template.find((each) => each?.name === "default")?.template;
  return typeof found === "string" ? found : undefined;
};

/** Tokens are texts, or objects that hold one. */
const textOf = (token: unknown): string => {
  const content = typeof token === "object" && token !== null && "content" in token
    ? token.content
    : token;
  return typeof content === "string" ? content : "";
};
