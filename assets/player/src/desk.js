// The review screen: one utterance, or a page of short ones, decided by key. Cards come from the desk's routes and
// decisions go there. A decision is on disk before the next card shows; a decision that could not be sent stays.
// A key counts for the (item, version) that was painted, once: see gate.js. Texts are hostile: only textContent.

import { button, el, hide, mount } from "./dom.js";
import { commandOf, COMMANDS } from "./desk/commands.js";
import { Grid } from "./desk/grid.js";
import { Line } from "./desk/line.js";
import { Link } from "./desk/link.js";
import { One } from "./desk/one.js";
import { showConflict, showHelp } from "./desk/panels.js";
import { Gate } from "./gate.js";
import { Drafts } from "./drafts.js";
import { combination, hasOtherModifier, isComposing, isOnControl, isTyping, returnFocus } from "./keys.js";

const AHEAD = 4;

class Desk {
  constructor(root) {
    this.root = root;
    this.gate = new Gate();
    this.serial = 0;
    this.drafts = new Map();
    this.progress = {};
    this.modal = null; // the dialog that was opened last; it has the keys while it is open
    this.control = this.control.bind(this);
    this.run = this.run.bind(this);
    this.abort = new AbortController();
    const { signal } = this.abort;
    // Capture: Streamlit has single-key shortcuts of its own, which must not fire along with a label.
    document.addEventListener("keydown", (event) => this.#key(event), { capture: true, signal });
    window.addEventListener("pagehide", () => this.link?.release(), { signal });
    returnFocus(root, signal);
  }

  destroy() {
    this.abort.abort();
    cancelAnimationFrame(this.frame);
    this.link?.release();
    this.modal?.end();
    this.face?.destroy();
    this.root.replaceChildren();
  }

  /** `data.work` names queue, schemes and mode. If it changes, the screen starts again; with a new token only, it goes on. */
  update({ data, setTriggerValue }) {
    this.trigger = setTriggerValue;
    const shape = JSON.stringify({ ...data, base: "" });
    const [rebuild, moved, other] = [shape !== this.shape, data.base !== this.data?.base, data.work !== this.data?.work];
    if (data.curator !== this.data?.curator) this.latest = undefined;
    this.shape = shape;
    this.data = data;
    this.t = data.strings;
    this.kept = new Drafts(`${data.place}.desk`);
    if (other) this.#clear();
    if (moved) this.#connect(other);
    if (rebuild) this.#build(other);
    else this.face.recolor();
    if (moved && !rebuild) this.fail(null); // the server is back
    if (other || (moved && !this.face.shown.length)) this.next();
  }

  #connect(other) {
    this.link = new Link(this.data.base);
    const size = this.data.batch ? { ahead: 20, low: 0, eager: false } : { ahead: AHEAD, low: AHEAD / 2, eager: true };
    if (other) {
      const line = new Line(this.link, { ...size, onFill: (answer) => line === this.line && this.#filled(answer) });
      this.line = line;
    }
    this.line.link = this.link;
  }

  #filled(answer) {
    this.#count(answer.progress);
    // The value from a decision or undo is newer than the one in an answer to an earlier request for cards.
    if (this.latest === undefined) this.#knows(answer, this.data.curator);
  }

  /** Stores the revision that the next undo undoes, if the answer is for this curator. Null: there is none. */
  #knows(answer, curator) {
    if (answer.ok && curator === this.data.curator) this.latest = answer.latest;
  }

