import { Effect } from "effect";
import type { Engine } from "../../../ts/model/mod.ts";
import type { Tokenizer } from "../../../ts/wasm/mod.ts";
import { UserError } from "../../tools/mod.ts";
import type { Prompts } from "./prompts.ts";

/** The token that ends a completion: the prompts' own, else those that the model declares. */
export const stopTokens = (
  engine: Engine,
  tokenizer: Tokenizer,
  prompts: Prompts,
): Effect.Effect<readonly number[], UserError> => {
  if (prompts.stop === undefined) return Effect.succeed(engine.config.eos_token_ids);
  const id = tokenizer.tokenId(prompts.stop);
  return id === undefined
    ? new UserError({
      code: "bad-value",
      message: `prompts.stop "${prompts.stop}": expected one token of the model's tokenizer`,
    })
    : Effect.succeed([id]);
};
