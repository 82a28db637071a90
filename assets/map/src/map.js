// The map component: a corpus as points. The server gives the points as bytes, the text of a point when it is looked at.
// Sends the triggers `pick` (an id), `select` ({ids, turn}) and `again` (the server shall keep its bytes once more). What is
// selected comes back as bytes, so that it is there again after a reload of the component. Everything works by keyboard:
// see keyboard.js.

import { mount } from "../../player/src/dom.js";
import { Colouring } from "./colouring.js";
import { GlPainter } from "./gl.js";
import { canvas, parts, showTip } from "./frame.js";
import { boxOf, press } from "./keyboard.js";
import { legend } from "./legend.js";
import { Loader, Turns } from "./loading.js";
import { draw as drawOver } from "./overlay.js";
import { Pace, REST_MS } from "./pace.js";
import { PlainPainter } from "./plain.js";
import { listen } from "./pointer.js";
import { Points } from "./points.js";
import { diameter } from "./shapes.js";
import { Texts } from "./texts.js";
import { View, around, towards } from "./view.js";

const REACH_PX = 12; // how far from a point the pointer may be
const LOOK_MS = 70;
const STEP = 1.4;

class Chart {
  constructor(root) {
    this.root = root;
    this.mode = "move";
    this.colouring = new Colouring();
    this.near = [];
    this.outline = [];
    this.corner = null;
    this.chosen = new Set(); // the selected ids
    this.turns = new Turns(); // of selections
    this.asked = new Set(); // the addresses that the server was asked for once more
    this.cursor = this.picked = -1;
    this.before = {};
    this.pace = new Pace();
    this.texts = new Texts("/map/text");
    this.loader = new Loader({ read: (bytes) => new Points(bytes), told: (outcome) => this.#pointsTold(outcome) });
    this.ids = new Loader({ read: (bytes) => new Uint32Array(bytes), told: (outcome) => this.#idsTold(outcome) });
    this.abort = new AbortController();
    this.sizes = new ResizeObserver(() => this.#resize());
  }

  destroy() {
    this.abort.abort();
    this.loader.stop();
    this.ids.stop();
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
    const late = this.turns.isLate(data.turn); // it answers an earlier selection
    const now = { strings: JSON.stringify(data.strings), selected: late ? this.before.selected : data.selected,
      categories: JSON.stringify(data.categories) };
    const changed = (name) => now[name] !== this.before[name];
    const [strings, selected, categories] = ["strings", "selected", "categories"].map(changed);
    this.before = now;
    if (strings) this.#frame();
    if (categories && this.#isReady() && data.url === this.loader.url)
      this.colouring.take(data.categories); // the same points in other words
    this.loader.load(data.url);
    if (selected || this.ids.state === "failed") this.#fetchSelected();
    if (categories || strings) this.#legend();
    if (strings) this.#state();
    this.#settle();
    if (strings) this.#resize();
  }

  #isReady() {
    return this.loader.state === "ready";
  }

  // -- parts

  #frame() {
    const { strings } = this.data;
    this.painter?.destroy();
    this.sizes.disconnect();
    Object.assign(this, parts(strings, this.mode, {
      mode: (mode) => this.#setMode(mode), closer: () => this.zoom(STEP), farther: () => this.zoom(1 / STEP),
      fit: () => this.fit(), view: () => this.selectView(), none: () => this.#select([]), again: () => this.#again(),
    }));
    this.root.replaceChildren(...this.children);
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
    this.canvas = canvas("gw-map-points");
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

  /** The legend of the colouring that the page shows; its buttons wait for the points. */
  #legend() {
    const { categories, strings } = this.data;
    const { shown } = this.#isReady() ? this.colouring : { shown: categories.map(() => true) };
    this.holder.replaceChildren(legend({ categories, strings, shown, disabled: !this.#isReady(),
      onShow: (i) => this.#toggle(i), onSelect: (i) => this.#select(this.#places(i)) }));
  }

  #places(category) {
    return Array.from(this.points.of.keys()).filter((place) => this.points.of[place] === category);
  }

  // -- what comes from the server

  #pointsTold({ state, value, gone }) {
    if (state === "ready") {
      this.points = value;
      this.colouring.take(this.data.categories);
      this.#loaded();
    } else {
      this.colouring.wait();
      this.tip.hidden = true;
    }
    this.#legend();
    this.#state();
    if (gone) this.#askOnce(this.loader.url);
    this.later();
  }

  #idsTold({ state, value, gone }) {
    if (state === "ready") this.chosen = new Set(value);
    if (state === "none") this.chosen = new Set();
    if (state !== "loading" && state !== "failed") this.#mark();
    this.#state();
    if (gone) this.#askOnce(this.ids.url);
  }

  #fetchSelected() {
    this.ids.load(this.before.selected);
  }

  /** Says how it stands: what is loading, what failed and how to try it again. */
  #state() {
    const { strings } = this.data;
    const states = [this.loader.state, this.ids.state];
    const failed = states.includes("failed"), loading = states.includes("loading");
    if (failed || this.said.textContent === strings.trouble) this.said.textContent = failed ? strings.trouble : "";
    this.stateText.textContent = failed ? strings.trouble : loading ? strings.loading : "";
    this.retry.hidden = !failed;
    this.stateBar.hidden = !failed && !loading;
    this.plane.setAttribute("aria-busy", String(!this.#isReady()));
    this.root.dataset.state = failed ? "failed" : loading ? "loading" : this.loader.state;
    this.root.dataset.ready = this.#isReady() && !failed && !loading ? String(this.points.n) : "";
  }

  /** Bytes that made room for others come back when the page runs again. */
  #askOnce(url) {
    if (this.asked.has(url)) return;
    this.asked.add(url);
    this.send("again", true);
  }

  #again() {
    this.plane.focus({ preventScroll: true }); // the button goes away
    this.send("again", true);
    this.loader.load(this.data.url);
    this.#fetchSelected();
  }

  #loaded() {
    const same = this.view && JSON.stringify(this.view.box) === JSON.stringify(this.points.box);
    if (!same) this.view = null;
    this.painter.load(this.points, this.colouring.sizes);
    this.#mark();
    this.cursor = -1;
    this.outlined([]);
    this.corner = null;
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

  // -- selection

  close(corners) {
    this.outlined([]);
    this.#selectSome(this.points.inPolygon(corners, this.colouring.visible));
  }

  selectView() {
    this.#selectSome(this.points.within(this.view.window(), this.colouring.visible));
  }

  /** Selects places. Where there are none, what was selected before stays: a slip of the hand takes nothing away. */
  #selectSome(places) {
    if (places.length) this.#select(places);
    else this.said.textContent = this.data.strings.empty;
  }

  /** Selects places. While the points are neutral nothing is selected: nobody sees what it would be. */
  #select(places) {
    if (!this.#isReady()) return;
    this.chosen = new Set(places.map((place) => this.points.ids[place]));
    this.#mark();
    this.said.textContent = this.#counted();
    this.send("select", { ids: [...this.chosen], turn: this.turns.next() });
  }

  #counted() {
    return this.data.strings.selected.replace("{n}", this.chosen.size.toLocaleString());
  }

