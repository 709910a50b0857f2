import { Schema } from "effect";

const limit = Schema.optionalKey(
  Schema.NumberFromString.check(Schema.isInt(), Schema.isBetween({ minimum: 1, maximum: 10_000 })),
);
const after = Schema.optionalKey(Schema.String);

export const Page = Schema.Struct({ limit, after });

export const FilePage = Schema.Struct({
  limit,
  after,
  purpose: Schema.optionalKey(Schema.String),
  order: Schema.optionalKey(Schema.Literals(["asc", "desc"])),
});

/** Beside these, any number of `metadata[NAME]`. */
export const JobPage = Page;
