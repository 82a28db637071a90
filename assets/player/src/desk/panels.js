// Dialogs over the desk: the list of keys, the reasons to skip, the two versions of a conflict.
// Each function returns its Modal, to which the desk passes the keys.

import { diffNodes } from "../diff.js";
import { button, clock, el } from "../dom.js";
import { codesOf } from "../keys.js";
import { Modal } from "./modal.js";

/** `sections`: [title, [[key, what it does], ...]]. The keys that open the list close it. */
export function showHelp(root, t, sections) {
  const close = () => modal.end();
  const list = ([title, keys]) =>
    el("section", {}, el("h3", { text: title }), el("dl", { class: "gw-help" },
      ...keys.flatMap(([key, what]) => [el("dt", {}, el("kbd", { text: key })), el("dd", { text: what })])));
  const modal = new Modal(root, t, t.help_title, { keys: { F1: close, Slash: close, "Shift+Slash": close } },
    el("div", { class: "gw-help-columns" }, ...sections.map(list)), el("p", { class: "gw-note", text: t.help_note }));
  return modal;
}

/** `reasons`: {code, title} each; `begun`: own words typed earlier, told again to `onTyped` as they change. `onReason(code or own words)` once; they are on the digits, own words on the last. */
export function showReasons(root, t, reasons, onReason, begun = "", onTyped = () => {}) {
  const choose = (reason) => modal.end(() => onReason(reason));
  const own = el("input", { class: "gw-line", "aria-label": t.reason_own, placeholder: t.reason_own, maxlength: "300",
    oninput: () => onTyped(own.value.trim()) });
  own.value = begun;
  const typed = { Enter: () => own.value.trim() && choose(own.value.trim()) };
  const keys = {};
  const items = reasons.map((reason, index) => {
    const digit = String(index + 1);
    for (const code of codesOf(digit)) keys[code] = () => choose(reason.code);
    return el("li", {}, button({ class: "gw-choice", "data-reason": reason.code, onclick: () => choose(reason.code) },
      el("kbd", { text: digit }), el("span", { text: reason.title })));
  });
  const last = String(reasons.length + 1);
  for (const code of codesOf(last)) keys[code] = () => own.focus();
  const modal = new Modal(root, t, t.skip_title, { keys, typed }, el("ul", { class: "gw-reasons" }, ...items,
    el("li", { class: "gw-own" }, el("kbd", { text: last }), own)));
  items[0].firstChild.focus();
  return modal;
}

/** Asks once before many decisions are saved. `lines`: [class, how many]; `onYes` once, by Enter or the button. */
export function showQuestion(root, t, question, lines, onYes) {
  const yes = () => modal.end(onYes);
  const modal = new Modal(root, t, t.batch_ask, { keys: { Enter: yes } }, el("p", { text: question }),
    el("dl", { class: "gw-facts" }, ...lines.flatMap(([name, n]) => [el("dt", { text: name }), el("dd", { text: n.toLocaleString() })])),
    button({ class: "gw-choice", "data-yes": true, onclick: yes }, el("kbd", { text: "Enter" }), el("span", { text: t.batch_yes })));
  modal.node.querySelector("[data-yes]").focus();
  return modal;
}

/**
 * A decision that was refused because somebody was faster. `titles(labels)`: [scheme's title, classes' titles] pairs.
 * `choose("mine" | "theirs")` once; closing decides nothing.
 */
export function showConflict(root, t, { mine, theirs, error }, titles, choose) {
  const end = (which) => modal.end(() => choose(which));
  const column = (title, version, text, name, digit, label) =>
    el("section", { class: "gw-version", "data-version-of": name, "aria-label": title },
      el("h3", { text: title }), el("p", { class: "gw-diff" }, ...text), facts(t, version, titles),
      button({ class: "gw-choice", "data-keep": name, onclick: () => end(name) }, el("kbd", { text: digit }), el("span", { text: label })));
  const before = mine.text ?? theirs.text ?? "";
  const after = theirs.text ?? before;
  const keys = {};
  for (const code of codesOf("1")) keys[code] = () => end("mine");
  for (const code of codesOf("2")) keys[code] = () => end("theirs");
  const modal = new Modal(root, t, t.conflict_title, { keys }, el("p", { class: "gw-note", text: error }),
    el("div", { class: "gw-versions" },
      column(t.mine, mine, [el("span", { text: before })], "mine", "1", t.keep_mine),
      column(t.theirs, theirs, diffNodes(before, after), "theirs", "2", t.take_theirs)));
  modal.node.querySelector("[data-keep=mine]").focus();
  return modal;
}

/** Labels, times, curator and date of a version as a list of terms. */
function facts(t, version, titles) {
  const rows = titles(version.labels ?? {});
  if (Number.isInteger(version.start_ms) && Number.isInteger(version.end_ms))
    rows.push([t.times, `${clock(version.start_ms)} – ${clock(version.end_ms)}`]);
  if (version.skipped) rows.push([t.skipped, version.skip_reason || t.yes]);
  if (version.curator) rows.push([t.curator, version.curator]);
  if (version.at) rows.push([t.at, moment(version.at)]);
  return el("dl", { class: "gw-facts" }, ...rows.flatMap(([name, value]) => [el("dt", { text: name }), el("dd", { text: value })]));
}

/** Formats an instant of the store in the reader's time zone. */
export function moment(at) {
  const read = new Date(at);
  return Number.isNaN(read.getTime()) ? at : read.toLocaleString(undefined, { dateStyle: "short", timeStyle: "medium" });
}
