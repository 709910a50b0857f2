import assert from "node:assert/strict";
import { CalqueError, Check, check } from "./mod.ts";

const f = (body: string): string => `define i32 @f(i32 noundef %x, i32 noundef %y) {\n${body}\n}\n`;
/** A product in two ways whose equality no search settles within the budget. */
const product = f("  %r = mul i32 %x, %y\n  ret i32 %r");
const parts = f(
  "  %any = or i32 %x, %y\n  %both = and i32 %x, %y\n  %p = mul i32 %any, %both\n" +
    "  %one = xor i32 %x, %both\n  %two = xor i32 %y, %both\n  %q = mul i32 %one, %two\n" +
    "  %r = add i32 %p, %q\n  ret i32 %r",
);

Deno.test("a check in steps comes to the verdict of the check at once", () => {
  const pairs = [[product, product], [product, parts], [product, f("  ret i32 %x")], ["", "?"]];
  let easy = 0;
  for (const [source, target] of pairs) {
    const running = new Check(source!, target);
    let steps = 1;
    while (running.step() === undefined) steps += 1;
    assert.deepEqual(running.step(), check(source!, target));
    if (target === product) easy = steps;
    if (target === parts) assert.ok(steps >= easy + 10, `${steps} steps beside ${easy}`);
    running.free();
    assert.deepEqual(running.step(), check(source!, target));
  }
});

Deno.test("others have their turn between the steps, and a check can be left", async () => {
  using running = new Check(product, parts);
  let turns = 0;
  const other = setInterval(() => turns += 1, 0);
  while (turns < 3 && running.step() === undefined) {
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  clearInterval(other);
  assert.equal(turns, 3);
  running.free();
  running.free();
  const freed = (error: unknown) => error instanceof CalqueError && error.code === "freed";
  assert.throws(() => running.step(), freed);
});

Deno.test("what a check cannot take is said before it begins", () => {
  const code = (expected: string) => (error: unknown) =>
    error instanceof CalqueError && error.code === expected;
  assert.throws(() => new Check(product, parts, { unroll: -1 }), code("bad-option"));
  assert.throws(() => new Check(product, parts, { signature: "i33" }), code("bad-option"));
  assert.throws(() => new Check(product, 7 as unknown as string), code("bad-argument"));
});
