// The history of one utterance: the changes of each decision, newest first, each with a button that restores it.

import { diffNodes } from "../diff.js";
import { button, clock, el } from "../dom.js";
import { moment } from "./panels.js";

/** List items for `rows` (oldest first). A button calls `restore(version)`; the current version has none. */
export function timeline(t, rows, titles, restore) {
  const standing = rows.findLast((row) => row.what !== "remark")?.version;
  return [...rows].reverse().map((row) => (row.what === "remark" ? remarked(t, row) : decided(t, row, titles, standing, restore)));
}

function remarked(t, row) {
  const text = row.kind === "comment" ? row.text : t[`is_${row.kind}`];
  return el("li", {}, el("div", { class: "gw-when", text: `${moment(row.at)} · ${row.curator}` }), el("p", { text }));
}

function decided(t, row, titles, standing, restore) {
  const spent = Number.isInteger(row.spent_ms) ? `${(row.spent_ms / 1000).toFixed(1)} s` : "";
  const act = row.what === "received" ? t.received : (t[`act_${row.act}`] ?? "").replace("{n}", row.restores);
  const facts = [row.version, row.at && moment(row.at), row.curator, act, row.why, spent, row.undone && t.is_undone];
  return el("li", { "data-version-row": row.version, class: row.undone ? "gw-undone" : null },
    el("div", { class: "gw-when", text: facts.filter((fact) => fact || fact === 0).join(" · ") }),
    el("div", { class: "gw-changes" }, ...changes(t, row.before ?? {}, row.after ?? {}, titles)),
    row.version === standing ? el("span", { class: "gw-note", text: t.standing })
      : button({ class: "gw-small", "data-restore": row.version, text: t.restore, onclick: () => restore(row.version) }));
}

function changes(t, before, after, titles) {
  const nodes = [];
  if ("text" in after) nodes.push(el("p", { class: "gw-diff" }, ...diffNodes(before.text ?? after.text, after.text)));
  if ("start_ms" in after || "end_ms" in after)
    nodes.push(el("p", { text: `${t.times}: ${span(before)} → ${span(after)}` }));
  if ("skipped" in after) nodes.push(el("p", { text: after.skipped ? t.skipped : t.unskipped }));
  for (const name of Object.keys(after.labels ?? {})) {
    const [was, is] = [before, after].map((side) => titles({ [name]: codeOf(side.labels?.[name]) })[0]);
    nodes.push(el("p", { text: `${is[0]}: ${was[1] || "–"} → ${is[1] || "–"}` }));
  }
  return nodes;
}

/** A label in a revision is {code, grade, by}, or null where there was none. */
function codeOf(label) {
  return label && typeof label === "object" ? label.code : (label ?? "");
}

function span({ start_ms: start, end_ms: end }) {
  return [start, end].map((ms) => (Number.isInteger(ms) ? clock(ms) : "…")).join(" – ");
}
