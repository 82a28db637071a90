import assert from "node:assert/strict";
import { test } from "node:test";
import { Gate } from "../src/gate.js";

const offer = (gate, item, version = 0, { session = 1, echo = "" } = {}) => gate.offer({ item, version, session, echo });

function paintedAt(now) {
  const gate = new Gate(120);
  offer(gate, 7);
  gate.painted(gate.pair, now);
  return gate;
}

test("a key counts once the item is painted and the quiet time is over", () => {
  const gate = new Gate(120);
  assert.equal(gate.open(1e9), false, "nothing was offered");
  assert.equal(offer(gate, 7), true);
  assert.equal(gate.open(1e9), false, "it is not painted");
  assert.equal(gate.painted(gate.pair, 1000), true);
  assert.deepEqual([1000, 1119, 1120].map((now) => gate.open(now)), [false, false, true]);
});

test("a frame that was overtaken does not count", () => {
  const gate = new Gate();
  offer(gate, 7);
  const { pair } = gate;
  offer(gate, 8);
  assert.equal(gate.painted(pair, 1000), false);
  assert.equal(gate.open(1e9), false);
});

test("after a decision nothing counts until another item, version or server is shown", () => {
  for (const [item, version, session] of [[8, 0, 1], [7, 1, 1], [7, 0, 2]]) {
    const gate = paintedAt(0);
    gate.lock("a");
    assert.deepEqual([gate.locked, gate.open(1e9)], [true, false]);
    assert.equal(offer(gate, 7, 0, { echo: "b" }), false, "the answer to another event");
    assert.equal(gate.locked, true);
    assert.equal(offer(gate, item, version, { session }), true);
    assert.deepEqual([gate.locked, gate.open(1e9)], [false, false], "open only when it is painted");
  }
});

test("the answer to that very event opens the same item again, and so does unlock", () => {
  for (const answer of [(gate) => offer(gate, 7, 0, { echo: "a" }), (gate) => gate.unlock()]) {
    const gate = paintedAt(0);
    gate.lock("a");
    answer(gate);
    assert.deepEqual([gate.locked, gate.open(200)], [false, true]);
  }
});
