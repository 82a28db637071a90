// The review component: hear one utterance, correct its text, label it by single keys. In a `multi` group a key adds
// or removes its class (codes joined by | in order), and only Enter completes the decision.
// Sends the triggers `decision`, `skip` and `undo`, each once, with the item and version that were on the screen.
// Does not know queues or storage: the server decides which item comes next.

import { failure } from "./decode.js";
import { diffNodes } from "./diff.js";
import { button, clock, el, icon, mount } from "./dom.js";
import { Gate } from "./gate.js";
import { Drafts } from "./drafts.js";
import { codesOf, hasModifier, isComposing, isOnControl, isTyping, returnFocus } from "./keys.js";
import { nonce, store, stored } from "./local.js";
import { Sound, Wave } from "./wave.js";

const WAVE_PX = 56;
const AUTOPLAY = "gwidama.autoplay";

class Review {
  constructor(root) {
    this.root = root;
    this.gate = new Gate();
    this.labels = {};
    this.choices = [];
    this.autoplay = stored(AUTOPLAY, "on") === "on";
    this.sound = new Sound({ onState: () => this.#soundState(), onTick: (ms) => this.#time(ms) });
    this.abort = new AbortController();
    // Capture: Streamlit has single-key shortcuts of its own, which must not fire along with a label.
    document.addEventListener("keydown", (event) => this.#key(event), { capture: true, signal: this.abort.signal });
    returnFocus(root, this.abort.signal);
  }

  destroy() {
    this.abort.abort();
    cancelAnimationFrame(this.frame);
    this.sound.destroy();
    this.wave?.destroy();
    this.root.replaceChildren();
  }

  update({ data, setTriggerValue }) {
    this.trigger = setTriggerValue;
    const shape = JSON.stringify([data.strings, data.groups.map(({ current, ...group }) => group), data.commands]);
    const fresh = this.gate.offer({ ...data.item, item: data.item.id, session: data.session, echo: data.echo });
    const rebuild = shape !== this.shape;
    this.kept = new Drafts(data.place);
    this.#decided(data);
    const draft = rebuild && !fresh ? this.textBox?.value : fresh && !data.item.readonly ? this.kept.of(data.item.id, data.item.version)?.text : undefined;
    this.shape = shape;
    this.data = data;
    if (rebuild) this.#build();
    else this.wave.recolor();
    if (fresh || rebuild) this.#showItem(fresh, draft);
    else if (data.item.audio_url !== this.url) this.#load();
    this.error.textContent = data.item.error;
    this.#paintState();
    if (fresh) this.#awaitPaint();
  }

  /** The server took the last decision: what was typed for it is kept no longer. */
  #decided({ echo, item }) {
    if (!this.sent || echo !== this.sent.nonce) return;
    if (!item.error) this.kept.drop(this.sent.item);
    this.sent = null;
  }

  #keep() {
    const { id, version, text } = this.data.item;
    if (!this.data.item.readonly) this.kept.keep(id, version, this.textBox.value === text ? null : { text: this.textBox.value });
  }

  /** Shows what was typed on an older version beside the text; it takes the place of nothing by itself. */
  #offerOlder() {
    const { item, strings } = this.data;
    const begun = item.readonly ? "" : this.kept.older(item.id, item.version)?.text;
    const text = begun === item.text ? "" : begun;
    this.older.hidden = !text;
    if (!text) return this.older.replaceChildren();
    const end = (take) => {
      if (take) this.textBox.value = text;
      this.older.hidden = true;
      this.kept.settle(item.id, item.version);
      this.#textChanged();
      this.#keep();
      this.root.focus({ preventScroll: true });
    };
    this.older.replaceChildren(el("p", { class: "gw-note", text: strings.draft_older }), el("p", { class: "gw-diff", text }),
      button({ class: "gw-small", text: strings.draft_take, onclick: () => end(true) }), " ",
      button({ class: "gw-small", text: strings.draft_drop, onclick: () => end(false) }));
  }

  // --- building ---------------------------------------------------------------------------------------------------

