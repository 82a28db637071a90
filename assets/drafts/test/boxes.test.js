// Drafts of boxes without a browser: handed over at each showing, kept by person and version, ended once.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

const { default: drafts } = await import("../drafts.js");

const FIELDS = { text: "cure-7-text", why: "cure 7:이유" };
const BOXES = [{}, {}];
let listeners;
let most;
let tokens = 0;

/** A storage like the browser's: its keys are its own properties, and it takes up to `most` letters. */
function storage() {
  const kept = {};
  const hidden = {
    getItem: (key) => (Object.hasOwn(kept, key) ? kept[key] : null),
    setItem: (key, value) => {
      const others = Object.entries(kept).filter(([name]) => name !== key).reduce((sum, [, text]) => sum + text.length, 0);
      if (others + value.length > most) throw new Error("full");
      kept[key] = value;
    },
    removeItem: (key) => delete kept[key],
  };
  return new Proxy(kept, { get: (target, name) => hidden[name] ?? target[name] });
}

beforeEach(() => {
  most = 100_000;
  listeners = new Set();
  globalThis.localStorage = storage();
  globalThis.document = {
    querySelectorAll: () => BOXES,
    addEventListener: (_, listener, { signal }) => {
      listeners.add(listener);
      signal.addEventListener("abort", () => listeners.delete(listener));
    },
  };
});

/** Shows the boxes; returns what was handed over and how to show them again, type, and leave. */
function show(more = {}, element = {}) {
  const handed = {};
  const call = (again) =>
    drafts({
      data: { place: "w.kim", nobody: "w.", item: "a", version: 1, fields: FIELDS, ended: [], ...more, ...again },
      parentElement: element, setTriggerValue: (name, value) => (handed[name] = value),
    });
  const leave = call({});
  return { handed, again: (again = {}) => call(again), leave };
}

/** Types into the box with this class, the `n`-th of those that share it. */
const type = (key, value, n = 0) => {
  const name = `.st-key-${key}`;
  for (const listener of [...listeners]) listener({ target: { closest: (wanted) => (wanted === name ? BOXES[n] : null), value } });
};

const end = (how, version = 1, item = "a") => [[item, `t${(tokens += 1)}`, how, version]];

test("what was typed is handed over at every showing, not only at the first", () => {
  show().leave();
  const first = show();
  type("cure-7-text", "불이 났어요");
  first.leave();
  for (let n = 0; n < 3; n += 1) {
    const { handed, leave } = show();
    assert.deepEqual(handed, { found: { text: "불이 났어요" } });
    leave();
  }
});

test("while the boxes are shown, what is typed is not handed back", () => {
  const { handed, again } = show();
  type("cure-7-text", "불");
  again();
  assert.deepEqual(handed, {});
  assert.equal(listeners.size, 1, "one listener however often the page runs");
});

test("a key of any letters finds its box as Streamlit writes it", () => {
  show();
  type("cure-7---", "이유");
  assert.deepEqual(show().handed, { found: { why: "이유" } });
});

test("what was typed before the script was there is kept", () => {
  document.activeElement = { closest: (wanted) => (wanted === ".st-key-cure-7-text" ? BOXES[0] : null), value: "불이" };
  show();
  document.activeElement = null;
  assert.deepEqual(show().handed, { found: { text: "불이" } });
});

test("a field may have no name", () => {
  show({ fields: { "": "guide-text", a: "guide-of-a" } });
  type("guide-text", "불이 보이면 위험");
  assert.deepEqual(show().handed, { found: { "": "불이 보이면 위험" } });
});

test("boxes whose keys differ in Hangul only are told apart by their order", () => {
  const fields = { danger: "of-위험", calm: "of-정상", other: "text" };
  show({ fields });
  type("of---", "정상의 뜻", 1);
  assert.deepEqual(show({ fields }).handed, { found: { calm: "정상의 뜻" } });
});

test("what the page tells of a table is kept once it changes, and not again after it was saved", () => {
  const { again, leave } = show({ values: { rows: "" } });
  assert.deepEqual(Object.keys(localStorage), []);
  again({ values: { rows: "[1]" } });
  leave();
  const back = show({ values: { rows: "" } });
  assert.deepEqual(back.handed, { found: { rows: "[1]" } });
  back.again({ values: { rows: "[1, 2]" } });
  back.again({ values: { rows: "[1, 2]" }, ended: end("saved") });
  back.again({ values: { rows: "[1, 2]" } });
  assert.deepEqual(Object.keys(localStorage), []);
});

test("another person sees no draft; what was typed before a name goes with the first person", () => {
  show({ place: "w.kim" });
  type("cure-7-text", "김의 글");
  assert.deepEqual(show({ place: "w.lee" }).handed, {});
  listeners.clear();
  show({ place: "w.", item: "b" });
  type("cure-7-text", "이름 없이");
  listeners.clear();
  const named = show({ item: "b" });
  assert.deepEqual(named.handed, { found: { text: "이름 없이" } });
  type("cure-7-text", "이름과 함께");
  assert.deepEqual(show({ place: "w.lee", item: "b" }).handed, {});
});

test("a draft of an older version stays until it is taken or dropped, whatever is typed meanwhile", () => {
  show();
  type("cure-7-text", "예전 글");
  listeners.clear();
  const { handed, leave } = show({ version: 2 });
  assert.deepEqual(handed, { older: { text: "예전 글" } });
  type("cure-7---", "새 이유");
  leave();
  assert.deepEqual(show({ version: 2 }).handed, { found: { why: "새 이유" }, older: { text: "예전 글" } });
  show({ version: 2, ended: end("take", 2) });
  assert.deepEqual(show({ version: 2 }).handed, { found: { why: "새 이유", text: "예전 글" } }, "taken, it survives a reload");
});

test("dropping the older one leaves what was typed since; saving ends all, once", () => {
  show();
  type("cure-7-text", "예전 글");
  listeners.clear();
  show({ version: 2 });
  type("cure-7---", "새 이유");
  show({ version: 2, ended: end("drop", 2) });
  assert.deepEqual(show({ version: 2 }).handed, { found: { why: "새 이유" } });
  const saved = end("saved");
  show({ version: 2, ended: saved });
  assert.deepEqual(Object.keys(localStorage), []);
  listeners.clear();
  show({ version: 3, ended: saved });
  type("cure-7-text", "그 다음 글");
  assert.deepEqual(show({ version: 3, ended: saved }).handed, { found: { text: "그 다음 글" } }, "an end counts once");
});

test("a full storage drops the oldest draft of another item, never keeps half of a text, and may be forbidden", () => {
  most = 400;
  show({ item: "old" });
  type("cure-7-text", "x".repeat(200));
  listeners.clear();
  show();
  type("cure-7-text", "y".repeat(200));
  assert.deepEqual([show({ item: "old" }).handed, show().handed], [{}, { found: { text: "y".repeat(200) } }]);
  type("cure-7-text", "z".repeat(1000));
  assert.deepEqual(show().handed, {});
  globalThis.localStorage = new Proxy({}, { get: () => () => { throw new Error("forbidden"); } });
  assert.deepEqual(show().handed, {});
  type("cure-7-text", "z");
});
