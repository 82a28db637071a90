// The nodes of the component around and over the points: tools, plane, state, tip, keys.

import { button, el } from "../../player/src/dom.js";
import { KEYS } from "./keyboard.js";

const MODES = ["move", "lasso", "box"]; // what dragging does

export function canvas(name) {
  return el("canvas", { class: name, "aria-hidden": "true" });
}

/** All nodes by name; `children` are those of the root. `run`: what the tools do, by name. */
export function parts(strings, mode, run) {
  const over = canvas("gw-map-over"), tip = el("div", { class: "gw-map-tip", "aria-hidden": "true", hidden: true });
  const said = el("p", { class: "gw-map-said", role: "status" }), count = el("span", { class: "gw-map-n" });
  const holder = el("div"), stateText = el("p");
  const modes = Object.fromEntries(MODES.map((name) => [name, button({ class: "gw-map-tool", text: strings[name],
    "aria-pressed": String(name === mode), onclick: () => run.mode(name) })]));
  const tool = (name, onclick, text = strings[name]) =>
    button({ class: "gw-map-tool", text, title: strings[name], "aria-label": strings[name], onclick });
  const group = (name, ...tools) =>
    el("span", { role: "group", "aria-label": strings[name], class: "gw-map-tools" }, ...tools);
  const plane = el("div", { class: "gw-map-plane", tabindex: "0", role: "application", "aria-label": strings.map },
    over, tip);
  const retry = button({ class: "gw-map-tool", text: strings.again, onclick: run.again });
  const stateBar = el("div", { class: "gw-map-state" }, stateText, retry);
  const children = [
    el("div", { class: "gw-map-bar" },
      group("drag", ...Object.values(modes)),
      group("zoom", tool("zoom_in", run.closer, "+"), tool("zoom_out", run.farther, "−"), tool("fit", run.fit)),
      group("take", tool("view", run.view), tool("none", run.none)), count),
    el("div", { class: "gw-map-stage" }, plane, stateBar), holder, said, keys(strings),
  ];
  return { over, tip, said, count, holder, stateText, modes, plane, retry, stateBar, children };
}

function keys(strings) {
  const rows = Object.entries(KEYS).flatMap(([name, pressed]) =>
    [el("dt", {}, el("kbd", { text: pressed })), el("dd", { text: strings[name] })]);
  return el("details", { class: "gw-map-keys" }, el("summary", { text: strings.keys }), el("dl", {}, ...rows));
}

/** Shows the text of a point beside its place [x, y] on the screen, where there is room. */
export function showTip(tip, view, [x, y], text, title) {
  tip.replaceChildren(el("p", { text }), el("p", { class: "gw-map-what", text: title }));
  tip.hidden = false;
  const left = Math.min(Math.max(x + 14, 4), Math.max(4, view.width - tip.offsetWidth - 4));
  const above = y + 18 + tip.offsetHeight > view.height;
  tip.style.left = `${left}px`;
  tip.style.top = `${Math.max(4, above ? y - 14 - tip.offsetHeight : y + 14)}px`;
}
