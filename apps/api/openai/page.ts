import { UserError } from "../../tools/mod.ts";

/** A page of a list in the wire's shape: items after the one whose id is `after`. */
export const pageOf = <T extends { readonly id: string }>(
  items: readonly T[],
  { after, limit }: { readonly after?: string | undefined; readonly limit: number },
): {
  readonly object: "list";
  readonly data: readonly T[];
  readonly has_more: boolean;
  readonly first_id: string | null;
  readonly last_id: string | null;
} => {
  const start = after === undefined ? 0 : items.findIndex(({ id }) => id === after) + 1;
  if (after !== undefined && start === 0) {
    const message = `key "after": expected the id of an item of this list, not "${after}"`;
    throw new UserError({ code: "bad-value", message });
  }
  const data = items.slice(start, start + limit);
  return {
    object: "list",
    data,
    has_more: start + limit < items.length,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
  };
};
