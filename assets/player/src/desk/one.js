// One utterance on the screen: its sound, its text, its labels by single keys, a comment, a flag, its history. A decision
// is complete with the last required label. With a `multi` group, or for a corrected text only, Enter completes it.

import { diffNodes } from "../diff.js";
import { button, el, hide } from "../dom.js";
import { isComposing } from "../keys.js";
import { Call } from "./call.js";
import { Choices } from "./choices.js";
import { COMMANDS } from "./commands.js";
import { Hear } from "./hear.js";
import { showReasons } from "./panels.js";
import { timeline } from "./timeline.js";

const HASH = /[0-9a-f]{20}/; // a key with one tells a reader nothing; it stays in the tooltip
const MOVES = ["start_earlier", "start_later", "end_earlier", "end_later", "times_back"];

export class One {
  constructor(desk) {
    this.desk = desk;
    this.card = null;
    this.size = 1;
    this.#build();
  }

  // --- building ---------------------------------------------------------------------------------------------------

  #build() {
    const { t, data, root } = this.desk;
    this.hear = new Hear(root, t, (...what) => this.desk.control(...what));
    this.choices = new Choices(t, data.groups, (group, code) => this.#choose(group, code));
    this.note = el("span", { class: "gw-item-note" });
    this.flagMark = el("span", { class: "gw-flag", text: `⚑ ${t.flagged}` });
    this.before = el("p", { class: "gw-context" });
    this.after = el("p", { class: "gw-context" });
    this.textBox = el("textarea", {
      class: "gw-edit", rows: "1", spellcheck: "false", autocomplete: "off", "aria-label": t.text, maxlength: "10000",
      oninput: () => (this.#textChanged(), this.keep()), onkeydown: (event) => this.#textKey(event),
    });
    this.diff = el("p", { class: "gw-diff" });
    this.diffLine = el("div", { class: "gw-diff-line" }, el("span", { class: "gw-label", text: t.changes }), this.diff);
    this.predictionLine = el("p", { class: "gw-opinion" });
    this.remarks = el("ul", { class: "gw-remarks", "aria-label": t.remarks });
    this.commentBox = el("input", { class: "gw-line", "aria-label": t.comment, placeholder: t.comment_hint, maxlength: "2000", hidden: true,
      oninput: () => this.keep(), onkeydown: (event) => this.#commentKey(event) });
    this.older = el("div", { class: "gw-older", role: "note", hidden: true });
    this.call = new Call(this.desk);
    this.history = el("ol", { class: "gw-history", "aria-label": t.history, hidden: true });
    this.node = el("div", { class: "gw-one" },
      el("div", { class: "gw-item-note" }, this.flagMark, " ", this.note), ...this.hear.nodes,
      el("div", { class: "gw-beside" }, el("div", { class: "gw-sheet" }, this.before, this.textBox, this.after), this.call.node),
      this.diffLine, this.older,
      el("div", { class: "gw-groups" }, ...this.choices.nodes), this.predictionLine, this.remarks, this.commentBox,
      this.history);
    this.legend = this.#legend();
  }

  #legend() {
    const { t } = this.desk;
    const names = ["save", "edit", "skip", "undo", "comment", "flag", "history", "call"];
    const typing = el("span", { class: "gw-typing" }, el("kbd", { text: "Ctrl+Enter" }), ` ${t.leave} `, el("kbd", { text: "Esc" }), ` ${t.revert}`);
    return [...names.map((name) => this.desk.control(name, () => this.desk.run(name))), typing];
  }

  /** Call it when its nodes are in the document. */
  begin() {
    this.hear.begin();
  }

  recolor() {
    this.hear.recolor();
  }

  destroy() {
    this.hear.destroy();
  }

  helpSections() {
    const { t, data } = this.desk;
    const of = (...names) => names.map((name) => [name === "help" ? "? F1" : COMMANDS[name][1], t[name]]);
    const classes = data.groups.flatMap((group) =>
      group.choices.filter((choice) => choice.key).map((choice) => [choice.key.toUpperCase(), `${group.title}: ${choice.title}`]));
    return [
      [t.help_labels, classes],
      [t.help_decide, of("save", "skip", "undo", "comment", "flag", "history", "call", "guide", "help")],
      [t.text, [...of("edit"), ["Ctrl+Enter", t.leave], ["Esc", t.revert]]],
      [t.help_hear, of("replay", "whole", "loop", "slower", "faster", "autoplay")],
      [t.help_times, of("start_earlier", "start_later", "end_earlier", "end_later", "times_back")],
    ];
  }

  // --- showing ----------------------------------------------------------------------------------------------------

  get shown() {
    return this.card ? [this.card] : [];
  }

  /** Shows the first of `cards`, or nothing. `drafts`: id -> unsaved changes of a card that left the screen. */
  show([card = null], drafts) {
    this.card = card;
    const kept = card && this.desk.kept.of(card.utterance.id, card.utterance.version);
    const draft = drafts.get(card?.utterance.id) ?? kept;
    hide(this.node, !card);
    for (const node of this.legend) hide(node, !card && node.dataset.command !== "undo");
    this.#closeHistory();
    this.call.show(card);
    hide(this.commentBox);
    if (!card) {
      this.hear.stop();
      return;
    }
    const { data, line } = this.desk;
    const { utterance } = card;
    this.choices.set(draft?.labels ?? { ...card.labels });
    const named = HASH.test(utterance.key) ? "" : utterance.key;
    this.note.textContent = [data.speakers[utterance.speaker ?? ""] ?? utterance.speaker, named].filter(Boolean).join(" · ");
    this.note.title = utterance.key;
    this.before.textContent = card.before;
    this.after.textContent = card.after;
    this.textBox.value = draft?.text ?? utterance.text;
    this.#textChanged();
    this.#drawPredictions(data.opinion === "shown" ? card.opinions : []);
    this.#drawRemarks();
    this.#offerOlder();
    this.commentBox.value = kept?.comment ?? "";
    this.reason = kept?.reason ?? "";
    hide(this.commentBox, !kept?.comment);
    return this.hear.show(card, line.sound(card), draft?.times);
  }

  /** Keeps what is not saved yet in this browser, under the version that is on the screen. */
  keep() {
    if (!this.card) return;
    const { utterance, labels } = this.card;
    const { text } = this.#edits ?? {};
    const chosen = JSON.stringify(this.choices.labels) !== JSON.stringify(this.#known(labels));
    this.desk.kept.keep(utterance.id, utterance.version, {
      ...(text !== undefined && { text }), ...(Object.keys(this.hear.moved).length && { times: this.hear.times }),
      ...(chosen && { labels: this.choices.labels }), ...(this.commentBox.value.trim() && { comment: this.commentBox.value }),
      ...(this.reason && { reason: this.reason }),
    });
  }

  /** The labels of the schemes on the screen, in their order. */
  #known(labels) {
    return Object.fromEntries(this.desk.data.groups.filter((group) => labels[group.name]).map((group) => [group.name, labels[group.name]]));
  }

  /** Shows a draft of an older version beside the text; it takes the place of nothing by itself. */
  #offerOlder() {
    const { desk, card } = this;
    const { id, version, text } = card.utterance;
    const draft = desk.kept.older(id, version);
    const typed = draft && [draft.text !== text && draft.text, draft.comment, draft.reason].filter(Boolean);
    this.older.hidden = !typed?.length;
    if (!typed?.length) return this.older.replaceChildren();
    const end = (take) => {
      if (card !== this.card) return;
      if (take && draft.text) this.textBox.value = draft.text;
      if (take && draft.comment) this.commentBox.value = draft.comment;
      if (take && draft.reason) this.reason = draft.reason;
      hide(this.older);
      hide(this.commentBox, !this.commentBox.value);
      this.#textChanged();
      desk.kept.settle(id, version);
      this.keep();
      this.root.focus({ preventScroll: true });
    };
    this.older.replaceChildren(el("p", { class: "gw-note", text: desk.t.draft_older }), ...typed.map((text) => el("p", { class: "gw-diff", text })),
      button({ class: "gw-small", "data-draft": "take", text: desk.t.draft_take, onclick: () => end(true) }), " ",
      button({ class: "gw-small", "data-draft": "drop", text: desk.t.draft_drop, onclick: () => end(false) }));
  }

  /** The unsaved changes of the card. */
  draft() {
    return { labels: this.choices.labels, text: this.textBox.value, times: this.hear.times };
  }

  /** Shows a card that an undo brought back; the card on the screen waits behind it. */
  bringBack(card) {
    if (this.card) {
      this.desk.drafts.set(this.card.utterance.id, this.draft());
      if (this.card.utterance.id !== card.utterance.id) this.desk.line.putBack(this.card);
    }
    this.desk.show([card]);
  }

  #textChanged() {
    const { original } = this.card.utterance;
    const text = this.textBox.value;
    this.textBox.style.height = "auto";
    this.textBox.style.height = `${this.textBox.scrollHeight}px`;
    this.diffLine.hidden = text === original;
    this.diff.replaceChildren(...(text === original ? [] : diffNodes(original, text)));
  }

