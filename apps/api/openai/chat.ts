import { Effect } from "effect";
import { randomBytes } from "node:crypto";
import type { Context } from "hono";
import { streamSSE } from "hono/streaming";
import type { Asked, Sample } from "../../tools/generate.ts";
import { UserError } from "../../tools/mod.ts";
import type { ModelShelf } from "../models.ts";
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
  const { samples, usage } = await sample(models, { ...request, max_tokens }, { messages });
  const head = headOf("chatcmpl", request.model);
  if (request.stream !== true) {
    const choices = samples.map(({ index, content, finish_reason, logprobs }) => ({
      index,
      message: { role: "assistant", content, refusal: null },
      logprobs: request.logprobs === true ? { content: logprobs, refusal: null } : null,
      finish_reason,
    }));
    return c.json({ ...head, object: "chat.completion", choices, usage });
  }
  return stream(c, samples, {
    ...head,
    object: "chat.completion.chunk",
    usage: request.stream_options?.include_usage === true ? usage : undefined,
    first: () => ({ delta: { role: "assistant", content: "" }, logprobs: null }),
    piece: (content, token) => ({
      delta: { content },
      logprobs: request.logprobs === true ? { content: [token], refusal: null } : null,
    }),
    last: () => ({ delta: {}, logprobs: null }),
  });
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
  // OpenAI's default here is 16.
  const { samples, usage } = await sample(
    models,
    { ...request, max_tokens: request.max_tokens ?? 16 },
    asked,
  );
  const head = { ...headOf("cmpl", request.model), object: "text_completion" };
  if (request.stream !== true) {
    const choices = samples.map(({ index, content, finish_reason }) => ({
      index,
      text: content,
      logprobs: null,
      finish_reason,
    }));
    return c.json({ ...head, choices, usage });
  }
  return stream(c, samples, {
    ...head,
    usage: request.stream_options?.include_usage === true ? usage : undefined,
    piece: (text) => ({ text, logprobs: null }),
    last: () => ({ text: "", logprobs: null }),
  });
};

interface Told {
  readonly index: number;
  readonly content: string;
  readonly finish_reason: Sample["finish_reason"];
  readonly logprobs: readonly TokenLogprob[];
}

interface TokenLogprob {
  readonly token: string;
  readonly logprob: number;
  readonly bytes: readonly number[];
  readonly top_logprobs: readonly never[];
}

const sample = (
  models: ModelShelf,
  request: Parameters<typeof samplingOf>[0] & { readonly model: string },
  asked: Asked,
) =>
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
      const found = yield* generator.complete({ ids: [...prompt] }, samplingOf(request, room));
      const samples = found.map(({ index, text, finish_reason, ids, logprobs }): Told => ({
        index,
        content: text ?? "",
        finish_reason,
        logprobs: ids.map((id, i) => {
          const token = tokenizer.decode(Uint32Array.of(id), { skipSpecial: false });
          const bytes = [...new TextEncoder().encode(token)];
          return { token, logprob: logprobs[i]!, bytes, top_logprobs: [] };
        }),
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
  );

interface Frames {
  readonly id: string;
  readonly object: string;
  readonly created: number;
  readonly model: string;
  readonly usage: object | undefined;
  readonly first?: () => object;
  readonly piece: (text: string, token: TokenLogprob) => object;
  readonly last: () => object;
}

/** Frames of the text, a few characters each, then `[DONE]`. */
const stream = (c: Context, samples: readonly Told[], frames: Frames): Response => {
  const { usage, first, piece, last, ...head } = frames;
  const frame = (index: number, part: object, finish_reason: string | null) =>
    JSON.stringify({ ...head, choices: [{ index, ...part, finish_reason }] });
  return streamSSE(c, async (out) => {
    for (const { index, content, finish_reason, logprobs } of samples) {
      if (first !== undefined) await out.writeSSE({ data: frame(index, first(), null) });
      // What a token adds to the text: tokens may hold parts of characters.
      let told = 0;
      let known = "";
      for (const token of logprobs) {
        known += token.token;
        const text = content.startsWith(known.slice(0, content.length))
          ? content.slice(told, known.length)
          : "";
        if (text === "") continue;
        told += text.length;
        await out.writeSSE({ data: frame(index, piece(text, token), null) });
      }
      if (told < content.length) {
        const rest = content.slice(told);
        await out.writeSSE({ data: frame(index, piece(rest, logprobs.at(-1)!), null) });
      }
      await out.writeSSE({ data: frame(index, last(), finish_reason) });
    }
    if (usage !== undefined) {
      await out.writeSSE({ data: JSON.stringify({ ...head, choices: [], usage }) });
    }
    await out.writeSSE({ data: "[DONE]" });
  });
};

const headOf = (kind: string, model: string) => ({
  id: `${kind}-${randomBytes(12).toString("hex")}`,
  object: "",
  created: Math.floor(Date.now() / 1000),
  model,
});
