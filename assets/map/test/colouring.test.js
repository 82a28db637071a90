// What the points are coloured by while the colouring changes, and what the keys do.

import assert from "node:assert/strict";
import test from "node:test";
import { Colouring, NEUTRAL } from "../src/colouring.js";
import { KEYS, boxOf, press } from "../src/keyboard.js";
import { PlainPainter } from "../src/plain.js";
import { View } from "../src/view.js";

const LABELS = [{ title: "위험", color: "#ff0000", n: 1 }, { title: "정상", color: "#0000ff", n: 2 }];
const SOURCES = [{ title: "a", color: "#00ff00", n: 3 }];

test("old points are neutral and all on the screen until those of the new colouring are there", () => {
  const colouring = new Colouring();
  colouring.take(LABELS);
  colouring.toggle(1);
  assert.deepEqual([colouring.colors, colouring.visible], [["#ff0000", "#0000ff"], [true, false]]);
  colouring.wait();
  assert.deepEqual([colouring.colors, colouring.visible], [[NEUTRAL, NEUTRAL], [true, true]]);
  assert.equal(colouring.title(0), "", "a number of the old legend means nothing in the new one");
  colouring.take(SOURCES);
  assert.deepEqual([colouring.colors, colouring.visible, colouring.title(0)], [["#00ff00"], [true], "a"]);
});

test("what was hidden stays hidden if only the numbers change", () => {
  const colouring = new Colouring();
  colouring.take(LABELS);
  colouring.toggle(0);
  colouring.wait();
  colouring.take(LABELS.map((category) => ({ ...category, n: category.n + 1 })));
  assert.deepEqual([colouring.shown, colouring.sizes], [[false, true], [2, 3]]);
});

test("neutral points are drawn as grey circles", (t) => {
  const traced = [], fills = [];
  const context = () => ({ setTransform() {}, clearRect() {}, drawImage() {}, beginPath() {}, closePath() {},
    lineTo() { traced.push("corner"); }, arc() { traced.push("arc"); }, fill() { fills.push(this.fillStyle); } });
  const had = globalThis.document;
  globalThis.document = { createElement: () => ({ getContext: context, width: 0, height: 0 }) };
  t.after(() => (globalThis.document = had));
  const painter = new PlainPainter({ getContext: context });
  painter.load({ of: new Uint8Array([0, 1]), x: [0, 1], y: [0, 1] }, [1, 1]);
  const colouring = new Colouring(), view = new View({ minX: 0, minY: 0, maxX: 1, maxY: 1 }, 100, 100);
  colouring.take(LABELS);
  painter.draw(view, colouring, 5, 1);
  assert.deepEqual([fills, traced.includes("corner")], [["#ff0000", "#0000ff"], true]);
  fills.length = traced.length = 0;
  colouring.wait();
  painter.draw(view, colouring, 5, 1);
  assert.deepEqual([fills, traced], [[NEUTRAL, NEUTRAL], ["arc", "arc"]]);
});

test("each key says its own, also on a Korean keyboard, and leaves those of the browser alone", () => {
  const said = [];
  const map = new Proxy({}, { get: (_, name) => (...values) => said.push([name, ...values].join(" ")) });
  const key = (name, more = {}) => press(map, { key: name, code: "", ...more });
  assert.ok(key(" ") && key("Enter") && key("Escape") && key("0") && key("ArrowUp"));
  assert.ok(key("ArrowUp", { shiftKey: true }) && key("ㅍ", { code: "KeyV" }) && key("ㅠ", { code: "KeyB" }));
  assert.deepEqual(said, ["toggleCursor", "pickCursor", "escape", "fit", "step 0 1", "pan 0 60", "selectView", "box"]);
  assert.equal(key("v", { code: "KeyV", ctrlKey: true }) || key("Tab") || key("x"), false);
  assert.equal(new Set(Object.values(KEYS)).size, Object.keys(KEYS).length);
});

test("a box has the corners between two points", () => {
  assert.deepEqual(boxOf([0, 3], [2, 1]), [[0, 3], [2, 3], [2, 1], [0, 1]]);
});
