// A dialog of the desk gets the keys from the call that opens it to the call that closes it, and none after that.

import "./support/packages.js";
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { press, setUp } from "./support/dom.js";

const { Modal } = await import("../src/desk/modal.js");
const { showConflict, showHelp, showReasons } = await import("../src/desk/panels.js");

const t = new Proxy({}, { get: (_, name) => String(name) });
const REASONS = [{ code: "inaudible", title: "inaudible" }, { code: "noise", title: "noise" }];
const SIDES = { mine: { labels: {} }, theirs: { labels: {} }, error: "" };
let root;
let modal;
let chosen;

beforeEach(() => {
  const { document } = setUp();
  root = document.createElement("div");
  document.body.append(root);
  chosen = [];
  document.addEventListener("keydown", (event) => modal.isOpen && modal.key(event), { capture: true });
});

const KINDS = {
  help: [() => showHelp(root, t, [["title", [["D", "danger"]]]]), ["F1", "Slash", "Shift+Slash", "Escape"]],
  reasons: [() => showReasons(root, t, REASONS, (reason) => chosen.push(reason)), ["Digit1", "Numpad2", "Escape"]],
  conflict: [() => showConflict(root, t, SIDES, () => [], (which) => chosen.push(which)), ["Digit1", "Digit2", "Numpad1", "Escape"]],
};
const cases = Object.entries(KINDS).flatMap(([kind, [show, keys]]) => keys.map((key) => [kind, show, key]));

for (const [kind, show, key] of cases)
  test(`${kind} is closed, removed and deaf when ${key} has returned`, () => {
    modal = show();
    assert.equal(root.querySelectorAll("dialog[open]").length, 1);
    assert.equal(press(key), false, "the key was the dialog's");
    assert.equal(modal.isOpen, false);
    assert.equal(modal.node.isConnected, false);
    assert.equal(modal.node.contains(document.activeElement), false);
    const before = [...chosen];
    assert.equal(press(key), true, "the next key is anybody's but the dialog's");
    modal.key({ code: key, stopPropagation: () => {}, composedPath: () => [] });
    for (const node of modal.node.querySelectorAll("button")) node.click();
    assert.deepEqual(chosen, before, "nothing is chosen in a dialog that is closed");
  });

test("the choice is made after the dialog is gone, once", () => {
  const seen = [];
  modal = showReasons(root, t, REASONS, (reason) => seen.push([reason, root.querySelector("dialog")]));
  press("Digit2");
  modal.node.querySelector("[data-reason=inaudible]").click();
  assert.deepEqual(seen, [["noise", null]]);
});

test("own words: Enter sends them, and digits are typed meanwhile", () => {
  modal = showReasons(root, t, REASONS, (reason) => chosen.push(reason));
  press("Digit3");
  assert.equal(document.activeElement.localName, "input");
  assert.equal(press("Enter"), false);
  assert.equal(modal.isOpen, true, "no words are no reason");
  assert.equal(press("Digit1"), true, "the digit goes into the box");
  document.activeElement.value = " 말이 없다 ";
  press("Enter", { isComposing: true });
  assert.deepEqual(chosen, []);
  press("Enter");
  press("Enter");
  assert.deepEqual(chosen, ["말이 없다"]);
});

test("a held, composed or modified key does nothing, and nobody else gets it", () => {
  modal = showReasons(root, t, REASONS, (reason) => chosen.push(reason));
  let passed = 0;
  root.addEventListener("keydown", () => passed++);
  for (const more of [{ repeat: true }, { isComposing: true }, { keyCode: 229 }, { ctrlKey: true }, { altKey: true }]) press("Digit1", more);
  press("KeyD");
  assert.deepEqual([chosen, modal.isOpen, passed], [[], true, 0]);
});

test("the browser may close it too, as the back gesture does", () => {
  for (const type of ["cancel", "close"]) {
    modal = new Modal(root, t, "title", {});
    modal.node.hear({ type }, false);
    assert.deepEqual([modal.isOpen, modal.node.isConnected], [false, false], type);
  }
});

test("a held key that opened a dialog does not press its focused button", () => {
  modal = showConflict(root, t, SIDES, () => [], (which) => chosen.push(which));
  for (const code of ["Enter", "NumpadEnter", "Space"]) {
    assert.equal(press(code, { repeat: true }), false, "the browser does nothing with it");
    assert.equal(modal.isOpen, true);
  }
  assert.equal(press("Tab", { repeat: true }), true, "other held keys stay the browser's");
  assert.deepEqual(chosen, []);
});
