import assert from "node:assert/strict";
import { test } from "node:test";
import { commandOf, COMMANDS } from "../src/desk/commands.js";
import { codesOf, combination, hasModifier, hasOtherModifier, isComposing, isOnControl, isTyping } from "../src/keys.js";
import { setUp } from "./support/dom.js";

const key = (more) => ({ code: "KeyD", shiftKey: false, ctrlKey: false, altKey: false, metaKey: false, getModifierState: () => false, ...more });

test("a written key names physical keys, the number pad's too", () => {
  const written = ["d", "D", "3", ",", "ㅇ", "", "F1"].map(codesOf);
  assert.deepEqual(written, [["KeyD"], ["KeyD"], ["Digit3", "Numpad3"], ["Comma"], [], [], []]);
});

test("a combination is a physical key with Shift or without", () => {
  const of = (code, shiftKey = false) => combination(key({ code, shiftKey }));
  assert.deepEqual([of("KeyD"), of("Slash", true), of("NumpadEnter")], ["KeyD", "Shift+Slash", "Enter"]);
});

test("composition is seen by its flag and by the code that browsers send instead", () => {
  assert.deepEqual([{ isComposing: true }, { keyCode: 229 }, { keyCode: 68 }].map((more) => isComposing(key(more))), [true, true, false]);
});

test("modifiers: Shift alone is a modifier, but none of the others", () => {
  const seen = [{}, { shiftKey: true }, { ctrlKey: true }, { altKey: true }, { metaKey: true }, { getModifierState: (name) => name === "AltGraph" }];
  assert.deepEqual(seen.map((more) => hasModifier(key(more))), [false, true, true, true, true, true]);
  assert.deepEqual(seen.map((more) => hasOtherModifier(key(more))), [false, false, true, true, true, true]);
});

test("a key is typed in boxes and dialogs, and controls have Space and Enter for themselves", () => {
  const { document } = setUp();
  const path = (name, role) => {
    const node = document.createElement(name);
    if (role) node.setAttribute("role", role);
    return { composedPath: () => [node, document.body, document] };
  };
  const nodes = [["input"], ["textarea"], ["dialog"], ["div", "listbox"], ["button"], ["div", "slider"], ["div"]].map((one) => path(...one));
  assert.deepEqual(nodes.map(isTyping), [true, true, true, true, false, false, false]);
  assert.deepEqual(nodes.map(isOnControl), [false, false, false, false, true, true, false]);
});

test("every command has a key of its own, and F1 is help too", () => {
  const combinations = Object.values(COMMANDS).map(([pressed]) => pressed);
  assert.equal(new Set(combinations).size, combinations.length);
  for (const [name, [pressed]] of Object.entries(COMMANDS)) assert.equal(commandOf(pressed), name);
  assert.deepEqual([commandOf("F1"), commandOf("KeyD")], ["help", undefined]);
});

test("letters and digits are left to the classes, but for E, S and Z", () => {
  const taken = Object.values(COMMANDS).map(([pressed]) => pressed).filter((pressed) => /^(Key|Digit|Numpad)/.test(pressed));
  assert.deepEqual(taken.sort(), ["KeyE", "KeyS", "KeyZ"]);
});
