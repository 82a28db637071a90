// The transcript of the whole call beside the card: fetched once a call, it follows the card and marks it.

import "./support/packages.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { openDesk, settled } from "./support/desk.js";
import { press } from "./support/dom.js";

const inCall = (one) => (one.utterance.id < 3 ? { ...one, utterance: { ...one.utterance, recording_id: 7 } } : one);
const LINES = [1, 2].map((id) => ({ id, text: `${id}번째 말`, speaker: "caller", start_ms: id * 1000 }));
const current = (root) => root.querySelectorAll("[aria-current]").length;

test("one key opens the call, a call is asked for once, a sentence has none", async () => {
  const { root, requests, sent, painted } = await openDesk({ change: inCall });
  const call = root.querySelector(".gw-call");
  assert.equal(call.hidden, true);
  press("BracketLeft");
  await settled();
  sent("call")[0].answer(200, { ok: true, lines: LINES });
  await settled();
  assert.deepEqual([call.hidden, current(root), sent("call").length, sent("call")[0].body], [false, 1, 1, { item: 1 }]);
  for (const expected of [1, 0]) {
    press("KeyD");
    await settled();
    requests.findLast((one) => one.action === "decide").answer(200, { ok: true, revision: {}, latest: 1, opinions: [] });
    await painted();
    assert.equal(current(root), expected);
  }
  assert.equal(sent("call").length, 1, "the second utterance is of the same call, the third has none");
  press("BracketLeft");
  assert.equal(call.hidden, true);
});
