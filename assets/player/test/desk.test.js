// The whole desk without a browser: each key is pressed in the same turn as the last one, before anything is drawn.

import "./support/packages.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { openDesk, settled } from "./support/desk.js";
import { press, storage } from "./support/dom.js";

const dialogs = (root) => root.querySelectorAll("dialog").length;

test("the list of keys opens and closes with every press", async () => {
  const { root } = await openDesk();
  const seen = ["Shift+Slash", "Shift+Slash", "F1", "F1", "Shift+Slash", "Escape", "F1"].map((key) => (press(key), dialogs(root)));
  assert.deepEqual(seen, [1, 0, 1, 0, 1, 0, 1]);
});

test("the key after a closed dialog is the desk's: it decides", async () => {
  for (const [open, close] of [["F1", "F1"], ["F1", "Escape"], ["KeyS", "Escape"]]) {
    const { sent } = await openDesk();
    for (const key of [open, "KeyD", close, "KeyD"]) press(key);
    await settled();
    assert.deepEqual(sent("decide").map((one) => one.body.labels), [{ danger: "danger" }], `${open} ${close}`);
  }
});

test("a key beside the open dialog is the dialog's: after a click on its margin the focus is on the page", async () => {
  const { root, document, sent } = await openDesk();
  press("KeyS");
  document.activeElement = document.body;
  press("KeyD");
  assert.deepEqual([sent("decide").length, dialogs(root)], [0, 1], "nothing is decided behind it");
  press("Digit2");
  await settled();
  assert.deepEqual(sent("decide").map((one) => one.body.skip_reason), ["noise"]);
});

test("a conflict takes the place of the list of keys, and its digit is heard", async () => {
  const { root, sent } = await openDesk();
  press("KeyD");
  press("F1");
  const theirs = { version: 7, labels: { danger: "normal" } };
  sent("decide")[0].answer(409, { kind: "conflict", error: "faster", mine: { labels: {} }, theirs });
  await settled();
  assert.equal(dialogs(root), 1);
  press("Digit1");
  assert.equal(dialogs(root), 0);
  await settled();
  assert.deepEqual(sent("decide").map((one) => one.body.version), [0, 7]);
});

test("between a decision and the next card no label counts, and the list of keys still opens", async () => {
  const { root, sent, painted } = await openDesk();
  for (const key of ["KeyD", "KeyN", "KeyS", "F1", "F1"]) press(key);
  assert.deepEqual([sent("decide").length, dialogs(root)], [1, 0]);
  sent("decide")[0].answer(200, { latest: 1 });
  await painted();
  press("KeyN");
  assert.deepEqual(sent("decide").map((one) => [one.body.item, one.body.labels.danger]), [[1, "danger"], [2, "normal"]]);
});

test("a comment's box has no key after its Enter, however long the answer takes", async () => {
  const { root, document, sent } = await openDesk();
  const box = root.querySelector("input");
  press("Slash");
  assert.equal(document.activeElement, box);
  box.value = "바람 소리";
  press("Enter");
  assert.deepEqual([box.hidden, document.activeElement === box], [true, false]);
  press("KeyD");
  await settled();
  assert.deepEqual([sent("remark").map((one) => one.body.text), sent("decide").length], [["바람 소리"], 1]);
});

test("a comment that was refused is in its box again, and / goes on with it", async () => {
  const { root, document, sent } = await openDesk();
  const box = root.querySelector("input");
  press("Slash");
  box.value = "바람 소리";
  press("Enter");
  sent("remark")[0].answer(500, { error: "no" });
  await settled();
  assert.deepEqual([box.hidden, box.value, document.activeElement === box], [false, "바람 소리", false]);
  press("Slash");
  assert.deepEqual([box.value, document.activeElement], ["바람 소리", box]);
});

test("a comment is not begun while a decision is on its way", async () => {
  const { root } = await openDesk();
  press("KeyD");
  press("Slash");
  assert.equal(root.querySelector("input").hidden, true);
});

test("what is hidden lets go of the keyboard: after the last card the desk has it, not the box of the text", async () => {
  const { root, document, requests, sent, painted } = await openDesk({ cards: 1 });
  press("KeyD");
  press("KeyE"); // into the text, while the decision is on its way
  assert.equal(document.activeElement.localName, "textarea");
  sent("decide")[0].answer(200, { latest: 1 });
  await painted();
  assert.deepEqual([root.dataset.item, document.activeElement], ["", document.body]);
  press("KeyZ");
  await settled();
  assert.equal(requests.at(-1).action, "undo");
});

test("a desk that is gone leaves neither a dialog nor a listener", async () => {
  const { root, unmount } = await openDesk();
  press("F1");
  unmount();
  assert.equal(dialogs(root), 0);
  press("F1");
  assert.equal(dialogs(root), 0);
});

const write = (box, text) => box.hear({ type: "input" }, ((box.value = text), false));

test("what was typed is there after a reload, and gone once it is saved", async () => {
  const kept = storage();
  const first = await openDesk({ kept });
  write(first.root.querySelector("textarea"), "고친 말");
  press("Slash");
  write(first.root.querySelector("input"), "바람 소리");
  press("KeyS", { ctrlKey: true });
  first.unmount();
  const again = await openDesk({ kept });
  assert.deepEqual([again.root.querySelector("textarea").value, again.root.querySelector("input").value], ["고친 말", "바람 소리"]);
  assert.equal(again.root.querySelector("input").hidden, false, "the comment is in sight");
  press("KeyD");
  await settled();
  const { text, comment } = again.sent("decide")[0].body;
  assert.deepEqual([text, comment], ["고친 말", "바람 소리"], "what is in sight goes along");
  again.sent("decide")[0].answer(200, { latest: 1 });
  await again.painted();
  assert.equal(kept.length, 0);
});

test("Escape takes an edit back, and its draft", async () => {
  const kept = storage();
  const { root, document } = await openDesk({ kept });
  const box = root.querySelector("textarea");
  press("KeyE");
  assert.equal(document.activeElement, box);
  write(box, "고친 말");
  assert.equal(kept.length, 1);
  press("Escape");
  assert.deepEqual([box.value, kept.length], ["1번 집에 불이 났어요", 0]);
});

test("a draft of an older version stands beside the text, and is taken or dropped by hand", async () => {
  const kept = storage();
  write((await openDesk({ kept })).root.querySelector("textarea"), "고친 말");
  const newer = (one) => ((one.utterance.version = 3), one);
  const { root, sent } = await openDesk({ kept, change: newer });
  const older = root.querySelector(".gw-older");
  assert.deepEqual([root.querySelector("textarea").value, older.hidden], ["1번 집에 불이 났어요", false]);
  assert.match(older.textContent, /고친 말/);
  older.querySelector("[data-draft=take]").click();
  assert.deepEqual([root.querySelector("textarea").value, older.hidden], ["고친 말", true]);
  press("KeyD");
  await settled();
  assert.deepEqual([sent("decide")[0].body.text, sent("decide")[0].body.version], ["고친 말", 3]);
});

test("own words for a skip wait in their box until they are sent", async () => {
  const kept = storage();
  const first = await openDesk({ kept });
  press("KeyS");
  write(first.root.querySelector("dialog").querySelector("input"), "사투리");
  const { root } = await openDesk({ kept });
  press("KeyS");
  assert.equal(root.querySelector("dialog").querySelector("input").value, "사투리");
});