  #drawPredictions(opinions) {
    this.predictionLine.hidden = !opinions.length;
    this.predictionLine.textContent = opinions.length ? `${this.desk.t.opinion}: ${this.desk.predictionText(opinions)}` : "";
  }

  #drawRemarks() {
    const { flagged, remarks } = this.card;
    this.flagMark.hidden = !flagged;
    this.root.dataset.flagged = String(flagged);
    const comments = remarks.filter((remark) => remark.kind === "comment");
    this.remarks.hidden = !comments.length;
    this.remarks.replaceChildren(...comments.map((remark) => el("li", {}, el("b", { text: remark.curator }), ` ${remark.text}`)));
  }

  get root() {
    return this.desk.root;
  }

  // --- deciding ---------------------------------------------------------------------------------------------------

  run(name) {
    const { hear } = this;
    const does = {
      save: () => this.#save(), edit: () => this.#edit(), skip: () => this.#skip(), comment: () => this.#comment(),
      flag: () => this.#flag(), history: () => this.#toggleHistory(), call: () => this.call.toggle(), replay: () => hear.replay(), whole: () => hear.whole(),
      loop: () => hear.toggleLoop(), slower: () => hear.faster(-1), faster: () => hear.faster(1), autoplay: () => hear.toggleAutoplay(),
      start_earlier: () => hear.nudge("start", -1), start_later: () => hear.nudge("start", 1),
      end_earlier: () => hear.nudge("end", -1), end_later: () => hear.nudge("end", 1), times_back: () => hear.timesBack(),
    };
    if (!this.card) return;
    does[name]?.();
    if (MOVES.includes(name)) this.keep();
  }

  /** The action of the class on a physical key, if there is one. */
  keyed(combination) {
    const choice = this.choices.keyed(combination);
    return choice && this.card && (() => this.#choose(choice.group, choice.code));
  }

  #choose(group, code) {
    if (!this.desk.open) return;
    this.choices.toggle(group, code);
    this.keep();
    if (this.choices.complete && !this.desk.data.groups.some((group) => group.multi)) this.#decide();
  }

  /** Enter: saves the labels, with a corrected text or moved ends if there are any. */
  #save() {
    const worth = Object.keys(this.choices.labels).length > 0 || this.#edits !== null;
    if (this.choices.complete && worth) this.#decide();
    else this.desk.say(this.desk.t.incomplete);
  }

  get #edits() {
    const text = this.textBox.value;
    const edits = { ...(text !== this.card.utterance.text && { text }), ...this.hear.moved };
    return Object.keys(edits).length ? edits : null;
  }

  #decide() {
    if (!this.textBox.value.trim() && this.textBox.value !== this.card.utterance.text) return this.desk.fail({ error: this.desk.t.empty_text });
    return this.#send({ labels: this.choices.labels, ...this.#edits });
  }

  #skip() {
    if (!this.desk.open) return;
    const { id } = this.card.utterance;
    const { t, data } = this.desk;
    const skip = (reason) => this.card?.utterance.id === id && this.#send({ labels: {}, skip_reason: reason });
    const typed = (reason) => ((this.reason = reason), this.keep());
    this.desk.over(() => showReasons(this.root, t, data.reasons, skip, this.reason, typed));
  }

  async #send(what, version = this.card.utterance.version) {
    const { card, desk } = this;
    const comment = this.commentBox.hidden ? "" : this.commentBox.value.trim(); // begun, and in sight: it goes along
    const answer = await desk.send("decide", { item: card.utterance.id, version, ...what, ...(comment && { comment }) });
    if (!answer) return;
    if (answer.ok) return desk.decided([[card, what]], answer);
    if (answer.theirs) desk.conflict(answer, () => this.#send(what, answer.theirs.version), () => (desk.kept.drop(card.utterance.id), desk.pass(card)));
  }

  // --- text -------------------------------------------------------------------------------------------------------

  #edit() {
    this.textBox.focus();
    this.textBox.setSelectionRange(this.textBox.value.length, this.textBox.value.length);
  }

  #leave(box) {
    box.blur();
    this.root.focus({ preventScroll: true });
  }

  #textKey(event) {
    if (event.code === "Enter" && event.ctrlKey) {
      // Also while a syllable is being composed: leaving the box commits it, and nothing is labelled by this.
      event.preventDefault();
      event.stopPropagation();
      this.#leave(this.textBox);
    } else if (event.code === "Escape" && !isComposing(event)) {
      event.preventDefault();
      event.stopPropagation();
      this.textBox.value = this.card.utterance.text;
      this.#textChanged();
      this.keep();
      this.#leave(this.textBox);
    }
  }

  // --- remarks ----------------------------------------------------------------------------------------------------

  /** Not while a decision is being sent: the comment would go to the next card. */
  #comment() {
    if (this.desk.gate.locked) return;
    if (this.commentBox.hidden) this.commentBox.value = "";
    hide(this.commentBox, false);
    this.commentBox.focus();
  }

  #commentKey(event) {
    if (isComposing(event) || event.repeat || !["Enter", "Escape"].includes(event.code)) return;
    event.preventDefault();
    event.stopPropagation();
    const text = this.commentBox.value.trim();
    this.#leave(this.commentBox);
    hide(this.commentBox);
    if (event.code === "Escape") this.commentBox.value = "";
    this.keep();
    if (event.code === "Enter" && text) this.#sendComment(text);
  }

  /** The box is closed already, so that the desk gets the next key; a refused comment is shown again. */
  async #sendComment(text) {
    const { card, desk } = this;
    const answer = await this.#remark("comment", text);
    if (answer.ok) {
      if (card === this.card && this.commentBox.hidden) this.commentBox.value = "";
      if (card === this.card) this.keep();
      else this.#dropComment(card);
      return;
    }
    if (card === this.card && this.commentBox.hidden) {
      this.commentBox.value = text;
      hide(this.commentBox, false);
    } else desk.fail({ ...answer, error: [answer.error, text].filter(Boolean).join(": ") });
  }

  /** The comment of a card that left the screen is saved: its draft has none any more. */
  #dropComment(card) {
    const { id, version } = card.utterance;
    const { comment, at, version: _, ...rest } = this.desk.kept.of(id, version) ?? {};
    if (comment) this.desk.kept.keep(id, version, rest);
  }

  #flag() {
    return this.#remark(this.card.flagged ? "unflag" : "flag", "");
  }

  async #remark(kind, text) {
    const { card, desk } = this;
    const answer = await desk.link.post("remark", { item: card.utterance.id, kind, text });
    if (!answer.ok) {
      desk.fail(answer);
      return answer;
    }
    if (kind === "comment") card.remarks.push({ kind, text, curator: desk.data.curator });
    else card.flagged = kind === "flag";
    desk.say(desk.t.saved);
    if (card === this.card) this.#drawRemarks();
    return answer;
  }

  // --- history ----------------------------------------------------------------------------------------------------

  async #toggleHistory() {
    if (!this.history.hidden) return this.#closeHistory();
    const { card, desk } = this;
    const answer = await desk.link.post("history", { item: card.utterance.id });
    if (!answer.ok) return desk.fail(answer);
    if (card !== this.card) return;
    this.history.replaceChildren(...timeline(desk.t, answer.rows, (labels) => desk.titles(labels), (version) => this.#restore(version)));
    this.history.hidden = false;
    this.history.scrollIntoView({ block: "nearest" });
  }

  #closeHistory() {
    this.history.hidden = true;
    this.history.replaceChildren();
  }

  async #restore(version) {
    const { card, desk } = this;
    const { id } = card.utterance;
    const answer = await desk.post("restore", { item: id, version_to_restore: version, seen_version: card.utterance.version });
    if (!answer?.ok) return;
    desk.show([answer.card]);
    desk.say(desk.t.is_restored);
  }
}
