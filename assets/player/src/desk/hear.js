// The sound of a card: waveform (2 s before and after are dimmed), replay, speed, loop, and the utterance's ends,
// which keys move by 50 ms. Times are ms; `times` count from the start of the recording, as in the store,
// the sound's own from `context_start_ms`. Moved ends are only shown here; they are saved with the decision.

import { failure } from "../decode.js";
import { button, clock, el, hide, icon } from "../dom.js";
import { store, stored } from "../local.js";
import { Sound, Wave } from "../wave.js";

const WAVE_PX = 72;
const STEP_MS = 50;
const SHORTEST_MS = 100;
const FRAME_MS = 40; // between two drawings of the cursor
const TASTE_MS = 700; // how much is played at an end that was just moved
const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 2];
const [AUTOPLAY, LOOP, SPEED] = ["gwidama.autoplay", "gwidama.loop", "gwidama.speed"];
const NO_TIMES = { start: null, end: null };

export class Hear {
  /** `control(name, ...)` returns the button of a command. */
  constructor(root, t, control) {
    this.root = root;
    this.t = t;
    this.autoplay = stored(AUTOPLAY, "on") === "on";
    this.sound = new Sound({ onState: () => this.#state(), onTick: (ms) => this.#time(ms) });
    this.sound.loop = stored(LOOP, "off") === "on";
    this.sound.speed = SPEEDS.find((speed) => String(speed) === stored(SPEED, "1")) ?? 1;
    this.times = NO_TIMES;
    this.#build(control);
  }

  #build(control) {
    const { t } = this;
    this.playButton = button({ class: "gw-icon", "aria-label": t.replay, title: t.replay, "data-command": "replay", "aria-keyshortcuts": "Space",
      onclick: () => this.replay() }, icon("play"));
    this.clock = el("span", { class: "gw-clock" });
    this.speedLabel = el("span", { class: "gw-zoom-level", "aria-live": "polite" });
    this.loopButton = control("loop", () => this.toggleLoop());
    this.autoplayButton = button({ class: "gw-switch", role: "switch", "aria-checked": "false", "data-command": "autoplay", "aria-keyshortcuts": "=",
      onclick: () => this.toggleAutoplay() }, el("span", { class: "gw-knob", "aria-hidden": "true" }), t.autoplay, el("kbd", { text: "=" }));
    this.bar = el("div", { class: "gw-bar gw-listen" }, this.playButton, this.clock, control("whole", () => this.whole()), this.loopButton,
      el("span", { class: "gw-zoom", role: "group", "aria-label": t.speed },
        control("slower", () => this.faster(-1), "−"), this.speedLabel, control("faster", () => this.faster(1), "+")),
      el("span", { class: "gw-gap" }), this.autoplayButton);
    this.holder = el("div", { class: "gw-wave", "aria-hidden": "true" });
    this.left = el("div", { class: "gw-outside gw-outside-left" });
    this.right = el("div", { class: "gw-outside gw-outside-right" });
    this.stage = el("div", { class: "gw-stage" }, this.holder, this.left, this.right);
    this.span = el("span", { class: "gw-clock gw-span", "aria-live": "polite" });
    this.backButton = control("times_back", () => this.timesBack());
    this.ends = el("div", { class: "gw-bar gw-ends", role: "group", "aria-label": t.times },
      el("span", { class: "gw-edge-name", text: t.start }),
      control("start_earlier", () => this.nudge("start", -1), "←"), control("start_later", () => this.nudge("start", 1), "→"), this.span,
      control("end_earlier", () => this.nudge("end", -1), "←"), control("end_later", () => this.nudge("end", 1), "→"),
      el("span", { class: "gw-edge-name", text: t.end }), this.backButton);
    this.note = el("p", { class: "gw-note", "aria-live": "polite" });
    this.nodes = [this.bar, this.stage, this.ends, this.note];
  }

  /** Call it when its nodes are in the document. */
  begin() {
    this.wave = new Wave(this.root, this.holder, {
      height: WAVE_PX, durationMs: 1, onSeek: (ms) => this.sound.play(ms, this.wave.durationMs),
    });
  }

  recolor() {
    this.wave?.recolor();
  }

  destroy() {
    this.sound.destroy();
    this.wave?.destroy();
  }

  /**
   * `pending` comes from `Line.sound`; `times` are unsaved moved ends. Resolves to true once it is drawn and can be
   * played, or if there is no sound; to false if that failed.
   */
  async show(card, pending, times) {
    const turn = (this.turn = (this.turn ?? 0) + 1);
    const { utterance } = card;
    this.own = { start: utterance.start_ms, end: utterance.end_ms };
    this.from = card.context_url ? card.context_start_ms : utterance.start_ms;
    this.times = times ?? this.own;
    this.sound.unload();
    for (const node of [this.bar, this.stage, this.ends]) hide(node, !pending);
    this.note.textContent = pending ? "" : this.t.no_audio;
    this.root.dataset.ready = "false";
    this.#state();
    this.#drawTimes();
    if (!pending) return true;
    const { sound, error } = await pending;
    if (turn !== this.turn) return false;
    if (error) {
      this.note.textContent = failure(this.t.audio_failed, error);
      return false;
    }
    this.sound.adopt(sound);
    await this.wave.show(sound.peaks, sound.durationMs);
    if (turn !== this.turn) return false;
    this.#drawTimes();
    this.#time(this.#inside.start);
    this.root.dataset.ready = "true";
    if (this.autoplay) this.replay();
    return true;
  }

  // --- hearing ----------------------------------------------------------------------------------------------------

  get #inside() {
    return { start: this.times.start - this.from, end: this.times.end - this.from };
  }