  /** Emphasises the selected points. */
  #mark() {
    if (!this.points) return;
    const places = [...this.chosen].map((id) => this.points.placeOf.get(id)).filter((at) => at !== undefined);
    this.painter.mark(places.length ? new Set(places) : null);
    this.count.textContent = this.chosen.size ? this.#counted() : "";
    this.root.dataset.selected = String(this.chosen.size);
    this.later();
  }

  toggleCursor() {
    if (this.cursor < 0) return;
    const id = this.points.ids[this.cursor], ids = new Set(this.chosen);
    if (!ids.delete(id)) ids.add(id);
    this.#select([...ids].map((one) => this.points.placeOf.get(one)).filter((at) => at !== undefined));
  }

  /** Begins a box at the point that is looked at; the second time, selects what lies between that and this point. */
  box() {
    if (this.cursor < 0) return;
    const here = [this.points.x[this.cursor], this.points.y[this.cursor]];
    if (this.corner) {
      const box = around(boxOf(this.corner, here)); // both corners belong to it, unlike what a lasso only touches
      this.corner = null;
      this.outlined([]);
      this.#select(this.points.within(box, this.colouring.visible));
      return;
    }
    this.corner = here;
    this.said.textContent = this.data.strings.box_begun;
  }

  /** Takes back a box that was begun, else the selection. */
  escape() {
    if (!this.corner) return this.#select([]);
    this.corner = null;
    this.outlined([]);
    this.said.textContent = "";
  }

  pickCursor() {
    if (this.cursor >= 0) this.#pick(this.cursor);
  }

  pickAt(px, py) {
    this.plane.focus({ preventScroll: true });
    const place = this.#at(px, py);
    if (place >= 0) this.#pick(place);
  }

  #pick(place) {
    if (!this.#isReady()) return;
    this.picked = this.cursor = place;
    this.near = [];
    this.send("pick", this.points.ids[place]);
    this.later();
  }

  #at(px, py) {
    if (!this.points || px < 0) return -1;
    return this.points.nearest(...this.view.toWorld(px, py), REACH_PX / this.view.scale, this.colouring.visible);
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
    if (this.corner && place >= 0) this.outline = boxOf(this.corner, [this.points.x[place], this.points.y[place]]);
    this.later();
    if (place >= 0) this.waiting = setTimeout(() => this.#tell(place, aloud), LOOK_MS);
  }

  async #tell(place, aloud) {
    const text = await this.texts.of(this.points.ids[place]);
    if (place !== this.cursor || this.abort.signal.aborted) return;
    const title = this.colouring.title(this.points.of[place]);
    const isSelected = this.chosen.has(this.points.ids[place]);
    showTip(this.tip, this.view, this.view.toScreen(this.points.x[place], this.points.y[place]), text, title);
    const said = [title, isSelected && this.data.strings.is_selected, text];
    if (aloud) this.said.textContent = said.filter(Boolean).join(" · ");
  }

  // -- keys and tools

  #key(event) {
    if (!this.points || !press(this, event)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Moves the point that is looked at to its next neighbour on the screen in a direction. */
  step(dx, dy) {
    const places = this.points.within(this.view.window(), this.colouring.visible);
    const from = this.cursor >= 0 ? this.cursor : this.picked;
    const to = from >= 0 ? towards(places, this.points.x, this.points.y, from, dx, dy) : this.#middle();
    if (to >= 0) this.#lookAt(to, true);
  }

  #middle() {
    const [x, y] = this.view.toWorld(this.view.width / 2, this.view.height / 2);
    const reach = Math.max(this.view.width, this.view.height) / this.view.scale;
    return this.points.nearest(x, y, reach, this.colouring.visible);
  }

  #setMode(mode) {
    this.mode = mode;
    this.plane.dataset.mode = mode;
    for (const [name, node] of Object.entries(this.modes)) node.setAttribute("aria-pressed", String(name === mode));
  }

  #toggle(category) {
    this.colouring.toggle(category);
    const isShown = String(this.colouring.shown[category]);
    this.holder.querySelectorAll(".gw-map-category")[category].setAttribute("aria-pressed", isShown);
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
    this.painter.draw(this.view, this.colouring, size, this.ratio, every);
    this.root.dataset.every = String(every);
    drawOver(this.over, this.ratio, this.view, this.points, { ...this, ...look });
    this.root.dataset.frames = String(Number(this.root.dataset.frames ?? 0) + 1);
  }
}

export default mount(Chart, ".gw-map");
