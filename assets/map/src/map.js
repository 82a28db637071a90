// The map component: a corpus as points. The server gives the points as bytes, the text of a point when it is looked at.
// Sends the trigger `pick` (an id) and the trigger `select` ({ids}); what is selected comes back as bytes, so that it is
// there again after a reload of the component. Everything works by keyboard: see KEYS.

import { button, el, mount } from "../../player/src/dom.js";
import { GlPainter } from "./gl.js";
import { legend } from "./legend.js";
import { draw as drawOver } from "./overlay.js";
import { Pace, REST_MS } from "./pace.js";
import { PlainPainter } from "./plain.js";
import { listen } from "./pointer.js";
import { Points } from "./points.js";
import { diameter } from "./shapes.js";
import { Texts } from "./texts.js";
import { View, towards } from "./view.js";

const REACH_PX = 12; // how far from a point the pointer may be
const PAN_PX = 60;
const LOOK_MS = 70;
const STEP = 1.4;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const KEYS = { key_point: "← ↑ → ↓", key_pick: "Enter", key_pan: "Shift ← ↑ → ↓", key_zoom: "+ −", key_fit: "0",
  key_view: "V", key_none: "Esc" };
const MODES = ["move", "lasso", "box"];

class Chart {
  constructor(root) {
    this.root = root;
    this.mode = "move";
    this.shown = [];
    this.near = [];
    this.outline = [];
    this.selected = null;
    this.cursor = this.picked = -1;
    this.before = {};
    this.pace = new Pace();
    this.texts = new Texts("/map/text");
    this.abort = new AbortController();
    this.sizes = new ResizeObserver(() => this.#resize());
  }

  destroy() {
    this.abort.abort();
    this.sizes.disconnect();
    this.painter?.destroy();
    cancelAnimationFrame(this.frame);
    clearTimeout(this.waiting);
    clearTimeout(this.rest);
    this.root.replaceChildren();
  }

  update({ data, setTriggerValue }) {
    this.data = data;
    this.send = setTriggerValue;
    const now = { strings: JSON.stringify(data.strings), url: data.url, selected: data.selected,
      categories: JSON.stringify(data.categories) };
    const changed = (name) => now[name] !== this.before[name];
    const [strings, url, selected, categories] = ["strings", "url", "selected", "categories"].map(changed);
    this.before = now;
    if (strings) this.#frame();
    if (categories) this.shown = data.categories.map(() => true);
    if (categories || strings) this.#legend();
    if (url) this.#load();
    else this.#settle();
    if (selected && !url) this.#fetchSelected();
    if (strings && !url) this.#resize();
  }

  // -- parts

  #frame() {
    const { strings } = this.data;
    this.painter?.destroy();
    this.sizes.disconnect();
    this.over = el("canvas", { class: "gw-map-over", "aria-hidden": "true" });
    this.tip = el("div", { class: "gw-map-tip", "aria-hidden": "true", hidden: true });
    this.said = el("p", { class: "gw-map-said", role: "status" });
    this.count = el("span", { class: "gw-map-n" });
    this.modes = MODES.map((mode) =>
      button({ class: "gw-map-tool", text: strings[mode], "aria-pressed": String(mode === this.mode),
        onclick: () => this.#setMode(mode) }));
    const tool = (name, run, text = strings[name]) =>
      button({ class: "gw-map-tool", text, title: strings[name], "aria-label": strings[name], onclick: run });
    this.plane = el("div", { class: "gw-map-plane", tabindex: "0", role: "application", "aria-label": strings.map },
      this.over, this.tip);
    this.holder = el("div");
    this.root.replaceChildren(
      el("div", { class: "gw-map-bar" },
        el("span", { role: "group", "aria-label": strings.drag, class: "gw-map-tools" }, ...this.modes),
        el("span", { role: "group", "aria-label": strings.zoom, class: "gw-map-tools" },
          tool("zoom_in", () => this.zoom(STEP), "+"), tool("zoom_out", () => this.zoom(1 / STEP), "−"),
          tool("fit", () => this.fit())),
        tool("view", () => this.#selectView()), tool("none", () => this.#select([])), this.count),
      this.plane, this.holder, this.said,
      el("details", { class: "gw-map-keys" }, el("summary", { text: strings.keys }),
        el("dl", {}, ...Object.entries(KEYS).flatMap(([name, keys]) =>
          [el("dt", {}, el("kbd", { text: keys })), el("dd", { text: strings[name] })]))));
    this.#paintBy(GlPainter);
    listen(this.over, this, this.abort.signal);
    this.plane.addEventListener("keydown", (event) => this.#key(event), { signal: this.abort.signal });
    this.sizes.observe(this.plane);
    if (this.points) this.#loaded();
  }

  /** Puts a canvas with its painter below the overlay; without WebGL the plain one. */
  #paintBy(Painter) {
    this.painter?.destroy();
    this.canvas?.remove();
    this.canvas = el("canvas", { class: "gw-map-points", "aria-hidden": "true" });
    this.plane.prepend(this.canvas);
    try {
      this.painter = new Painter(this.canvas);
    } catch {
      return this.#paintBy(PlainPainter);
    }
    this.root.dataset.painter = Painter === GlPainter ? "gl" : "plain";
    this.canvas.addEventListener("webglcontextlost", () => {
      if (this.abort.signal.aborted || !this.canvas.isConnected) return;
      this.#paintBy(PlainPainter);
      if (this.points) this.#loaded();
    }, { signal: this.abort.signal });
    return undefined;
  }

  #legend() {
    const { categories, strings } = this.data;
    this.holder.replaceChildren(legend({ categories, strings, shown: this.shown,
      onShow: (i) => this.#toggle(i), onSelect: (i) => this.#select(this.#places(i)) }));
  }

  #places(category) {
    return Array.from(this.points.of.keys()).filter((place) => this.points.of[place] === category);
  }

  // -- what comes from the server

  async #load() {
    const { url } = this.data;
    this.root.dataset.ready = "";
    try {
      const response = await fetch(url, { signal: this.abort.signal });
      if (!response.ok) throw new Error(String(response.status));
      const bytes = await response.arrayBuffer();
      if (url !== this.data.url) return;
      this.points = new Points(bytes);
    } catch (error) {
      if (!this.abort.signal.aborted) this.said.textContent = this.data.strings.trouble;
      return;
    }
    this.said.textContent = "";
    this.#loaded();
    await this.#fetchSelected();
    this.root.dataset.ready = String(this.points.n);
  }

  #loaded() {
    const same = this.view && JSON.stringify(this.view.box) === JSON.stringify(this.points.box);
    if (!same) this.view = this.selected = null;
    this.painter.load(this.points, this.data.categories.map((category) => category.n));
    this.painter.mark(this.selected);
    this.cursor = -1;
    this.#resize();
    this.#settle();
  }

  /** Shows what the page has picked and its neighbours. */
  #settle() {
    if (!this.points) return;
    const place = (id) => this.points.placeOf.get(id) ?? -1;
    this.picked = this.data.picked === null ? -1 : place(this.data.picked);
    this.near = this.data.near.map(place).filter((at) => at >= 0);
    this.later();
  }

  async #fetchSelected() {
    const url = this.data.selected;
    if (!this.points) return;
    let ids = new Uint32Array();
    if (url) {
      const response = await fetch(url, { signal: this.abort.signal }).catch(() => null);
      if (!response?.ok || url !== this.data.selected) return;
      ids = new Uint32Array(await response.arrayBuffer());
    }
    this.#mark(Array.from(ids, (id) => this.points.placeOf.get(id)).filter((at) => at !== undefined));
  }

  // -- selection

  close(corners) {
    this.outlined([]);
    this.#select(this.points.inPolygon(corners, this.shown));
  }

  #selectView() {
    this.#select(this.points.within(this.view.window(), this.shown));
  }

  #select(places) {
    this.#mark(places);
    this.send("select", { ids: places.map((place) => this.points.ids[place]) });
  }

