// The grid without a browser: what Enter sends, and what it does while a cell was not visible yet.

import "./support/packages.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { card, openDesk, settled } from "./support/desk.js";
import { press, sight } from "./support/dom.js";

const SEEN_MS = 300;
const cellsOf = (root) => root.querySelectorAll(".gw-cell");
const dialogs = (root) => root.querySelectorAll("dialog").length;
const data = (cells, name) => cells.map((cell) => cell.dataset[name]);

test("Enter goes to what was not in sight, and sends only what was there for a moment", async () => {
  const { root, document, frame, sent } = await openDesk({ batch: true, cards: 3 });
  const cells = cellsOf(root);
  assert.deepEqual(data(cells, "seen"), ["false", "false", "false"]);
  sight(cells[0], cells[1]);
  frame(SEEN_MS);
  press("Enter");
  assert.equal(document.activeElement, cells[2]);
  sight(cells[2]);
  press("Enter");
  assert.deepEqual([data(cells, "seen"), sent("batch").length], [["true", "true", "true"], 0]);
  frame(SEEN_MS);
  press("Enter");
  assert.deepEqual([sent("batch").length, dialogs(root)], [0, 0], "no class is chosen for the rest: nothing is asked");
  press("Shift+KeyN");
  press("Enter");
  assert.deepEqual([sent("batch").length, dialogs(root)], [0, 1], "it asks once");
  assert.match(root.querySelector("dialog").textContent, /normal3/);
  press("Enter", { repeat: true });
  assert.equal(sent("batch").length, 0, "a held key does not answer");
  press("Enter");
  const [{ body }] = sent("batch");
  assert.deepEqual(body.decisions.map((one) => [one.item, one.labels.danger]), [[1, "normal"], [2, "normal"], [3, "normal"]]);
});

test("marked, left out, refused: what was refused stays and is sent against what stands", async () => {
  const { root, frame, sent, painted } = await openDesk({ batch: true, cards: 3 });
  sight(...cellsOf(root));
  frame(SEEN_MS);
  for (const key of ["KeyD", "ArrowRight", "KeyS", "Shift+KeyN", "Enter", "Enter"]) press(key);
  const theirs = { version: 4, labels: { danger: "normal" }, text: "남의 말" };
  sent("batch")[0].answer(200, { results: [{ item: 1, ok: false, theirs }, { item: 3, ok: true }] });
  await painted();
  const left = cellsOf(root);
  assert.deepEqual([data(left, "id"), data(left, "seen"), data(left, "mark")], [["1"], ["true"], ["danger"]]);
  assert.match(left[0].textContent, /남의 말/);
  for (const key of ["Enter", "Enter"]) press(key);
  await settled();
  assert.deepEqual(sent("batch")[1].body.decisions, [{ item: 1, version: 4, labels: { danger: "danger" } }]);
});

test("a dialog over the page of many has the keys, Enter too, and leaves them at once", async () => {
  const { root, frame, sent } = await openDesk({ batch: true, cards: 2 });
  sight(...cellsOf(root));
  frame(SEEN_MS);
  for (const key of ["F1", "KeyD", "ArrowRight", "Enter"]) press(key);
  assert.deepEqual([data(cellsOf(root), "mark"), sent("batch").length], [["", ""], 0]);
  for (const key of ["F1", "KeyD"]) press(key);
  assert.deepEqual(data(cellsOf(root), "mark"), ["danger", ""]);
});

test("a save that is not confirmed sends nothing, and the next page has no class of the rest again", async () => {
  const { root, frame, sent, painted } = await openDesk({ batch: true, cards: 25 });
  sight(...cellsOf(root));
  frame(SEEN_MS);
  for (const key of ["Shift+KeyD", "Enter", "Escape"]) press(key);
  assert.deepEqual([sent("batch").length, dialogs(root)], [0, 0]);
  for (const key of ["Enter", "Enter"]) press(key);
  sent("batch")[0].answer(200, { latest: 20, results: cellsOf(root).map((cell) => ({ item: Number(cell.dataset.id), ok: true })) });
  await painted();
  sight(...cellsOf(root));
  frame(SEEN_MS);
  press("Enter");
  assert.deepEqual([cellsOf(root).length, dialogs(root), sent("batch").length], [5, 0, 1]);
});

test("one Z takes the whole save back, and says how many", async () => {
  const { root, frame, sent, painted } = await openDesk({ batch: true, cards: 25 });
  sight(...cellsOf(root));
  frame(SEEN_MS);
  for (const key of ["Shift+KeyN", "Enter", "Enter"]) press(key);
  sent("batch")[0].answer(200, { latest: 20, results: cellsOf(root).map((cell) => ({ item: Number(cell.dataset.id), ok: true })) });
  await painted();
  press("KeyZ");
  await settled();
  assert.deepEqual(sent("undo").map((one) => one.body.revision), [20]);
  sent("undo")[0].answer(200, { card: card(1), count: 20, latest: 0 });
  await painted();
  assert.equal(root.querySelector(".gw-status").textContent, "undone_all");
  assert.equal(cellsOf(root)[0].dataset.id, "1");
});