  #build() {
    const { strings, groups } = this.data;
    this.wave?.destroy();
    this.playButton = button({ class: "gw-icon", onclick: () => this.#replay() }, icon("play"));
    this.clock = el("span", { class: "gw-clock" });
    this.autoplayButton = button(
      { class: "gw-switch", role: "switch", onclick: () => this.#setAutoplay(!this.autoplay) },
      el("span", { class: "gw-knob", "aria-hidden": "true" }), strings.autoplay,
    );
    this.note = el("span", { class: "gw-item-note" });
    this.holder = el("div", { class: "gw-wave", "aria-hidden": "true" });
    this.audioNote = el("p", { class: "gw-note", "aria-live": "polite" });
    this.before = el("p", { class: "gw-context" });
    this.after = el("p", { class: "gw-context" });
    this.textBox = el("textarea", {
      class: "gw-edit", rows: "1", spellcheck: "false", autocomplete: "off", "aria-label": strings.text,
      oninput: () => (this.#textChanged(), this.#keep()),
    });
    this.diff = el("p", { class: "gw-diff" });
    this.diffLine = el("div", { class: "gw-diff-line" }, el("span", { class: "gw-label", text: strings.changes }), this.diff);
    this.older = el("div", { class: "gw-older", role: "note", hidden: true });
    this.error = el("p", { class: "gw-error", role: "alert" });
    this.status = el("span", { class: "gw-status", "aria-live": "polite" });
    this.choices = groups.flatMap((group) => group.choices.map((choice) => this.#choiceButton(group, choice)));
    this.root.setAttribute("aria-label", strings.review);
    this.root.replaceChildren(
      el("div", { class: "gw-bar" }, this.playButton, this.clock, this.note, el("span", { class: "gw-gap" }), this.autoplayButton),
      this.holder, this.audioNote,
      el("div", { class: "gw-sheet" }, this.before, this.textBox, this.after), this.diffLine, this.older,
      el("div", { class: "gw-groups" }, ...groups.map((group) => this.#groupBox(group))),
      this.error, this.#legend(),
    );
    this.wave = new Wave(this.root, this.holder, {
      height: WAVE_PX, durationMs: 1, onSeek: (ms) => this.sound.play(ms, this.wave.durationMs),
    });
  }

  #choiceButton(group, choice) {
    const node = button(
      { class: "gw-choice", "data-group": group.name, "data-code": choice.code, "aria-keyshortcuts": choice.key || null,
        onclick: () => this.#choose(group.name, choice.code) },
      choice.key && el("kbd", { text: choice.key.toUpperCase() }), el("span", { text: choice.title }),
      el("span", { class: "gw-tick", "aria-hidden": "true", text: "✓" }),
    );
    if (CSS.supports("color", choice.color)) node.style.setProperty("--gw-choice", choice.color);
    return { node, group: group.name, code: choice.code, codes: codesOf(choice.key) };
  }

  #groupBox(group) {
    const { strings } = this.data;
    const buttons = this.choices.filter((choice) => choice.group === group.name).map((choice) => choice.node);
    const how = [!group.required && strings.optional, group.multi && strings.several].filter(Boolean);
    return el("div", { class: "gw-group", role: "group", "aria-label": group.title },
      el("span", { class: "gw-label", text: how.length ? `${group.title} (${how.join(", ")})` : group.title }),
      el("div", { class: "gw-choices" }, ...buttons));
  }

  #legend() {
    const { strings, commands } = this.data;
    this.commands = {
      Space: ["Space", "replay", () => this.#replay()],
      KeyE: commands.edit && ["E", "edit", () => this.#edit()],
      Enter: ["Enter", "save", () => this.#save()],
      KeyS: commands.skip && ["S", "skip", () => this.#send("skip", {})],
      KeyZ: commands.undo && ["Z", "undo", () => this.#send("undo", {})],
    };
    const keys = Object.values(this.commands).filter(Boolean).map(([key, name, run]) =>
      button({ class: "gw-command", "data-command": name, "aria-keyshortcuts": key, onclick: run },
        el("kbd", { text: key }), el("span", { text: strings[name] })));
    const typing = commands.edit && el("span", { class: "gw-typing" },
      el("kbd", { text: "Ctrl+Enter" }), ` ${strings.leave} `, el("kbd", { text: "Esc" }), ` ${strings.revert}`);
    return el("div", { class: "gw-keys", role: "group", "aria-label": strings.keys }, ...keys, typing,
      el("span", { class: "gw-gap" }), this.status);
  }

  // --- showing ----------------------------------------------------------------------------------------------------

  /** `draft` is the edited text if only the frame was rebuilt (another language, another scheme). */
  #showItem(fresh, draft) {
    const { item, groups } = this.data;
    if (fresh) this.labels = Object.fromEntries(groups.filter((g) => g.current).map((g) => [g.name, g.current]));
    this.note.textContent = item.note;
    this.before.textContent = item.context[0];
    this.after.textContent = item.context[1];
    this.textBox.value = draft ?? item.text;
    this.textBox.readOnly = item.readonly;
    this.root.dataset.item = item.id;
    this.root.dataset.version = item.version;
    this.#textChanged();
    this.#offerOlder();
    this.#load();
  }

  #awaitPaint() {
    const { pair } = this.gate;
    this.root.dataset.paintedAt = "";
    // The second frame begins after the first, which shows the item, has been drawn.
    this.frame = requestAnimationFrame(() => {
      this.frame = requestAnimationFrame(() => {
        const now = performance.now();
        if (this.gate.painted(pair, now)) this.root.dataset.paintedAt = String(Math.round(now));
      });
    });
  }

  #paintState() {
    const { gate, root, data } = this;
    root.dataset.locked = String(gate.locked);
    root.setAttribute("aria-busy", String(gate.locked));
    this.status.textContent = gate.locked ? data.strings.saving : "";
    for (const choice of this.choices)
      choice.node.setAttribute("aria-pressed", String(this.#chosen(choice.group).includes(choice.code)));
    this.autoplayButton.setAttribute("aria-checked", String(this.autoplay));
  }

  #textChanged() {
    const { item } = this.data;
    const text = this.textBox.value;
    this.textBox.style.height = "auto";
    this.textBox.style.height = `${this.textBox.scrollHeight}px`;
    const differs = text !== item.original;
    this.diffLine.hidden = !differs;
    this.diff.replaceChildren(...(differs ? diffNodes(item.original, text) : []));
  }

  // --- sound ------------------------------------------------------------------------------------------------------

  async #load() {
    const { item, strings } = this.data;
    const { pair } = this.gate;
    this.url = item.audio_url;
    this.audioNote.textContent = this.url ? "" : strings.no_audio;
    this.holder.hidden = !this.url;
    const listening = [this.playButton, this.autoplayButton, this.root.querySelector("[data-command=replay]")];
    for (const control of listening) control.hidden = !this.url;
    this.root.dataset.ready = "false";
    this.sound.unload();
    this.#soundState();
    this.#time(0);
    if (!this.url) return;
    try {
      const sound = await this.sound.load(this.url);
      if (!sound || pair !== this.gate.pair) return;
      await this.wave.show(sound.peaks, sound.durationMs);
      this.#time(0);
      this.root.dataset.ready = "true";
      if (this.autoplay) this.#replay();
    } catch (error) {
      this.audioNote.textContent = failure(strings.audio_failed, error);
    }
  }

  #replay() {
    this.sound.play(0, this.wave.durationMs);
  }

  #soundState() {
    const { sound, data } = this;
    this.root.dataset.playing = String(sound.playing);
    this.root.dataset.playedMs = sound.played ? sound.played.join("-") : "";
    this.playButton.setAttribute("aria-label", data.strings.replay);
    this.playButton.title = data.strings.replay;
    if (sound.buffer) this.audioNote.textContent = sound.blocked ? data.strings.blocked : "";
  }

  #time(ms) {
    this.clock.textContent = this.sound.buffer ? `${clock(ms)} / ${clock(this.wave.durationMs)}` : "";
    this.wave.cursor(ms);
  }

  #setAutoplay(on) {
    this.autoplay = on;
    store(AUTOPLAY, on ? "on" : "off");
    this.#paintState();
  }

  // --- deciding ---------------------------------------------------------------------------------------------------

  get #complete() {
    return this.data.groups.every((group) => !group.required || this.labels[group.name]);
  }

  #chosen(group) {
    return (this.labels[group] ?? "").split("|").filter(Boolean);
  }

  #choose(group, code) {
    if (!this.gate.open(performance.now())) return;
    const { multi, choices } = this.data.groups.find((known) => known.name === group);
    const chosen = this.#chosen(group);
    const next = !multi ? [code] : choices.map((choice) => choice.code).filter((known) => chosen.includes(known) !== (known === code));
    const { [group]: _, ...others } = this.labels;
    this.labels = next.length ? { ...others, [group]: next.join("|") } : others;
    this.#paintState();
    if (this.#complete && !this.data.groups.some((group) => group.multi)) this.#decide();
  }

  /** Enter: saves the labels, with the corrected text if there is one. */
  #save() {
    const worth = Object.keys(this.labels).length > 0 || this.textBox.value !== this.data.item.text;
    if (this.#complete && worth) this.#decide();
    else this.status.textContent = this.data.strings.incomplete;
  }

  #decide() {
    const { item, strings } = this.data;
    const text = this.textBox.value;
    if (!text.trim() && text !== item.text) {
      this.error.textContent = strings.empty_text;
      return;
    }
    this.#send("decision", { labels: this.labels, text: text === item.text ? null : text });
  }