  #mark(places) {
    this.selected = places.length ? new Set(places) : null;
    this.painter.mark(this.selected);
    this.count.textContent = places.length ? this.data.strings.selected.replace("{n}", places.length.toLocaleString()) : "";
    this.root.dataset.selected = String(places.length);
    this.later();
  }

  pickAt(px, py) {
    this.plane.focus({ preventScroll: true });
    const place = this.#at(px, py);
    if (place >= 0) this.#pick(place);
  }

  #pick(place) {
    this.picked = this.cursor = place;
    this.near = [];
    this.send("pick", this.points.ids[place]);
    this.later();
  }

  #at(px, py) {
    if (!this.points || px < 0) return -1;
    return this.points.nearest(...this.view.toWorld(px, py), REACH_PX / this.view.scale, this.shown);
  }

  // -- looking

  look(px, py) {
    this.#lookAt(this.#at(px, py), false);
  }

  #lookAt(place, aloud) {
    if (place === this.cursor) return;
    this.cursor = place;
    this.tip.hidden = true;
    clearTimeout(this.waiting);
    this.later();
    if (place >= 0) this.waiting = setTimeout(() => this.#tell(place, aloud), LOOK_MS);
  }

  async #tell(place, aloud) {
    const text = await this.texts.of(this.points.ids[place]);
    if (place !== this.cursor || this.abort.signal.aborted) return;
    const title = this.data.categories[this.points.of[place]]?.title ?? "";
    this.tip.replaceChildren(el("p", { text }), el("p", { class: "gw-map-what", text: title }));
    this.tip.hidden = false;
    const [x, y] = this.view.toScreen(this.points.x[place], this.points.y[place]);
    const left = Math.min(Math.max(x + 14, 4), Math.max(4, this.view.width - this.tip.offsetWidth - 4));
    const above = y + 18 + this.tip.offsetHeight > this.view.height;
    this.tip.style.left = `${left}px`;
    this.tip.style.top = `${Math.max(4, above ? y - 14 - this.tip.offsetHeight : y + 14)}px`;
    if (aloud) this.said.textContent = `${title}: ${text}`;
  }

  // -- keys and tools

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.points) return;
    const arrow = ARROWS[event.key];
    const runs = { Enter: () => this.cursor >= 0 && this.#pick(this.cursor), "+": () => this.zoom(STEP),
      "=": () => this.zoom(STEP), "-": () => this.zoom(1 / STEP), 0: () => this.fit(), Escape: () => this.#select([]) };
    if (event.code === "KeyV") this.#selectView();
    else if (arrow && event.shiftKey) this.pan(-arrow[0] * PAN_PX, arrow[1] * PAN_PX);
    else if (arrow) this.#step(...arrow);
    else if (runs[event.key]) runs[event.key]();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Moves the point that is looked at to its next neighbour on the screen in a direction. */
  #step(dx, dy) {
    const places = this.points.within(this.view.window(), this.shown);
    const from = this.cursor >= 0 ? this.cursor : this.picked;
    const to = from >= 0 ? towards(places, this.points.x, this.points.y, from, dx, dy) : this.#middle();
    if (to >= 0) this.#lookAt(to, true);
  }

  #middle() {
    const [x, y] = this.view.toWorld(this.view.width / 2, this.view.height / 2);
    return this.points.nearest(x, y, Math.max(this.view.width, this.view.height) / this.view.scale, this.shown);
  }

  #setMode(mode) {
    this.mode = mode;
    this.plane.dataset.mode = mode;
    this.modes.forEach((node, i) => node.setAttribute("aria-pressed", String(MODES[i] === mode)));
  }

  #toggle(category) {
    this.shown[category] = !this.shown[category];
    this.holder.querySelectorAll(".gw-map-category")[category].setAttribute("aria-pressed", String(this.shown[category]));
    this.later();
  }

  hasFocus() {
    return this.root.getRootNode().activeElement === this.plane;
  }

  zoom(factor, px, py) {
    this.view?.zoom(factor, px, py);
    this.#moved();
  }

  pan(dx, dy) {
    this.view?.pan(dx, dy);
    this.#moved();
  }

  fit() {
    this.view?.fit();
    this.#moved();
  }

  outlined(corners) {
    this.outline = corners;
    this.later();
  }

  #moved() {
    this.tip.hidden = true;
    this.pace.move(performance.now());
    clearTimeout(this.rest);
    this.rest = setTimeout(() => this.later(), REST_MS + 10);
    this.later();
  }

  // -- drawing

  #resize() {
    if (!this.plane || !this.points) return;
    const width = this.plane.clientWidth, height = this.plane.clientHeight;
    if (!width || !height) return;
    this.ratio = window.devicePixelRatio || 1;
    for (const canvas of [this.canvas, this.over]) {
      canvas.width = Math.round(width * this.ratio);
      canvas.height = Math.round(height * this.ratio);
    }
    if (this.view) this.view.resize(width, height);
    else this.view = new View(this.points.box, width, height);
    this.later();
  }

  later() {
    if (this.drawing) return;
    this.drawing = true;
    this.frame = requestAnimationFrame((now) => {
      this.drawing = false;
      if (this.points && this.view && !this.abort.signal.aborted) this.#draw(now);
    });
  }

  #draw(now) {
    const style = getComputedStyle(this.root);
    const look = { ink: style.color, paper: style.getPropertyValue("--st-background-color") || "white" };
    const size = diameter(this.points.n, this.view.scale / this.view.least);
    const every = this.pace.frame(now);
    const colors = this.data.categories.map((category) => category.color);
    this.painter.draw(this.view, colors, this.shown, size, this.ratio, every);
    this.root.dataset.every = String(every);
    drawOver(this.over, this.ratio, this.view, this.points, { ...this, ...look });
    this.root.dataset.frames = String(Number(this.root.dataset.frames ?? 0) + 1);
  }
}

export default mount(Chart, ".gw-map");
