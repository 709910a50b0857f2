import assert from "node:assert/strict";
import fc from "fast-check";
import { pairsOf } from "./ir_groups.ts";

Deno.test("a group's pairs: one winner, one loser, nobody twice, as many as the smaller side", () => {
  const member = fc.record({
    ids: fc.constant(new Uint32Array()),
    mask: fc.constant(new Uint8Array()),
    winner: fc.boolean(),
  });
  fc.assert(fc.property(fc.array(member), (members) => {
    const pairs = pairsOf({ id: "g", members });
    const winners = members.filter(({ winner }) => winner).length;
    assert.equal(pairs.length, Math.min(winners, members.length - winners));
    assert.ok(pairs.every(({ members: [w, l] }) => w!.winner && !l!.winner));
    assert.equal(new Set(pairs.flatMap(({ members }) => members)).size, 2 * pairs.length);
    assert.equal(new Set(pairs.map(({ id }) => id)).size, pairs.length);
  }));
});
