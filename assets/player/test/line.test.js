import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Line } from "../src/desk/line.js";

const card = (id, more = {}) => ({ utterance: { id, recording_id: null }, labels: {}, context_url: null, audio_url: null, ...more });
const ids = (line) => line.cards.map((card) => card.utterance.id);

let asked;
let fills;
let waiting;

/** A line whose server has the cards `waiting`. */
function lineOf(more = {}) {
  const post = async (action, body) => {
    asked.push([action, body]);
    return waiting === null ? { ok: false, kind: "away" } : { ok: true, cards: waiting.splice(0, body.n) };
  };
  return new Line({ post }, { ahead: 4, low: 2, eager: false, onFill: (answer) => fills.push(answer.ok), ...more });
}

beforeEach(() => {
  asked = [];
  fills = [];
  waiting = [1, 2, 3, 4, 5, 6].map((id) => card(id));
});

test("it is filled up to `ahead` once no more than `low` wait, and says what it has", async () => {
  const line = lineOf();
  await line.fill();
  assert.deepEqual(ids(line), [1, 2, 3, 4]);
  line.shown = line.next(1).map((one) => one.utterance.id);
  await line.fill();
  assert.equal(asked.length, 1, "three wait: more than `low`");
  line.shown = line.next(1).map((one) => one.utterance.id);
  line.pass(9);
  await line.fill();
  assert.deepEqual(asked[1], ["take", { n: 2, have: [2, 3, 4, 9] }]);
  assert.deepEqual([ids(line), fills], [[3, 4, 5, 6], [true, true]]);
});

test("calls at the same time share one request", async () => {
  const line = lineOf();
  await Promise.all([line.fill(), line.fill(), line.fill()]);
  assert.deepEqual([asked.length, ids(line)], [1, [1, 2, 3, 4]]);
});

test("a card that is known already is not taken twice", async () => {
  const line = lineOf();
  line.shown = [2];
  line.pass(3);
  await line.fill();
  assert.deepEqual(ids(line), [1, 4]);
});

test("an answer that failed changes nothing, and the next call asks again", async () => {
  const line = lineOf();
  waiting = null;
  assert.equal((await line.fill()).ok, false);
  assert.deepEqual([ids(line), fills], [[], [false]]);
  waiting = [card(1)];
  await line.fill();
  assert.deepEqual(ids(line), [1]);
});

test("what is put back comes first, once; what is forgotten comes no more", async () => {
  const line = lineOf();
  await line.fill();
  line.putBack(line.cards[2]);
  assert.deepEqual(ids(line), [3, 1, 2, 4]);
  line.forget(1);
  assert.deepEqual(ids(line), [3, 2, 4]);
});

test("only so many ids are remembered as passed, the latest ones", () => {
  const line = lineOf();
  for (let id = 1; id <= 205; id++) line.pass(id);
  assert.deepEqual([line.passed.length, line.passed[0], line.passed.at(-1)], [200, 6, 205]);
});

test("a label of the recording reaches what waits of it, and nothing else", async () => {
  waiting = [card(1, { utterance: { id: 1, recording_id: 5 } }), card(2, { utterance: { id: 2, recording_id: 6 } }), card(3)];
  const line = lineOf();
  await line.fill();
  line.spread(5, { urgency: "high" });
  line.spread(null, { urgency: "low" });
  assert.deepEqual(line.cards.map((one) => one.labels), [{ urgency: "high" }, {}, {}]);
});

test("a sound is fetched once for each address; its failure is a value; a card without one has none", async () => {
  const line = lineOf();
  const urls = [];
  globalThis.fetch = async (url) => (urls.push(url), { ok: false, status: 404 });
  const one = card(1, { audio_url: "/a/1" });
  assert.equal((await line.sound(one)).error.message, "HTTP 404");
  assert.equal(line.sound(one), line.sound(one));
  line.sound({ ...one, context_url: "/c/1" });
  assert.equal(line.sound(card(2)), null);
  assert.deepEqual(urls, ["/a/1", "/c/1"]);
});

test("an eager line asks for the sounds of what it takes", async () => {
  const urls = [];
  globalThis.fetch = async (url) => (urls.push(url), { ok: false, status: 404 });
  waiting = [card(1, { audio_url: "/a/1" }), card(2)];
  await lineOf({ eager: true }).fill();
  assert.deepEqual(urls, ["/a/1"]);
});
