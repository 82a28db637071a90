// What opens over the desk: the list of keys, the reasons to skip, the two versions of a conflict.
// Native modal dialogs: the browser keeps the focus inside, and Escape closes. Keys are physical ones here too.

import { diffNodes } from "../diff.js";
import { button, clock, el } from "../dom.js";
import { codesOf, hasModifier, isComposing } from "../keys.js";

/** A modal with a title; `keys`: event.code -> what to do, where nothing is being typed. */
function modal(root, t, title, keys, ...children) {
  const close = () => node.close();
  const node = el("dialog", { class: "gw-dialog", "aria-label": title },
    el("div", { class: "gw-bar" }, el("h2", { text: title }), el("span", { class: "gw-gap" }),
      button({ class: "gw-command", "data-close": true, onclick: close }, el("kbd", { text: "Esc" }), el("span", { text: t.close }))),
    ...children);
  node.addEventListener("keydown", (event) => {
    event.stopPropagation();
    const typing = event.target.matches?.("input, textarea");
    if (isComposing(event) || event.repeat || typing || (hasModifier(event) && event.code !== "Slash")) return;
    const run = keys[event.code];
    if (!run) return;
    event.preventDefault();
    run();
  });
  node.addEventListener("close", () => node.remove());
  root.append(node);
  node.showModal();
  return node;
}

/** `sections`: [title, [[key, what it does], ...]]. */
export function showHelp(root, t, sections) {
  const close = () => node.close();
  const list = ([title, keys]) =>
    el("section", {}, el("h3", { text: title }), el("dl", { class: "gw-help" },
      ...keys.flatMap(([key, what]) => [el("dt", {}, el("kbd", { text: key })), el("dd", { text: what })])));
  const node = modal(root, t, t.help_title, { F1: close, Slash: close },
    el("div", { class: "gw-help-columns" }, ...sections.map(list)), el("p", { class: "gw-note", text: t.help_note }));
}

/** `reasons`: {code, title} each. `onReason(code or own words)` once; they are on the digits, own words on the last. */
export function showReasons(root, t, reasons, onReason) {
  const choose = (reason) => {
    node.close();
    onReason(reason);
  };
  const own = el("input", { class: "gw-line", "aria-label": t.reason_own, placeholder: t.reason_own, maxlength: "300" });
  own.addEventListener("keydown", (event) => {
    if (event.code !== "Enter" || isComposing(event) || event.repeat) return;
    event.preventDefault();
    if (own.value.trim()) choose(own.value.trim());
  });
  const keys = {};
  const items = reasons.map((reason, index) => {
    const digit = String(index + 1);
    for (const code of codesOf(digit)) keys[code] = () => choose(reason.code);
    return el("li", {}, button({ class: "gw-choice", "data-reason": reason.code, onclick: () => choose(reason.code) },
      el("kbd", { text: digit }), el("span", { text: reason.title })));
  });
  const last = String(reasons.length + 1);
  for (const code of codesOf(last)) keys[code] = () => own.focus();
  const node = modal(root, t, t.skip_title, keys, el("ul", { class: "gw-reasons" }, ...items,
    el("li", { class: "gw-own" }, el("kbd", { text: last }), own)));
  items[0].firstChild.focus();
}

/**
 * A decision that was refused because somebody was faster. `titles(labels)`: [scheme's title, classes' titles] pairs.
 * `choose("mine" | "theirs")` once; closing decides nothing.
 */
export function showConflict(root, t, { mine, theirs, error }, titles, choose) {
  const end = (which) => {
    node.close();
    choose(which);
  };
  const column = (title, version, text, name, digit, label) =>
    el("section", { class: "gw-version", "data-version-of": name, "aria-label": title },
      el("h3", { text: title }), el("p", { class: "gw-diff" }, ...text), facts(t, version, titles),
      button({ class: "gw-choice", "data-keep": name, onclick: () => end(name) }, el("kbd", { text: digit }), el("span", { text: label })));
  const before = mine.text ?? theirs.text ?? "";
  const after = theirs.text ?? before;
  const keys = { Digit1: () => end("mine"), Numpad1: () => end("mine"), Digit2: () => end("theirs"), Numpad2: () => end("theirs") };
  const node = modal(root, t, t.conflict_title, keys, el("p", { class: "gw-note", text: error }),
    el("div", { class: "gw-versions" },
      column(t.mine, mine, [el("span", { text: before })], "mine", "1", t.keep_mine),
      column(t.theirs, theirs, diffNodes(before, after), "theirs", "2", t.take_theirs)));
  node.querySelector("[data-keep=mine]").focus();
}

/** What a version says besides its text, as a list of terms. */
function facts(t, version, titles) {
  const rows = titles(version.labels ?? {});
  if (Number.isInteger(version.start_ms) && Number.isInteger(version.end_ms))
    rows.push([t.times, `${clock(version.start_ms)} – ${clock(version.end_ms)}`]);
  if (version.skipped) rows.push([t.skipped, version.skip_reason || t.yes]);
  if (version.curator) rows.push([t.curator, version.curator]);
  if (version.at) rows.push([t.at, moment(version.at)]);
  return el("dl", { class: "gw-facts" }, ...rows.flatMap(([name, value]) => [el("dt", { text: name }), el("dd", { text: value })]));
}

/** An instant of the store in the reader's own time. */
export function moment(at) {
  const read = new Date(at);
  return Number.isNaN(read.getTime()) ? at : read.toLocaleString(undefined, { dateStyle: "short", timeStyle: "medium" });
}
