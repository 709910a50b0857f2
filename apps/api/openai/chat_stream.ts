/** Chats and completions as server-sent chunks, told while the model writes. */
import type { NewTokens } from "../../../ts/model/mod.ts";
import type { DecodeStream, Tokenizer } from "../../../ts/wasm/mod.ts";
import type { Sample } from "../../tools/generate.ts";
import { asUserError } from "../../tools/mod.ts";
import { placeOfStop } from "../../tools/stop_text.ts";
import { EVENT_STREAM } from "../event_stream.ts";
import { openaiError } from "./error.ts";

export interface Told {
  readonly index: number;
  readonly content: string;
  readonly finish_reason: Sample["finish_reason"];
  readonly logprobs: readonly TokenLogprob[];
}

export interface Sampled {
  readonly samples: readonly Told[];
  readonly usage: object;
}

export interface TokenLogprob {
  readonly token: string;
  readonly logprob: number;
  readonly bytes: readonly number[];
  readonly top_logprobs: readonly never[];
}

export const tokenLogprob = (tokenizer: Tokenizer, id: number, logprob: number): TokenLogprob => {
  const token = tokenizer.decode(Uint32Array.of(id), { skipSpecial: false });
  return { token, logprob, bytes: [...new TextEncoder().encode(token)], top_logprobs: [] };
};

export type OnTokens = (tokenizer: Tokenizer, news: readonly NewTokens[]) => void;

/** What all chunks have, and what those of one sample say. */
interface Chunks {
  readonly id: string;
  readonly object: string;
  readonly created: number;
  readonly model: string;
  readonly first?: object;
  readonly piece: (text: string, logprobs: readonly TokenLogprob[]) => object;
  readonly last: object;
}

interface Asked {
  readonly n?: number | null;
  readonly stop?: string | readonly string[] | null;
  readonly stream_options?: { readonly include_usage?: boolean } | null;
}

/**
 * Chunks of what `ask` samples, then `[DONE]`. What is refused before the first token fails here, so that it
 * can be answered with its status; a later fault is the last chunk.
 */
export const answerStream = async (
  { n, stop, stream_options }: Asked,
  ask: (onTokens: OnTokens) => Promise<Sampled>,
  { first, piece, last, ...head }: Chunks,
): Promise<Response> => {
  let gone = false;
  let out!: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      out = controller;
    },
    cancel: () => {
      gone = true;
    },
  });
  const say = (data: string) => {
    if (!gone) out.enqueue(new TextEncoder().encode(`data: ${data}\n\n`));
  };
  const chunk = (index: number, part: object, finish_reason: string | null) =>
    say(JSON.stringify({ ...head, choices: [{ index, ...part, finish_reason }] }));
  const tell = (index: number, { text, logprobs }: Piece) => {
    if (text !== "") chunk(index, piece(text, logprobs), null);
  };

  const stops = typeof stop === "string" ? [stop] : stop ?? [];
  const growing = Array.from({ length: n ?? 1 }, () => new GrowingText(stops));
  if (first !== undefined) growing.forEach((_, index) => chunk(index, first, null));
  const begun = Promise.withResolvers<void>();
  const answered = ask((tokenizer, news) => {
    begun.resolve();
    for (const one of news) tell(one.index, growing[one.index]!.add(tokenizer, one));
  });
  const end = ({ samples, usage }: Sampled) => {
    for (const sample of samples) {
      tell(sample.index, growing[sample.index]!.rest(sample));
      chunk(sample.index, last, sample.finish_reason);
    }
    if (stream_options?.include_usage === true) {
      say(JSON.stringify({ ...head, choices: [], usage }));
    }
    say("[DONE]");
  };
  answered.then(end, (error) => say(JSON.stringify(openaiError(asUserError(error)))))
    .finally(() => gone || out.close());
  await Promise.race([begun.promise, answered]);
  return new Response(body, { headers: EVENT_STREAM });
};

interface Piece {
  readonly text: string;
  readonly logprobs: readonly TokenLogprob[];
}

/** A sample while it grows: of its text only what no later token can change is told. */
class GrowingText {
  readonly #stops: readonly string[];
  #decoder: DecodeStream | undefined;
  #text = "";
  #ended = false;
  #untold: TokenLogprob[] = [];
  /** Characters and tokens told. */
  #told = { text: 0, tokens: 0 };

  constructor(stops: readonly string[]) {
    this.#stops = stops;
  }

  /** What can be told with these tokens; it may be empty. */
  add(tokenizer: Tokenizer, { ids, logProbs }: NewTokens): Piece {
    this.#decoder ??= tokenizer.decodeStream({ skipSpecial: true });
    for (const [i, id] of ids.entries()) {
      if (this.#ended) break;
      this.#untold.push(tokenLogprob(tokenizer, id, logProbs[i]!));
      this.#text += this.#decoder.push(Uint32Array.of(id));
      this.#ended = placeOfStop(this.#text, this.#stops) !== undefined;
    }
    const text = this.#text.slice(this.#told.text, certainLength(this.#text, this.#stops));
    if (text === "") return { text, logprobs: [] };
    const logprobs = this.#untold;
    this.#untold = [];
    this.#told.text += text.length;
    this.#told.tokens += logprobs.length;
    return { text, logprobs };
  }

  /** What was kept back, now that the sample has ended. */
  rest({ content, logprobs }: Told): Piece {
    this.#decoder?.end();
    return { text: content.slice(this.#told.text), logprobs: logprobs.slice(this.#told.tokens) };
  }
}

/** Up to a stop text; else without the beginning of one that the end may be. */
const certainLength = (text: string, stops: readonly string[]): number => {
  const halves = stops.map((stop) => {
    let length = Math.min(stop.length - 1, text.length);
    while (!text.endsWith(stop.slice(0, length))) length--;
    return length;
  });
  return placeOfStop(text, stops) ?? text.length - Math.max(0, ...halves);
};
