// Drafts without a browser: kept by item and version, dropped with what they were for, and never too many.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Drafts } from "../src/drafts.js";

function storage() {
  const kept = new Map();
  return {
    get length() { return kept.size; },
    key: (index) => [...kept.keys()][index] ?? null,
    getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value), removeItem: (key) => kept.delete(key),
  };
}

test("a draft belongs to one version of one item in one place", () => {
  const shared = storage();
  const here = new Drafts("a.desk", shared);
  here.keep(7, 2, { text: "불이야" });
  assert.equal(here.of(7, 2).text, "불이야");
  assert.equal(here.of(7, 3), null, "another version does not get it");
  assert.equal(here.older(7, 3).text, "불이야", "it is handed out as an older one");
  assert.equal(here.older(7, 2), null);
  assert.equal(new Drafts("b.desk", shared).read(7), null, "another workspace has other items");
  here.keep(7, 2, {});
  assert.equal(here.read(7), null, "no field: no draft");
});

test("an older draft stays beside what is typed since, until it is taken or dropped", () => {
  const drafts = new Drafts("p", storage());
  drafts.keep(7, 2, { text: "예전 글" });
  drafts.keep(7, 3, { comment: "새 메모" });
  assert.deepEqual([drafts.of(7, 3).comment, drafts.older(7, 3).text], ["새 메모", "예전 글"]);
  drafts.keep(7, 3, {});
  assert.deepEqual([drafts.of(7, 3), drafts.older(7, 3).text], [null, "예전 글"]);
  drafts.keep(7, 4, { comment: "또 다른 메모" });
  drafts.settle(7, 4);
  assert.deepEqual([drafts.of(7, 4).comment, drafts.older(7, 4)], ["또 다른 메모", null]);
  drafts.drop(7);
  drafts.keep(8, 1, { text: "x" });
  drafts.settle(8, 2);
  assert.equal(drafts.read(8), null);
});

test("in a full storage the oldest drafts make room, and no half of a text stays", () => {
  const kept = storage();
  const full = { ...kept, get length() { return kept.length; }, setItem: (key, value) => {
    if (kept.length >= 150) throw new Error("full");
    kept.setItem(key, value);
  } };
  let now = 0;
  const drafts = new Drafts("p", full, () => (now += 1));
  for (let item = 0; item < 151; item += 1) drafts.keep(item, 0, { text: String(item) });
  assert.deepEqual([drafts.read(150).text, drafts.read(0), drafts.read(149).text], ["150", null, "149"]);
});

test("what is no draft is none, and a forbidden storage breaks nothing", () => {
  const odd = storage();
  odd.setItem("gwidama.draft.p.1", "{not json");
  odd.setItem("gwidama.draft.p.2", '"text"');
  assert.deepEqual([new Drafts("p", odd).read(1), new Drafts("p", odd).read(2)], [null, null]);
  const throws = () => { throw new Error("forbidden"); };
  const forbidden = new Drafts("p", { getItem: throws, setItem: throws, removeItem: throws });
  forbidden.keep(1, 0, { text: "x" });
  forbidden.drop(1);
  assert.equal(forbidden.read(1), null);
});

test("the oldest drafts make room", () => {
  const shared = storage();
  let now = 0;
  const drafts = new Drafts("p", shared, () => (now += 1));
  for (let item = 0; item < 205; item += 1) drafts.keep(item, 0, { text: String(item) });
  assert.equal(shared.length, 200);
  assert.deepEqual([drafts.read(4), drafts.read(5).text], [null, "5"]);
});
