// The legend: a row for each category with its symbol, title and number; a row hides its points or selects them.

import { button, el } from "../../player/src/dom.js";
import { CORNERS, SHAPES } from "./shapes.js";

const SVG = "http://www.w3.org/2000/svg";

/** A list of rows; `disabled`: its buttons wait for the points.
 *  `onShow(category)` is called by the row's own button, `onSelect(category)` by the one beside it. */
export function legend({ categories, strings, shown, disabled, onShow, onSelect }) {
  const rows = categories.map((category, i) =>
    el("li", { class: "gw-map-row" },
      button({ class: "gw-map-category", "aria-pressed": String(shown[i]), title: strings.show, disabled,
        onclick: () => onShow(i) },
        symbol(SHAPES[i % SHAPES.length], category.color),
        el("span", { class: "gw-map-title", text: category.title }),
        el("span", { class: "gw-map-count", text: category.n.toLocaleString() })),
      button({ class: "gw-map-take", text: strings.take, disabled: disabled || !category.n,
        "aria-label": `${strings.take}: ${category.title}`, onclick: () => onSelect(i) })));
  return el("ul", { class: "gw-map-legend", "aria-label": strings.legend }, ...rows);
}

function symbol(shape, color) {
  const svg = document.createElementNS(SVG, "svg");
  const part = document.createElementNS(SVG, CORNERS[shape] ? "polygon" : "circle");
  const given = CORNERS[shape] ? { points: CORNERS[shape].map((corner) => corner.join(",")).join(" "), fill: color }
    : shape === "ring" ? { r: 0.75, fill: "none", stroke: color, "stroke-width": 0.4 } : { r: 0.95, fill: color };
  for (const [name, value] of Object.entries({ viewBox: "-1.1 -1.1 2.2 2.2", width: 14, height: 14, "aria-hidden": "true" }))
    svg.setAttribute(name, value);
  for (const [name, value] of Object.entries(given)) part.setAttribute(name, value);
  svg.append(part);
  return svg;
}
