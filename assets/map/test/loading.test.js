// What is loaded while the colouring changes: the newest address counts, failures are tried again and told.

import assert from "node:assert/strict";
import test from "node:test";
import { Loader, PAUSES_MS, Turns, fetchBytes } from "../src/loading.js";

/** A loader whose answers are given by hand: `answers[i].ok(bytes)` or `.fail(error)`; `states` is what it told. */
function made(read = (bytes) => bytes) {
  const answers = [], states = [], pauses = [];
  const loader = new Loader({
    read,
    told: ({ state, value }) => states.push(value === undefined ? state : `${state} ${value}`),
    ask: (url, signal) => new Promise((ok, fail) => answers.push({ url, signal, ok, fail })),
    wait: async (ms) => { pauses.push(ms); },
  });
  return { loader, answers, states, pauses };
}
const turns = async () => { for (let i = 0; i < 20; i += 1) await Promise.resolve(); };

test("an address is loaded once, and again only when another one was asked for", async () => {
  const { loader, answers, states } = made();
  loader.load("/a");
  loader.load("/a");
  answers[0].ok("A");
  await turns();
  loader.load("/a");
  assert.deepEqual(states, ["loading", "ready A"]);
  loader.load("/b");
  answers[1].ok("B");
  await turns();
  assert.deepEqual(states.slice(2), ["loading", "ready B"]);
});

test("an answer that comes late is dropped, whichever comes first", async () => {
  const { loader, answers, states } = made();
  loader.load("/old");
  loader.load("/new");
  assert.equal(answers[0].signal.aborted, true);
  answers[1].ok("new");
  await turns();
  answers[0].ok("old");
  await turns();
  assert.deepEqual(states, ["loading", "loading", "ready new"]);
});

test("a late failure says nothing about the newer address", async () => {
  const { loader, answers, states } = made();
  loader.load("/old");
  loader.load("/new");
  answers[0].fail(new Error("away"));
  await turns();
  assert.deepEqual([loader.state, answers.length], ["loading", 2]);
  answers[1].ok("new");
  await turns();
  assert.deepEqual(states.at(-1), "ready new");
});

test("a failed load is tried again after longer and longer pauses, and then told", async () => {
  const { loader, answers, states, pauses } = made();
  loader.load("/a");
  for (let number = 0; number <= PAUSES_MS.length; number += 1) {
    answers[number].fail(new Error("away"));
    await turns();
  }
  assert.deepEqual([states, pauses], [["loading", "failed"], PAUSES_MS]);
  assert.deepEqual(PAUSES_MS, [...PAUSES_MS].sort((a, b) => a - b));
  loader.load("/a");
  answers.at(-1).ok("A");
  await turns();
  assert.deepEqual(states, ["loading", "failed", "loading", "ready A"]);
});

test("a load that works at the second try is ready, and nobody was told of a failure", async () => {
  const { loader, answers, states } = made();
  loader.load("/a");
  answers[0].fail(new Error("away"));
  await turns();
  answers[1].ok("A");
  await turns();
  assert.deepEqual(states, ["loading", "ready A"]);
});

test("what the server does not have any more is not asked for again and again", async () => {
  const outcomes = [];
  const loader = new Loader({
    read: (bytes) => bytes, told: (outcome) => outcomes.push(outcome), wait: () => assert.fail("no pause"),
    ask: async () => { throw Object.assign(new Error("404"), { gone: true }); },
  });
  await loader.load("/a");
  assert.deepEqual(outcomes, [{ state: "loading" }, { state: "failed", gone: true }]);
});

test("bytes that cannot be read are a failure", async () => {
  const { loader, answers, states } = made(() => { throw new Error("not the bytes of a map"); });
  loader.load("/a");
  for (let number = 0; number <= PAUSES_MS.length; number += 1) {
    answers[number].ok("x");
    await turns();
  }
  assert.deepEqual(states, ["loading", "failed"]);
});

test("no address is nothing to load, and drops what is on its way", async () => {
  const { loader, answers, states } = made();
  loader.load("/a");
  loader.load("");
  answers[0].ok("A");
  await turns();
  assert.deepEqual(states, ["loading", "none"]);
});

test("a stopped loader tells nothing more", async () => {
  const { loader, answers, states } = made();
  loader.load("/a");
  loader.stop();
  answers[0].fail(new Error("aborted"));
  await turns();
  assert.deepEqual([states, answers.length], [["loading"], 1]);
});

test("a missing answer of the server is gone, another one is not", async (t) => {
  for (const [status, gone] of [[404, true], [503, false]]) {
    t.mock.method(globalThis, "fetch", async () => ({ ok: false, status }));
    await assert.rejects(fetchBytes("/a"), (error) => error.gone === gone);
  }
  t.mock.method(globalThis, "fetch", async () => ({ ok: true, arrayBuffer: async () => "bytes" }));
  assert.equal(await fetchBytes("/a"), "bytes");
});

test("an answer to an earlier selection is late, also after a reload of the component", () => {
  const turns = new Turns();
  assert.equal(turns.isLate(7), false, "a reload goes on where it was");
  const [first, second] = [turns.next(), turns.next()];
  assert.deepEqual([first, second], [8, 9]);
  assert.deepEqual([turns.isLate(7), turns.isLate(first), turns.isLate(second), turns.isLate(second)],
    [true, true, false, false]);
});
