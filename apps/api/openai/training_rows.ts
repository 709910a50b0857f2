import { Result, Schema } from "effect";
import { type Decodable, decodeInput, UserError } from "../../tools/mod.ts";
import type { Conversation } from "../../tools/chat.ts";

const Message = Schema.Struct({ role: Schema.NonEmptyString, content: Schema.String });

const answered = Schema.makeFilter((messages: readonly (typeof Message.Type)[]) =>
  messages.at(-1)?.role === "assistant" || "messages that end with the assistant's"
);

const SupervisedRow = Schema.Struct({
  messages: Schema.NonEmptyArray(Message).check(answered),
});

const PreferenceRow = Schema.Struct({
  input: Schema.Struct({ messages: Schema.NonEmptyArray(Message) }),
  preferred_output: Schema.NonEmptyArray(Message),
  non_preferred_output: Schema.NonEmptyArray(Message),
});

/** What a reinforcement row asks; everything beside the messages is the grader's `item`. */
const QuestionRow = Schema.StructWithRest(
  Schema.Struct({ messages: Schema.NonEmptyArray(Message) }),
  [Schema.Record(Schema.String, Schema.Unknown)],
);

/** Conversations as rows of supervised data, which a chat template renders, or plain prompts. */
export const supervisedRows = (name: string, text: string, chat: Conversation): object[] =>
  rowsOf(name, text, SupervisedRow).map(({ messages }) => {
    if (!chat.special) return { messages };
    const before = messages.slice(0, -1);
    return {
      prompt: chat.prompt(before),
      completion: chat.answer(before, messages.at(-1)!.content),
    };
  });

/** Rows of DPO. */
export const preferenceRows = (name: string, text: string, chat: Conversation): object[] =>
  rowsOf(name, text, PreferenceRow).map(({ input, preferred_output, non_preferred_output }) => ({
    prompt: chat.prompt(input.messages),
    chosen: chat.answer(input.messages, preferred_output.at(-1)!.content),
    rejected: chat.answer(input.messages, non_preferred_output.at(-1)!.content),
  }));

export interface Question {
  readonly prompt: string;
  readonly item: Readonly<Record<string, unknown>>;
}

export const questionRows = (name: string, text: string, chat: Conversation): Question[] =>
  rowsOf(name, text, QuestionRow).map(({ messages, ...item }) => ({
    prompt: chat.prompt(messages),
    item,
  }));

/** Rows of JSON, whatever they hold. */
export const objectRows = (name: string, text: string): Readonly<Record<string, unknown>>[] =>
  rowsOf(name, text, Schema.Record(Schema.String, Schema.Unknown));

/** Every line of a file; the first fault is told with its line. */
const rowsOf = <S extends Decodable>(name: string, text: string, schema: S): S["Type"][] => {
  const rows = text.split("\n").flatMap((line, i): S["Type"][] => {
    if (line.trim() === "") return [];
    const fail = (problem: string): never => {
      const message = `key "training_file": ${name}, line ${i + 1}: ${problem}`;
      throw new UserError({ code: "bad-value", message });
    };
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch (error) {
      return fail(`expected JSON; ${(error as Error).message}`);
    }
    const decoded = decodeInput(schema, value);
    return Result.isFailure(decoded) ? fail(decoded.failure.message) : [decoded.success];
  });
  if (rows.length > 0) return rows;
  const message = `key "training_file": ${name}: expected at least one row, found none`;
  throw new UserError({ code: "bad-value", message });
};
