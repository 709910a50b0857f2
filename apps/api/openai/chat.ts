import { Effect } from "effect";
import { randomBytes } from "node:crypto";
import type { Context } from "hono";
import type { Asked } from "../../tools/generate.ts";
import { UserError } from "../../tools/mod.ts";
import type { ModelShelf } from "../models.ts";
import {
  answerStream,
  type OnTokens,
  type Sampled,
  tokenLogprob,
  type Told,
} from "./chat_stream.ts";
import { type ChatRequest, type CompletionRequest, samplingOf, textOf } from "./chat_request.ts";

/** `POST /v1/chat/completions`: the same samples as `calque generate` with that prompt and seed. */
export const answerChat = async (
  c: Context,
  models: ModelShelf,
  request: typeof ChatRequest.Type,
): Promise<Response> => {
  const messages = request.messages.map(({ role, content }) => ({
    role,
    content: textOf(content),
  }));
  const max_tokens = request.max_completion_tokens ?? request.max_tokens ?? null;
  const head = headOf("chatcmpl", request.model);
  const { signal } = c.req.raw;
  const asked = { ...request, max_tokens };
  if (request.stream === true) {
    const ask = (onTokens: OnTokens) => sample(models, asked, { messages }, signal, onTokens);
    return await answerStream(asked, ask, {
      ...head,
      object: "chat.completion.chunk",
      first: { delta: { role: "assistant", content: "" }, logprobs: null },
      piece: (content, logprobs) => ({
        delta: { content },
        logprobs: request.logprobs === true ? { content: logprobs, refusal: null } : null,
      }),
      last: { delta: {}, logprobs: null },
    });
  }
  const { samples, usage } = await sample(models, asked, { messages }, signal);
  const choices = samples.map(({ index, content, finish_reason, logprobs }) => ({
    index,
    message: { role: "assistant", content, refusal: null },
    logprobs: request.logprobs === true ? { content: logprobs, refusal: null } : null,
    finish_reason,
  }));
  return c.json({ ...head, object: "chat.completion", choices, usage });
};

/** `POST /v1/completions`. */
export const answerCompletion = async (
  c: Context,
  models: ModelShelf,
  request: typeof CompletionRequest.Type,
): Promise<Response> => {
  const { prompt } = request;
  const [first] = typeof prompt === "string" ? [prompt] : prompt;
  const asked: Asked = typeof first === "string"
    ? { prompt: first }
    : { ids: prompt as readonly number[] };
  const head = { ...headOf("cmpl", request.model), object: "text_completion" };
  const { signal } = c.req.raw;
  // OpenAI's default here is 16.
  const limited = { ...request, max_tokens: request.max_tokens ?? 16 };
  if (request.stream === true) {
    const ask = (onTokens: OnTokens) => sample(models, limited, asked, signal, onTokens);
    return await answerStream(limited, ask, {
      ...head,
      piece: (text) => ({ text, logprobs: null }),
      last: { text: "", logprobs: null },
    });
  }
  const { samples, usage } = await sample(models, limited, asked, signal);
  const choices = samples.map(({ index, content, finish_reason }) => ({
    index,
    text: content,
    logprobs: null,
    finish_reason,
  }));
  return c.json({ ...head, choices, usage });
};

const sample = (
  models: ModelShelf,
  request: Parameters<typeof samplingOf>[0] & { readonly model: string },
  asked: Asked,
  /** Aborted when the client leaves. */
  signal: AbortSignal,
  onTokens?: OnTokens,
): Promise<Sampled> =>
  models.use(
    request.model,
    Effect.fnUntraced(function* (generator) {
      const prompt = yield* generator.row(asked);
      const room = generator.context - prompt.length;
      if (room < 1) {
        const message = `key "messages": ${prompt.length} tokens; ` +
          `expected fewer than the model's context of ${generator.context}`;
        return yield* new UserError({ code: "bad-value", message });
      }
      const tokenizer = yield* Effect.fromResult(generator.tokenizer);
      const found = yield* generator.complete(
        { ids: [...prompt] },
        samplingOf(request, room),
        onTokens && ((news) => onTokens(tokenizer, news)),
      );
      const samples = found.map(({ index, text, finish_reason, ids, logprobs }): Told => ({
        index,
        content: text ?? "",
        finish_reason,
        logprobs: ids.map((id, i) => tokenLogprob(tokenizer, id, logprobs[i]!)),
      }));
      const completion_tokens = found.reduce((sum, { ids }) => sum + ids.length, 0);
      return {
        samples,
        usage: {
          prompt_tokens: prompt.length,
          completion_tokens,
          total_tokens: prompt.length + completion_tokens,
        },
      };
    }),
    signal,
  );

const headOf = (kind: string, model: string) => ({
  id: `${kind}-${randomBytes(12).toString("hex")}`,
  object: "",
  created: Math.floor(Date.now() / 1000),
  model,
});
