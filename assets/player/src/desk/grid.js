// A page of short utterances: a person marks exceptions with a class; Enter gives all others the class of the rest.
// Each is its own decision; a refused one stays and shows the current version. Only utterances that were visible can be
// confirmed: Enter first goes to one that was not visible yet. The focused utterance is played.

import { button, el, hide } from "../dom.js";
import { Choices } from "./choices.js";
import { COMMANDS } from "./commands.js";
import { Hear } from "./hear.js";
import { showQuestion } from "./panels.js";

const SIZE = 20;
const SEEN = 0.6; // share of a cell that must be visible
const SEEN_MS = 250;
const ARROWS = { ArrowLeft: -1, ArrowRight: 1 };

export class Grid {
  constructor(desk) {
    this.desk = desk;
    this.size = SIZE;
    this.cells = [];
    this.at = 0;
    this.group = desk.data.groups[0];
    this.seenAt = 0;
    this.watch = new IntersectionObserver((entries) => this.#saw(entries), { threshold: SEEN });
    this.#build();
  }

  #build() {
    const { t, root, control, run } = this.desk;
    this.hear = new Hear(root, t, control);
    this.rest = new Choices(t, [{ ...this.group, title: t.batch_rest }], (group, code) => this.rest.set({ [group]: code }));
    this.rest.set({}); // nothing is chosen until a person has looked
    for (const { node } of this.rest.all) node.removeAttribute("aria-keyshortcuts");
    this.list = el("div", { class: "gw-grid", role: "group", "aria-label": t.batch });
    this.legend = ["save", "skip", "undo"].map((name) => control(name, () => run(name), null, t[`batch_${name}`]));
    this.node = el("div", { class: "gw-batch" }, this.hear.bar, this.hear.stage, this.hear.note, el("div", { class: "gw-groups" }, ...this.rest.nodes),
      el("p", { class: "gw-note", text: t.batch_how }), this.list);
  }

  begin() {
    this.hear.begin();
  }

  recolor() {
    this.hear.recolor();
  }

  destroy() {
    this.watch.disconnect();
    this.hear.destroy();
  }

  helpSections() {
    const { t } = this.desk;
    const of = (...names) => names.map((name) => [name === "help" ? "? F1" : COMMANDS[name][1], t[`batch_${name}`] ?? t[name]]);
    const keyed = this.group.choices.filter((choice) => choice.key);
    return [
      [t.batch, [["← → ↑ ↓", t.batch_move], ...of("save", "skip", "undo", "help")]],
      [t.batch_odd, keyed.map((choice) => [choice.key.toUpperCase(), choice.title])],
      [t.batch_rest, keyed.map((choice) => [`Shift+${choice.key.toUpperCase()}`, choice.title])],
      [t.help_hear, of("replay", "whole", "loop", "slower", "faster", "autoplay")],
    ];
  }

  // --- showing ----------------------------------------------------------------------------------------------------

  get shown() {
    return this.cells.map((cell) => cell.card);
  }

  show(cards) {
    this.#fill(cards.map((card) => ({ card, version: card.utterance.version, mark: null, out: false, seen: false, trouble: "" })));
  }

  #fill(cells) {
    this.watch.disconnect();
    this.cells = cells;
    hide(this.node, !cells.length);
    for (const cell of cells) {
      cell.node = button({ class: "gw-cell", "data-id": cell.card.utterance.id, onclick: () => this.#goTo(this.cells.indexOf(cell)) });
      this.#draw(cell);
    }
    this.list.replaceChildren(...cells.map((cell) => cell.node));
    for (const cell of cells) this.watch.observe(cell.node);
    if (cells.length) this.#goTo(0);
    else this.hear.stop();
  }

  draft() {
    return null;
  }

  /** Shows a card that an undo brought back before the others. */
  bringBack(card) {
    this.cells = this.cells.filter((cell) => cell.card.utterance.id !== card.utterance.id);
    const back = { card, version: card.utterance.version, mark: null, out: false, seen: false, trouble: "" };
    this.#fill([back, ...this.cells]);
    this.desk.present();
  }

  #draw(cell) {
    const { t } = this.desk;
    const chosen = cell.mark && this.group.choices.find((choice) => choice.code === cell.mark);
    const badge = cell.out ? t.batch_out : chosen?.title;
    cell.node.dataset.mark = cell.mark ?? "";
    cell.node.dataset.out = String(cell.out);
    cell.node.dataset.seen = String(cell.seen);
    cell.node.style.setProperty("--gw-choice", chosen && CSS.supports("color", chosen.color) ? chosen.color : "var(--gw-edge)");
    cell.node.replaceChildren(el("span", { class: "gw-cell-text", text: cell.card.utterance.text }),
      ...(badge ? [el("span", { class: "gw-badge", text: badge })] : []),
      ...(cell.trouble ? [el("span", { class: "gw-error", text: cell.trouble })] : []));
  }

