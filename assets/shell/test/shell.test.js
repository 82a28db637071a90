// The parts of shell.js that need no page: the words of Streamlit, and the theme in place of the machine's.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Scheme, prepared, translated, unescaped } from "../shell.js";

const KNOWN = prepared({
  "Clear all": "모두 지우기", "Remove {name}": "{name} 제거", "{type} files are not allowed.": "{type} 파일은 올릴 수 없습니다.",
  "Press Enter to apply": "Enter를 누르면 적용됩니다", "(a+b) {n}": "{n}번",
});

test("a text is translated if it is one of the words, whole or with one value in it", () => {
  assert.equal(translated("Clear all", KNOWN), "모두 지우기");
  assert.equal(translated("  Remove 불  ", KNOWN), "불 제거");
  assert.equal(translated(".exe files are not allowed.", KNOWN), ".exe 파일은 올릴 수 없습니다.");
  assert.equal(translated("Remove Clear all", KNOWN), "모두 지우기 제거");
});

test("any other text stays as it is, and signs in the words are no pattern", () => {
  for (const other of ["Clear all of it", "please Remove 불", "", "x".repeat(300), "aab 3"]) {
    assert.equal(translated(other, KNOWN), null);
  }
  assert.equal(translated("(a+b) 3", KNOWN), "3번");
});

test("a value never brings a pattern of replacement with it", () => {
  assert.equal(translated("Remove $& $1", KNOWN), "$& $1 제거");
});

test("a label is read without the backslashes of Markdown", () => {
  assert.equal(unescaped("report\\-kind\\(제안됨\\)"), "report-kind(제안됨)");
  assert.equal(unescaped("C:\\work and 50\\%"), "C:\\work and 50%");
});

function machine(dark) {
  return Object.assign(new EventTarget(), { matches: dark });
}

test("the theme of the machine holds until the reader chooses one, and tells each change once", () => {
  const system = machine(false), scheme = new Scheme(system), told = [];
  scheme.addEventListener("change", (event) => told.push(event.matches));
  assert.equal(scheme.matches, false);
  scheme.choose("dark");
  scheme.choose("dark");
  assert.deepEqual(told, [true]);
  system.matches = true;
  system.dispatchEvent(new Event("change"));
  assert.deepEqual(told, [true], "the reader's choice stays");
  scheme.choose("light");
  scheme.choose("system");
  assert.deepEqual(told, [true, false, true]);
  system.matches = false;
  system.dispatchEvent(new Event("change"));
  assert.deepEqual(told, [true, false, true, false]);
});
