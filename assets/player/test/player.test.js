// The player: the text of a region can be changed in its row, and what is sent.

import assert from "node:assert/strict";
import { test } from "node:test";
import "./support/packages.js";
import { press, setUp } from "./support/dom.js";

const STRINGS = new Proxy({}, { get: (_, name) => name });
const region = (id, text) => ({ id, start_ms: 0, end_ms: 900, text, tone: "danger", badge: "", speaker: "", note: "", chips: [{ text: "▲ 위험 93%", tone: "danger" }] });

async function openPlayer(editable = true) {
  const { document } = setUp();
  const sent = [];
  const root = document.createElement("div");
  root.setAttribute("class", "gw-player");
  document.body.append(root);
  const { default: mounted } = await import("../src/player.js");
  const data = { strings: STRINGS, height: 100, duration_ms: 2000, audio_url: null, selected: null, editable, regions: [region("0", "불이 났어요"), region("1", "")] };
  const update = (more = {}) =>
    mounted({ parentElement: document.body, data: { ...data, ...more }, setTriggerValue: (name, value) => sent.push([name, value]) });
  update();
  return { root, sent, update, pencils: root.querySelectorAll(".gw-pencil") };
}

const open = (pencil) => (pencil.click(), pencil.parentNode.querySelector(".gw-edit-text"));

test("Enter sends the changed text once, and without spaces around it", async () => {
  const { sent, pencils } = await openPlayer();
  assert.deepEqual(pencils.map((one) => one.textContent), ["edit", "write"]);
  const field = open(pencils[1]);
  assert.equal(field.value, "");
  field.value = "  사람이 쓰러졌어요 ";
  press("Enter");
  assert.deepEqual(sent, [["edit", { id: "1", text: "사람이 쓰러졌어요" }]]);
  assert.equal(document.activeElement, pencils[1], "the form is closed and the button has the focus");
});

test("an unchanged text, Esc and a letter that is still composed send nothing", async () => {
  const { sent, pencils } = await openPlayer();
  open(pencils[0]);
  press("Enter");
  const field = open(pencils[0]);
  field.value = "다른 말";
  press("Enter", { isComposing: true });
  press("Escape");
  assert.equal(open(pencils[0]).value, "불이 났어요", "what was typed and left is forgotten");
  assert.deepEqual(sent, []);
});

test("the space bar writes a space while a text is changed, and elsewhere plays", async () => {
  const { root, pencils } = await openPlayer();
  open(pencils[0]);
  assert.equal(press("Space"), true);
  root.querySelector(".gw-row").focus();
  assert.equal(press("Space"), false);
});

test("without a handler there is nothing to edit, and what each modality says is shown as text", async () => {
  const { root, pencils } = await openPlayer(false);
  assert.equal(pencils.length, 0);
  assert.deepEqual(root.querySelectorAll(".gw-chip").map((one) => [one.textContent, one.getAttribute("class")])[0], ["▲ 위험 93%", "gw-chip is-danger"]);
});

test("saving one text leaves another that is being changed, its cursor and the keyboard's place", async () => {
  const { root, update, pencils } = await openPlayer();
  const draft = open(pencils[0]);
  Object.assign(draft, { value: "불이 크게", selectionStart: 3, selectionEnd: 4, selectionDirection: "none" });
  open(pencils[1]).value = "사람이 쓰러졌어요";
  press("Enter");
  draft.focus();
  const chosen = [];
  Object.getPrototypeOf(draft).setSelectionRange = (...range) => chosen.push(range);
  update({ regions: [region("1", "사람이 쓰러졌어요"), region("0", "불이 났어요")] });
  const [saved, kept] = root.querySelectorAll(".gw-edit-text");
  assert.deepEqual([saved.parentNode.hidden, kept.parentNode.hidden, kept.value], [true, false, "불이 크게"]);
  assert.deepEqual(chosen, [[3, 4, "none"]]);
  assert.equal(document.activeElement, kept, "the keys go on to the same text");
  const texts = root.querySelectorAll(".gw-text").map((one) => one.textContent);
  assert.deepEqual(texts, ["사람이 쓰러졌어요", "불이 났어요"], "the rows themselves are new");
  update({ strings: { ...STRINGS, text: "text" }, regions: [region("1", "")] });
  assert.equal(root.querySelectorAll(".gw-edit-text")[0].parentNode.hidden, true, "a region that is gone takes its draft with it");
});

test("new regions leave the focus on a row or its button, and Tab leads there", async () => {
  const { root, update } = await openPlayer();
  root.querySelectorAll(".gw-row")[1].focus();
  update({ regions: [region("0", "불이야"), region("1", "살려 주세요")] });
  const rows = root.querySelectorAll(".gw-row");
  assert.equal(document.activeElement, rows[1]);
  assert.deepEqual(rows.map((row) => row.tabIndex), [-1, 0]);
  root.querySelectorAll(".gw-pencil")[0].focus();
  update({ height: 120 });
  assert.equal(document.activeElement, root.querySelectorAll(".gw-pencil")[0]);
});

test("left and right move by a second within the recording, but not in a text", async () => {
  const { root, pencils } = await openPlayer();
  root.querySelector(".gw-row").focus();
  const places = ["ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft"].map((key) => (press(key), root.dataset.timeMs));
  assert.deepEqual(places, ["1000", "2000", "2000", "1000"]);
  assert.equal(press("ArrowLeft"), false, "the page does not scroll");
  open(pencils[0]);
  assert.equal(press("ArrowRight"), true, "the cursor moves in the text");
  assert.equal(root.dataset.timeMs, "0");
});