  #saw(entries) {
    for (const { target, isIntersecting } of entries) {
      const cell = this.cells.find((other) => other.node === target);
      if (!cell || !isIntersecting || cell.seen) continue;
      cell.seen = true;
      cell.node.dataset.seen = "true";
      this.seenAt = performance.now();
      this.desk.root.dataset.seenAt = String(Math.round(this.seenAt));
    }
  }

  /** Moves the focus to a cell, unless a person types elsewhere, and plays it. */
  #goTo(index) {
    const cell = this.cells[index];
    if (!cell) return;
    this.at = index;
    this.cells.forEach((other, i) => (other.node.tabIndex = i === index ? 0 : -1));
    const typing = document.activeElement?.closest?.("input, textarea, [contenteditable=true]");
    if (!typing) cell.node.focus({ preventScroll: true });
    cell.node.scrollIntoView({ block: "nearest" });
    this.desk.root.dataset.at = cell.card.utterance.id;
    const { line } = this.desk;
    for (const next of this.cells.slice(index + 1, index + 3)) line.sound(next.card);
    this.heard = this.hear.show(cell.card, line.sound(cell.card));
  }

  #rowLength() {
    const [first] = this.cells;
    const next = this.cells.findIndex((cell) => cell.node.offsetTop > first.node.offsetTop);
    return next < 0 ? this.cells.length : next;
  }

  // --- deciding ---------------------------------------------------------------------------------------------------

  run(name) {
    const { hear } = this;
    const does = {
      save: () => this.#confirm(), skip: () => this.#leaveOut(), replay: () => hear.replay(), whole: () => hear.whole(), loop: () => hear.toggleLoop(),
      slower: () => hear.faster(-1), faster: () => hear.faster(1), autoplay: () => hear.toggleAutoplay(),
    };
    if (this.cells.length) does[name]?.();
  }

  keyed(combination) {
    if (!this.cells.length) return null;
    const step = ARROWS[combination] ?? { ArrowUp: -1, ArrowDown: 1 }[combination] * this.#rowLength();
    if (step) return () => this.#goTo(Math.min(this.cells.length - 1, Math.max(0, this.at + step)));
    const shifted = combination.startsWith("Shift+");
    const choice = this.rest.keyed(combination.replace("Shift+", ""));
    if (!choice) return null;
    return shifted ? () => this.rest.set({ [this.group.name]: choice.code }) : () => this.#mark(choice.code);
  }

  #mark(code) {
    if (!this.desk.open) return;
    const cell = this.cells[this.at];
    Object.assign(cell, { mark: cell.mark === code ? null : code, out: false });
    this.#draw(cell);
  }

  #leaveOut() {
    if (!this.desk.open) return;
    const cell = this.cells[this.at];
    cell.out = !cell.out;
    this.#draw(cell);
  }

  async #confirm() {
    const { desk } = this;
    const unseen = this.cells.findIndex((cell) => !cell.seen);
    if (unseen >= 0 || performance.now() - this.seenAt < SEEN_MS) {
      if (unseen >= 0) this.#goTo(unseen);
      desk.say(desk.t.batch_unseen);
      return;
    }
    if (!desk.open) return;
    const chosen = this.cells.filter((cell) => !cell.out);
    const rest = this.rest.labels[this.group.name];
    if (!rest && chosen.some((cell) => !cell.mark)) return desk.say(desk.t.batch_choose);
    const what = chosen.map(({ card, version, mark }) => ({ item: card.utterance.id, version, labels: { [this.group.name]: mark ?? rest } }));
    if (!chosen.length) return this.#settle(chosen, what, { ok: true, results: [] });
    const { cells } = this;
    const save = () => cells === this.cells && this.#save(chosen, what);
    const question = desk.t.batch_question.replace("{n}", chosen.length.toLocaleString());
    desk.over(() => showQuestion(desk.root, desk.t, question, this.#counted(what), save));
  }

  async #save(chosen, what) {
    const answer = await this.desk.send("batch", { decisions: what });
    if (!answer?.ok) return;
    this.rest.set({});
    this.#settle(chosen, what, answer);
  }

  /** [title of a class, how many get it], in the order of the classes. */
  #counted(what) {
    const codes = what.map(({ labels }) => labels[this.group.name]);
    const lines = this.group.choices.map(({ code, title }) => [title, codes.filter((one) => one === code).length]);
    return lines.filter(([, n]) => n);
  }

  /** Keeps refused cells with their reason; Enter then saves their mark on top of the current version. */
  #settle(chosen, what, answer) {
    const { desk } = this;
    for (const cell of this.cells) if (cell.out) desk.line.pass(cell.card.utterance.id);
    const results = new Map(answer.results.map((result) => [result.item, result]));
    const [done, refused] = [[], []];
    chosen.forEach((cell, index) => {
      const result = results.get(cell.card.utterance.id);
      if (result?.ok) return done.push([cell.card, what[index]]);
      const { theirs } = result ?? {};
      const instead = theirs && desk.answered(theirs.labels ?? {}).map(([, title]) => title).join(", ");
      cell.mark ??= what[index].labels[this.group.name];
      cell.version = theirs?.version ?? cell.version;
      cell.trouble = theirs ? `${desk.t.theirs}: ${[theirs.text, instead].filter(Boolean).join(" · ")}` : (result?.error ?? "");
      refused.push(cell);
    });
    if (!refused.length) return desk.decided(done, answer);
    desk.noted(done, answer);
    this.#fill(refused);
    desk.present();
    desk.fail({ kind: "conflict", error: `${refused.length}` });
  }
}
