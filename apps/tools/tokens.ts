import { Schema } from "effect";

/** Token ids as they come in JSON. Whether a model has them is the model's to say. */
export const TokenIds = Schema.Array(
  Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 0xffff_ffff })),
);
