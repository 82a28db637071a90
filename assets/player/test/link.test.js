import assert from "node:assert/strict";
import { test } from "node:test";
import { Link } from "../src/desk/link.js";

const WHAT = { item: 7, version: 0, labels: { danger: "danger" } };

/** A link whose server sends `answers` one after the other: [status, JSON], or a network error. */
function linkTo(...answers) {
  const sent = [];
  globalThis.fetch = async (url, { body }) => {
    sent.push([url, JSON.parse(body)]);
    const next = answers.shift();
    if (next instanceof Error) throw next;
    const [status, json] = next;
    return { ok: status < 300, status, json: async () => json };
  };
  return { link: new Link("/desk/token"), sent };
}

test("every answer is an object with ok; it never throws", async () => {
  const { link, sent } = linkTo([200, { latest: 3 }], [409, { kind: "conflict", error: "faster" }], [404, {}], [503, {}], new Error("no way"));
  const answers = [];
  for (let n = 0; n < 5; n++) answers.push(await link.post("take", { n }));
  assert.deepEqual(answers, [
    { latest: 3, ok: true }, { kind: "conflict", error: "faster", ok: false }, { kind: "refused", error: "HTTP 404", ok: false },
    { kind: "away", error: "HTTP 503", ok: false }, { kind: "away", error: "", ok: false },
  ]);
  assert.deepEqual(sent[0], ["/desk/token/take", { n: 0 }]);
});

test("a decision that nobody answered keeps its nonce; once it is answered, the next has another", async () => {
  const { link, sent } = linkTo(new Error("no way"), [410, { kind: "gone" }], [200, {}], [200, {}]);
  for (let n = 0; n < 4; n++) await link.decide("decide", WHAT, { spent_ms: 100 + n });
  const nonces = sent.map(([, body]) => body.nonce);
  assert.match(nonces[0], /^[0-9a-f]{24}$/);
  assert.deepEqual([new Set(nonces.slice(0, 3)).size, nonces[3] === nonces[0]], [1, false]);
  assert.deepEqual(sent[0][1], { ...WHAT, spent_ms: 100, nonce: nonces[0] });
});

test("another decision has a nonce of its own, also while the last one is unanswered", async () => {
  const { link, sent } = linkTo(new Error("no way"), [409, { kind: "conflict" }], [200, {}]);
  await link.decide("decide", WHAT, {});
  await link.decide("decide", { ...WHAT, version: 1 }, {});
  await link.decide("decide", { ...WHAT, version: 1 }, {});
  assert.equal(new Set(sent.map(([, body]) => body.nonce)).size, 3);
});