  replay() {
    const { start, end } = this.#inside;
    this.sound.play(start, end);
  }

  whole() {
    this.sound.play(0, this.wave.durationMs);
  }

  stop() {
    this.sound.stop();
  }

  toggleLoop() {
    this.sound.loop = !this.sound.loop;
    store(LOOP, this.sound.loop ? "on" : "off");
    if (this.sound.loop) this.replay();
    else this.sound.stop();
    this.#state();
  }

  toggleAutoplay() {
    this.autoplay = !this.autoplay;
    store(AUTOPLAY, this.autoplay ? "on" : "off");
    this.#state();
  }

  faster(step) {
    const speed = SPEEDS[SPEEDS.indexOf(this.sound.speed) + step];
    if (!speed) return;
    this.sound.speed = speed;
    store(SPEED, String(speed));
    if (this.sound.playing) this.replay();
    this.#state();
  }

  // --- the ends of the utterance ----------------------------------------------------------------------------------

  /** The moved ends as fields of a decision: {} if none was moved. */
  get moved() {
    const { own, times } = this;
    return { ...(times.start !== own?.start && { start_ms: times.start }), ...(times.end !== own?.end && { end_ms: times.end }) };
  }

  nudge(edge, direction) {
    if (!this.sound.buffer) return;
    const { start, end } = this.times;
    const last = this.from + Math.floor(this.wave.durationMs);
    const next = this.times[edge] + direction * STEP_MS;
    const [low, high] = edge === "start" ? [this.from, end - SHORTEST_MS] : [start + SHORTEST_MS, Math.max(last, this.own.end)];
    this.times = { ...this.times, [edge]: Math.min(high, Math.max(low, next)) };
    this.#drawTimes();
    if (!this.autoplay) return;
    const inside = this.#inside;
    if (edge === "start") this.sound.play(inside.start, Math.min(inside.end, inside.start + TASTE_MS));
    else this.sound.play(Math.max(inside.start, inside.end - TASTE_MS), inside.end);
  }

  timesBack() {
    this.times = this.own;
    this.#drawTimes();
  }

  #drawTimes() {
    const { root, own, times, wave } = this;
    const has = Number.isInteger(times.start);
    const by = (edge) => (times[edge] === own[edge] ? "" : ` (${times[edge] > own[edge] ? "+" : "−"}${Math.abs(times[edge] - own[edge])})`);
    this.span.textContent = has ? `${clock(times.start)}${by("start")} – ${clock(times.end)}${by("end")}` : "";
    this.backButton.disabled = !has || Object.keys(this.moved).length === 0;
    root.dataset.span = has ? `${times.start}-${times.end}` : "";
    const share = (ms) => `${Math.min(100, Math.max(0, (ms / wave.durationMs) * 100))}%`;
    this.left.style.width = has ? share(this.#inside.start) : "0";
    this.right.style.width = has ? share(wave.durationMs - this.#inside.end) : "0";
  }

  // --- showing ----------------------------------------------------------------------------------------------------

  #state() {
    const { sound, root } = this;
    root.dataset.playing = String(sound.playing);
    root.dataset.playedMs = sound.played ? sound.played.join("-") : "";
    this.speedLabel.textContent = `×${sound.speed}`;
    this.loopButton.setAttribute("aria-pressed", String(sound.loop));
    this.autoplayButton.setAttribute("aria-checked", String(this.autoplay));
    if (sound.buffer) this.note.textContent = sound.blocked ? this.t.blocked : "";
  }

  #time(ms) {
    const now = performance.now();
    if (this.sound.playing && now - this.drawnAt < FRAME_MS) return;
    this.drawnAt = now;
    this.clock.textContent = this.sound.buffer ? `${clock(this.from + ms)}` : "";
    this.wave.cursor(ms);
  }
}
