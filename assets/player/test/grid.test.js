// The grid without a browser: what Enter sends, and what it does while a cell was not visible yet.

import "./support/packages.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { openDesk, settled } from "./support/desk.js";
import { press, sight } from "./support/dom.js";

const SEEN_MS = 300;
const cellsOf = (root) => root.querySelectorAll(".gw-cell");
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
  const [{ body }] = sent("batch");
  assert.deepEqual(body.decisions.map((one) => [one.item, one.labels.danger]), [[1, "normal"], [2, "normal"], [3, "normal"]]);
});

test("marked, left out, refused: what was refused stays and is sent against what stands", async () => {
  const { root, frame, sent, painted } = await openDesk({ batch: true, cards: 3 });
  sight(...cellsOf(root));
  frame(SEEN_MS);
  for (const key of ["KeyD", "ArrowRight", "KeyS", "Enter"]) press(key);
  const theirs = { version: 4, labels: { danger: "normal" }, text: "남의 말" };
  sent("batch")[0].answer(200, { results: [{ item: 1, ok: false, theirs }, { item: 3, ok: true }] });
  await painted();
  const left = cellsOf(root);
  assert.deepEqual([data(left, "id"), data(left, "seen"), data(left, "mark")], [["1"], ["true"], ["danger"]]);
  assert.match(left[0].textContent, /남의 말/);
  press("Enter");
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
