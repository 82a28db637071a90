// The parts of the map that need no browser: `node --test assets/map/test/*.test.js` after `KEEP=1 sh build.sh`.

import assert from "node:assert/strict";
import test from "node:test";
import { COARSEST, Pace, REST_MS } from "../src/pace.js";
import { diameter, drawingOrder, rgb } from "../src/shapes.js";
import { Texts } from "../src/texts.js";
import { View, around, bounds, inside, towards } from "../src/view.js";

test("all points are on the screen at first, and a point under the pointer stays there while zooming", () => {
  const view = new View({ minX: -2, minY: -1, maxX: 2, maxY: 1 }, 400, 300);
  for (const [x, y] of [[-2, -1], [2, 1]]) {
    const [px, py] = view.toScreen(x, y);
    assert.ok(px > 0 && px < 400 && py > 0 && py < 300);
  }
  const [x, y] = view.toWorld(100, 50);
  view.zoom(3, 100, 50);
  const [px, py] = view.toScreen(x, y);
  assert.ok(Math.abs(px - 100) < 1e-6 && Math.abs(py - 50) < 1e-6);
  view.pan(10, -5);
  const moved = view.toScreen(x, y);
  assert.ok(Math.abs(moved[0] - 110) < 1e-6 && Math.abs(moved[1] - 45) < 1e-6);
});

test("the middle and the zoom stay when the window changes its size", () => {
  const view = new View({ minX: 0, minY: 0, maxX: 1, maxY: 1 }, 200, 200);
  view.zoom(4, 20, 20);
  const middle = view.toWorld(100, 100), zoom = view.scale / view.least;
  view.resize(500, 320);
  const now = view.toWorld(250, 160);
  assert.ok(Math.abs(now[0] - middle[0]) < 1e-9 && Math.abs(now[1] - middle[1]) < 1e-9);
  assert.equal(view.scale / view.least, zoom);
});

test("bounds of nothing and of one point have an extent", () => {
  assert.deepEqual(bounds([], []), { minX: 0, minY: 0, maxX: 1, maxY: 1 });
  assert.deepEqual(bounds([3], [5]), { minX: 2, minY: 4, maxX: 4, maxY: 6 });
});

test("a lasso holds what is inside of it, also where it is hollow", () => {
  const hollow = [[0, 0], [4, 0], [4, 4], [2, 1], [0, 4]];
  assert.deepEqual(around(hollow), [0, 0, 4, 4]);
  assert.equal(inside(hollow, 0.5, 1), true);
  assert.equal(inside(hollow, 2, 3), false);
  assert.equal(inside(hollow, 5, 1), false);
});

test("an arrow goes to the nearest point of its direction", () => {
  const x = [0, 1, 3, 0, -1], y = [0, 0.2, 0, 2, 0];
  const all = [0, 1, 2, 3, 4];
  assert.equal(towards(all, x, y, 0, 1, 0), 1);
  assert.equal(towards(all, x, y, 0, 0, 1), 3);
  assert.equal(towards(all, x, y, 2, 1, 0), -1);
});

test("rare categories are drawn last, each point once", () => {
  assert.deepEqual([...drawingOrder([0, 1, 1, 2, 1, 2], [1, 3, 2])], [1, 2, 4, 3, 5, 0]);
});

test("colours are read, others are grey; points shrink with their number and grow when one looks closer", () => {
  assert.deepEqual(rgb("#ff0000"), [1, 0, 0]);
  assert.deepEqual(rgb("red"), rgb("#94a3b8"));
  assert.ok(diameter(1000, 1) > diameter(50_000, 1));
  assert.ok(diameter(50_000, 20) > diameter(50_000, 1));
});

test("a text is asked for once; a server that is away is asked again", async () => {
  let [asked, away] = [0, true];
  const texts = new Texts("/map/text", async (url) => {
    asked += 1;
    assert.equal(url, "/map/text/7");
    if (away) throw new Error("away");
    return { ok: true, json: async () => ({ text: "<b>불</b>" }) };
  });
  assert.equal(await texts.of(7), "");
  away = false;
  assert.equal(await texts.of(7), "<b>불</b>");
  assert.equal(await texts.of(7), "<b>불</b>");
  assert.equal(asked, 2);
});

test("slow frames draw fewer points while the map moves, and all of them at rest", () => {
  const pace = new Pace();
  let now = 0;
  const frames = (n, gap) => Array.from({ length: n }, () => (pace.move((now += gap)), pace.frame(now)));
  assert.deepEqual(frames(4, 50), [1, 2, 4, 8]);
  assert.equal(frames(1, 200).at(-1), COARSEST, "a very slow frame is learnt from at once");
  assert.equal(pace.frame(now + REST_MS + 1), 1);
  now += 10 * REST_MS;
  assert.ok(frames(30, 16).at(-1) < COARSEST, "fast frames try more points");
  const swift = new Pace();
  for (let at = 16; at < 900; at += 16) {
    swift.move(at);
    assert.equal(swift.frame(at), 1);
  }
});