  #send(kind, more) {
    const now = performance.now();
    if (!this.gate.open(now)) return;
    const { id, version } = this.data.item;
    const event = { item: id, version, nonce: nonce(), spent_ms: Math.round(now - this.gate.paintedAt), ...more };
    this.gate.lock(event.nonce);
    if (kind === "decision") this.sent = { nonce: event.nonce, item: id };
    this.error.textContent = "";
    this.#paintState();
    this.trigger(kind, event);
  }

  // --- keys -------------------------------------------------------------------------------------------------------

  #edit() {
    if (this.data.item.readonly) return;
    this.textBox.focus();
    this.textBox.setSelectionRange(this.textBox.value.length, this.textBox.value.length);
  }

  #leaveText() {
    this.textBox.blur();
    this.root.focus({ preventScroll: true });
  }

  #textKey(event) {
    if (event.code === "Enter" && event.ctrlKey) {
      // Also while a syllable is being composed: leaving the box commits it, and nothing is labelled by this.
      event.preventDefault();
      event.stopPropagation();
      this.#leaveText();
    } else if (event.code === "Escape" && !isComposing(event)) {
      event.preventDefault();
      event.stopPropagation();
      this.textBox.value = this.data.item.text;
      this.#textChanged();
      this.#keep();
      this.#leaveText();
    }
  }

  #key(event) {
    if (event.composedPath()[0] === this.textBox) return this.#textKey(event);
    if (isComposing(event) || hasModifier(event) || isTyping(event)) return;
    if (!this.root.checkVisibility() || document.querySelector("[aria-modal=true]")) return;
    const run = this.#commandOf(event);
    if (!run) return;
    // A focused button handles Space and Enter itself; we only drop their auto-repeat.
    const native = ["Space", "Enter"].includes(event.code) && isOnControl(event);
    if (native && !(event.repeat && event.composedPath().includes(this.root))) return;
    event.preventDefault();
    event.stopPropagation();
    if (!event.repeat) run();
  }

  #commandOf(event) {
    const command = this.commands[event.code === "NumpadEnter" ? "Enter" : event.code];
    if (command) return command[2];
    const choice = this.choices.find((choice) => choice.codes.includes(event.code));
    return choice && (() => this.#choose(choice.group, choice.code));
  }
}

export default mount(Review, ".gw-review");