  /** Clears the screen until the first cards of another desk come: no key counts, and nothing is marked as painted. */
  #clear() {
    this.gate.offer({ item: "", version: "", session: ++this.serial, echo: "" });
    Object.assign(this.root.dataset, { item: "", version: "", paintedAt: "", audioReadyAt: "", locked: "" });
    this.root.setAttribute("aria-busy", "true");
    this.progress = {};
  }

  // --- building ---------------------------------------------------------------------------------------------------

  #build(other) {
    const { t, data } = this;
    const shown = other ? [] : (this.face?.shown ?? []);
    if (!other && shown.length === 1) this.drafts.set(shown[0].utterance.id, this.face.draft());
    this.modal?.end();
    this.face?.destroy();
    this.counters = el("span", { class: "gw-clock" });
    this.error = el("p", { class: "gw-error", role: "alert" });
    this.status = el("span", { class: "gw-status", role: "status", "aria-live": "polite" });
    this.last = el("p", { class: "gw-note gw-last" });
    this.again = button({ class: "gw-small", "data-again": true, text: t.look_again, onclick: () => this.next() });
    this.empty = el("div", { class: "gw-empty", hidden: true }, el("p", { text: t.empty }), this.again);
    this.face = data.batch ? new Grid(this) : new One(this);
    this.root.setAttribute("aria-label", t.review);
    this.root.replaceChildren(
      el("div", { class: "gw-bar gw-top" }, this.counters, el("span", { class: "gw-gap" }), this.control("help", () => this.run("help"))),
      this.empty, this.face.node, this.error,
      el("div", { class: "gw-keys", role: "group", "aria-label": t.keys }, ...this.face.legend, el("span", { class: "gw-gap" }), this.status),
      this.last);
    this.face.begin();
    this.#count();
    if (shown.length) this.show(shown);
  }

  /** The button of a command; with `symbol`, a small one that only has a label for screen readers. */
  control(name, onclick, symbol = null, text = this.t[name]) {
    const key = COMMANDS[name][1];
    const props = { "data-command": name, "aria-keyshortcuts": key, onclick };
    if (symbol) return button({ ...props, class: "gw-icon", "aria-label": text, title: `${text} (${key})`, text: symbol });
    return button({ ...props, class: "gw-command" }, el("kbd", { text: key }), el("span", { text }));
  }

  // --- showing ----------------------------------------------------------------------------------------------------

  /** The next card or page of cards; the screen stays locked until it is painted. */
  async next() {
    const { line, face } = this;
    if (!line.cards.length) {
      this.say(this.t.loading_cards);
      line.shown = [];
      const answer = await line.fill();
      if (line !== this.line || this.abort.signal.aborted) return;
      this.say("");
      this.empty.firstChild.hidden = !answer.ok;
      if (!line.cards.length) {
        this.show([]);
        if (!answer.ok) this.fail(answer);
        return;
      }
    }
    this.show(line.next(face.size));
    line.fill();
  }

  show(cards) {
    const heard = this.face.show(cards, this.drafts) ?? undefined;
    for (const card of cards) this.drafts.delete(card.utterance.id);
    hide(this.empty, cards.length > 0);
    this.present(heard);
  }

  /** Registers that the face shows another item: keys count once it is painted. */
  present(heard = this.face.heard ?? Promise.resolve(true)) {
    const { root, gate, line } = this;
    const cards = this.face.shown;
    line.shown = cards.map((card) => card.utterance.id);
    const [item, version] = ["id", "version"].map((name) => cards.map((card) => card.utterance[name]).join(","));
    gate.offer({ item, version, session: ++this.serial, echo: "" });
    Object.assign(root.dataset, { item, version, paintedAt: "", audioReadyAt: "" });
    root.dataset.audio = String(cards.some((card) => card.context_url ?? card.audio_url));
    this.error.textContent = "";
    this.#paintState();
    const { pair } = gate;
    cancelAnimationFrame(this.frame);
    // The second frame begins after the first, which shows the item, has been drawn.
    this.frame = requestAnimationFrame(() => {
      this.frame = requestAnimationFrame(() => {
        const now = performance.now();
        if (gate.painted(pair, now)) root.dataset.paintedAt = String(Math.round(now));
      });
    });
    // Stays empty if the sound failed; without a sound there is nothing to wait for.
    heard.then((ready) => ready && pair === gate.pair && (root.dataset.audioReadyAt = String(Math.round(performance.now()))));
  }

  #paintState() {
    this.root.dataset.locked = String(this.gate.locked);
    this.root.setAttribute("aria-busy", String(this.gate.locked));
    if (this.gate.locked) this.say(this.t.saving);
    else if (this.status.textContent === this.t.saving) this.say("");
  }

  #count(progress) {
    if (progress) this.progress = progress;
    const { done, left, rate_per_hour: rate } = this.progress;
    const number = (value) => (Number.isFinite(value) ? Math.round(value).toLocaleString() : "–");
    const words = { done: number(done), left: number(left), rate: number(rate || NaN), who: this.data.curator };
    this.counters.textContent = this.t.counters.replace(/\{(\w+)\}/g, (_, name) => words[name] ?? "");
    Object.assign(this.root.dataset, { done: done ?? "", left: left ?? "", curator: this.data.curator });
  }

  say(text) {
    this.status.textContent = text;
  }

  /** Shows the error of an answer; null clears it. If the desk is gone, a run of the page opens a new one. */
  fail(answer) {
    if (answer?.kind === "gone") this.trigger("reopen", this.data.base);
    const why = answer && this.t[`trouble_${answer.kind}`];
    const detail = answer?.error && (why ? `(${answer.error})` : answer.error);
    this.error.textContent = [why, detail].filter(Boolean).join(" ");
  }

  /** [scheme's title, titles of its classes] of each label. */
  titles(labels) {
    return Object.entries(labels).map(([name, code]) => {
      const group = this.data.groups.find((known) => known.name === name);
      const title = (known) => group?.choices.find((choice) => choice.code === known)?.title ?? known;
      return [group?.title ?? name, String(code ?? "").split("|").map(title).join(", ")];
    });
  }

  predictionText(opinions) {
    const share = (value) => (Number.isFinite(value) ? ` ${Math.round(value * 100)}%` : "");
    return opinions.map(({ scheme, code, confidence, run }) => `${this.titles({ [scheme]: code })[0].join(": ")}${share(confidence)} (${run})`).join(" · ");
  }

  // --- deciding ---------------------------------------------------------------------------------------------------

  get open() {
    return this.gate.open(performance.now());
  }

  /** Sends one decision, or one page of them, for what was painted. Null if keys do not count now. */
  async send(action, what) {
    if (!this.open) return null;
    const spent = { spent_ms: Math.round(performance.now() - this.gate.paintedAt) };
    return this.#locked(() => this.link.decide(action, what, spent));
  }

  /** Sends another request; keys do not count meanwhile. After `ok` it stays locked until something is shown. */
  async post(action, body) {
    return this.open ? this.#locked(() => this.link.post(action, body)) : null;
  }

  async #locked(ask) {
    const { pair } = this.gate;
    const { curator } = this.data;
    this.gate.lock("sent");
    this.fail(null);
    this.#paintState();
    const answer = await ask();
    this.#knows(answer, curator);
    if (this.abort.signal.aborted || pair !== this.gate.pair) return null;
    if (!answer.ok) {
      this.gate.unlock();
      this.#paintState();
      this.fail(answer);
    }
    return answer;
  }

  /** Records decisions (`pairs`: [card, the request]) and shows the next card. */
  async decided(pairs, answer) {
    this.noted(pairs, answer);
    await this.next();
    this.say(this.t.saved);
  }

  noted(pairs, answer) {
    for (const [card, { labels }] of pairs) {
      const { id, recording_id } = card.utterance;
      this.line.forget(id);
      this.kept.drop(id);
      const shared = Object.entries(labels).filter(([name]) => this.data.groups.some((group) => group.name === name && group.level === "recording"));
      this.line.spread(recording_id, Object.fromEntries(shared));
    }
    const { done, left } = this.progress;
    this.#count({ ...this.progress, done: (done ?? 0) + pairs.length, left: Math.max(0, (left ?? 0) - pairs.length) });
    const titles = pairs.length === 1 ? this.titles(pairs[0][1].labels).map(([, title]) => title).join(", ") : "";
    this.last.textContent = answer.opinions?.length ? `${this.t.last_item}: ${titles} · ${this.t.opinion}: ${this.predictionText(answer.opinions)}` : "";
  }

  /** Somebody was faster: either keep mine on top of the new version, or take theirs and go on. */
  conflict(answer, keep, take) {
    const choose = (which) => (which === "mine" ? keep() : take());
    this.over(() => showConflict(this.root, this.t, answer, (labels) => this.answered(labels), choose));
  }

  /** Opens a dialog by `open`; it gets the keys, and an open dialog is closed. */
  over(open) {
    this.modal?.end();
    this.modal = open();
  }

  /** The titles of labels, only for the schemes that are answered here. */
  answered(labels) {
    return this.titles(Object.fromEntries(Object.entries(labels).filter(([name]) => this.data.groups.some((group) => group.name === name))));
  }

  pass(card) {
    this.line.pass(card.utterance.id);
    this.line.forget(card.utterance.id);
    return this.next();
  }

  async #undo() {
    if (this.latest === undefined) return this.next(); // no answer ever came
    // The revision is named, so that a second Z after a lost answer undoes nothing more; 0 means none.
    const answer = await this.post("undo", { revision: this.latest ?? 0 });
    if (!answer?.ok) return;
    this.#count(answer.progress);
    if (answer.card) {
      this.line.forget(answer.card.utterance.id);
      this.face.bringBack(answer.card);
      this.say(answer.count > 1 ? this.t.undone_all.replace("{n}", answer.count.toLocaleString()) : this.t.undone);
      if (answer.count > 1) this.line.refill();
    } else {
      this.gate.unlock();
      this.#paintState();
      this.say(this.t.nothing);
    }
  }

  // --- keys -------------------------------------------------------------------------------------------------------

  run(name) {
    if (name === "guide") document.querySelector(".st-key-guide input")?.click(); // the page shows them beside the desk
    if (name === "help") this.over(() => showHelp(this.root, this.t, this.face.helpSections()));
    else if (name === "undo") this.#undo();
    else if (name === "save" && !this.face.shown.length) this.next();
    else this.face.run(name);
  }

  #key(event) {
    if (this.modal?.isOpen) return this.modal.key(event);
    if (isComposing(event) || hasOtherModifier(event) || isTyping(event)) return;
    if (!this.root.checkVisibility() || document.querySelector("[aria-modal=true]")) return;
    const pressed = combination(event);
    const command = commandOf(pressed);
    const run = this.face.keyed(pressed) ?? (command && (() => this.run(command)));
    if (!run) return;
    const ours = event.composedPath().includes(this.root);
    // A focused button handles Space and Enter itself, a slider of the page its arrows; we only drop auto-repeat.
    const native = isOnControl(event) && !isCell(event) && (["Space", "Enter"].includes(event.code) || (!ours && /^Arrow/.test(event.code)));
    if (native && !(event.repeat && ours)) return;
    event.preventDefault();
    event.stopPropagation();
    if (!event.repeat) run();
  }
}

/** Whether the focus is on a cell of the grid, where Enter and Space belong to the desk. */
function isCell(event) {
  return event.composedPath().some((node) => node instanceof Element && node.matches(".gw-cell"));
}

export default mount(Desk, ".gw-desk");
