import assert from "node:assert/strict";
import fc from "fast-check";
import { respell } from "./spelling.ts";

Deno.test("names change their spelling; one word stays as it is", () => {
  assert.equal(respell("leapYear", "snake_case"), "leap_year");
  assert.equal(respell("leap_year", "camelCase"), "leapYear");
  assert.equal(respell("leapYear", "PascalCase"), "LeapYear");
  assert.equal(respell("leapYear", "kebab-case"), "leap-year");
  for (const spelling of ["snake_case", "camelCase", "PascalCase"] as const) {
    assert.equal(respell("f", spelling), "f");
    assert.equal(respell("total2", spelling), "total2");
  }
});

Deno.test("there and back is the same name", () => {
  const words = fc.array(fc.stringMatching(/^[a-z]{2,6}$/), { minLength: 2, maxLength: 4 });
  fc.assert(fc.property(words, (parts) => {
    const snake = parts.join("_");
    for (const spelling of ["camelCase", "PascalCase"] as const) {
      assert.equal(respell(respell(snake, spelling), "snake_case"), snake);
    }
  }));
});
