// The player component: a recording's waveform, its utterances as regions and as a list of buttons.
// Sends the trigger `region` (the id) once for each click or Enter; plays exactly that region. Where `editable`, a text
// can be changed in its row: the trigger `edit` carries {id, text}. Regions that come anew (a judged text brings them)
// leave open forms, what is typed in them, and the keyboard's place as they are.

import RegionsPlugin from "wavesurfer.js/dist/plugins/regions.esm.js";
import { failure } from "./decode.js";
import { button, clock, el, hide, icon, mount } from "./dom.js";
import { lanes } from "./lanes.js";
import { Sound, Wave } from "./wave.js";

const LEVELS = [1, 2, 4, 8, 16, 32];
const STRIP_PX = 26;
const SEEK_MS = 1000;
const KEYS = { key_move: "↑ ↓", key_seek: "← →", key_play: "Enter", key_pause: "Space" };
const STOPS = "button, textarea"; // what takes the keyboard in the item of a region

class Player {
  constructor(root) {
    this.root = root;
    this.regions = [];
    this.selected = -1;
    this.atMs = 0;
    this.shown = {};
    this.sound = new Sound({ onState: () => this.#state(), onTick: (ms) => this.#time(ms) });
    this.abort = new AbortController();
    const { signal } = this.abort;
    root.addEventListener("keydown", (event) => this.#key(event), { signal });
    root.addEventListener("keyup", (event) => this.#ownsSpace(event) && event.preventDefault(), { signal });
  }

  destroy() {
    this.abort.abort();
    this.sound.destroy();
    this.wave?.destroy();
    this.root.replaceChildren();
  }

  update({ data, setTriggerValue }) {
    this.send = (id) => setTriggerValue("region", id);
    this.sendEdit = (edit) => setTriggerValue("edit", edit);
    const before = this.shown;
    this.shown = {
      strings: JSON.stringify(data.strings),
      frame: `${data.height} ${data.duration_ms}`,
      regions: JSON.stringify([data.regions, data.editable]),
      url: data.audio_url,
      selected: data.selected,
    };
    const changed = (name) => this.shown[name] !== before[name];
    const reframed = changed("strings") || changed("frame");
    const redrawn = reframed || changed("regions");
    const place = redrawn ? this.#place() : null;
    this.data = data;
    if (reframed) this.#frame();
    else this.wave.recolor();
    if (redrawn) this.#drawRegions();
    if (reframed || changed("url")) this.#load();
    if (redrawn || changed("selected")) this.#select(data.selected ?? -1);
    if (place) this.#restore(place);
    if (place && !changed("selected")) this.rows.scrollTop = place.scroll;
  }

  #frame() {
    const { strings, height, duration_ms } = this.data;
    this.wave?.destroy();
    this.playButton = button({ class: "gw-icon", onclick: () => this.#toggle() });
    this.timeNow = el("span", { class: "gw-now", text: clock(0) });
    this.zoomLabel = el("span", { class: "gw-zoom-level", text: "×1" });
    this.status = el("p", { class: "gw-note", "aria-live": "polite" });
    this.holder = el("div", { class: "gw-wave", "aria-hidden": "true" });
    this.rows = el("ol", { class: "gw-rows", "aria-label": strings.regions });
    this.timeAll = el("span", { text: clock(duration_ms) });
    const zoom = (name, text, step) =>
      button({ class: "gw-icon", "aria-label": strings[name], title: strings[name], text, onclick: () => this.#zoom(step) });
    this.root.replaceChildren(
      el("div", { class: "gw-bar" }, this.playButton,
        el("span", { class: "gw-clock" }, this.timeNow, " / ", this.timeAll),
        el("span", { class: "gw-gap" }),
        el("span", { class: "gw-zoom", role: "group", "aria-label": strings.zoom },
          zoom("zoom_out", "−", -1), this.zoomLabel, zoom("zoom_in", "+", 1))),
      this.holder, this.status, this.rows,
      el("p", { class: "gw-keys" }, ...Object.entries(KEYS).map(([name, keys]) =>
        el("span", {}, el("kbd", { text: keys }), ` ${strings[name]}`))),
    );
    this.marks = RegionsPlugin.create();
    this.wave = new Wave(this.root, this.holder, {
      height,
      durationMs: duration_ms,
      plugins: [this.marks],
      onSeek: (ms) => this.#seek(ms),
    });
    this.wave.surfer.on("ready", () => this.#drawMarks());
    this.marks.on("region-clicked", (mark, event) => {
      event.stopPropagation();
      this.#choose(this.regions.findIndex((r) => r.mark === mark));
    });
    this.#state();
  }

  async #load() {
    const { audio_url, strings, duration_ms } = this.data;
    const url = audio_url;
    this.status.textContent = url ? strings.loading : strings.no_audio;
    this.sound.unload();
    this.#state();
    this.root.dataset.ready = "false";
    this.playButton.disabled = true;
    if (!url) return void this.wave.show([0, 0], duration_ms);
    try {
      const sound = await this.sound.load(url);
      if (!sound) return;
      await this.wave.show(sound.peaks, sound.durationMs);
      this.#time(this.atMs); // a new drawing begins at 0
      this.timeAll.textContent = clock(sound.durationMs);
      this.status.textContent = "";
      this.playButton.disabled = false;
      this.root.dataset.ready = "true";
    } catch (error) {
      this.status.textContent = failure(strings.audio_failed, error);
    }
  }

  #drawRegions() {
    const { lane, count } = lanes(this.data.regions);
    this.lanes = count;
    this.holder.style.setProperty("--gw-strip", `${count * STRIP_PX + 4}px`);
    this.regions = this.data.regions.map((region, index) => this.#region(region, index, lane.get(region.id)));
    this.rows.replaceChildren(...this.regions.map(({ item }) => item));
    this.rows.hidden = this.regions.length === 0;
    this.#drawMarks();
  }

  #region(region, index, lane) {
    const tone = region.tone.replace(/[^a-z-]/g, "") || "plain";
    const span = `${clock(region.start_ms)} – ${clock(region.end_ms)}`;
    const title = `${span} ${region.text}`;
    const mark = { danger: "! ", unsure: "? " }[tone] ?? "";
    const shade = el("div", { title });
    const chip = el("div", { title, text: mark + region.text });
    const row = button(
      { class: `gw-row tone-${tone}`, "data-id": region.id, tabindex: "-1", onclick: () => this.#choose(index) },
      el("span", { class: "gw-when", text: span }),
      el("span", { class: "gw-who", text: region.speaker || (this.data.strings[`tone_${tone}`] ?? "") }),
      el("span", { class: "gw-text" }, region.text, region.note ? el("em", { class: "gw-remark", text: region.note }) : null),
      region.badge ? el("span", { class: "gw-badge", text: region.badge }) : null,
    );
    const chips = (region.chips ?? []).map(({ text, tone }) =>
      el("span", { class: `gw-chip is-${tone.replace(/[^a-z]/g, "")}`, text }));
    const judged = chips.length ? el("div", { class: "gw-judged" }, ...chips) : null;
    const editor = this.data.editable ? this.#editor(region) : null;
    const item = el("li", { class: "gw-item" }, row, editor?.pencil, editor?.form, judged);
    return { ...region, tone, lane, shade, chip, row, editor, item };
  }

  /** What a person is doing in the list: texts that are being changed, the element with the focus, the scroll. */
  #place() {
    const focused = this.root.getRootNode().activeElement;
    const at = this.regions.find(({ item }) => focused && item.contains(focused));
    return {
      drafts: this.regions.filter(({ editor }) => editor && !editor.form.hidden).map(({ id, editor: { field } }) =>
        ({ id, value: field.value, selection: [field.selectionStart, field.selectionEnd, field.selectionDirection] })),
      focus: at ? { id: at.id, stop: [...at.item.querySelectorAll(STOPS)].indexOf(focused) } : null,
      scroll: this.rows?.scrollTop ?? 0,
    };
  }

  /** Brings it back in the new list; a region that is gone takes its draft with it. */
  #restore({ drafts, focus }) {
    const of = (id) => this.regions.find((region) => region.id === id);
    for (const { id, value, selection } of drafts) of(id)?.editor?.restore(value, selection);
    const at = focus && of(focus.id);
    if (!at) return;
    const stop = [...at.item.querySelectorAll(STOPS)][focus.stop] ?? at.row;
    if (stop === at.row) this.#roam(at);
    stop.focus({ preventScroll: true });
  }

  /** A button that opens the text of a region, and the form that it opens. Enter saves, Esc leaves. */
  #editor(region) {
    const { strings } = this.data;
    const field = el("textarea", { class: "gw-edit-text", rows: "2", maxlength: "2000", "aria-label": strings.text });
    const pencil = button({
      class: "gw-small gw-pencil", text: region.text ? strings.edit : strings.write, onclick: () => open(form.hidden),
    });
    const save = () => {
      const text = field.value.trim();
      open(false);
      if (text !== region.text) this.sendEdit({ id: region.id, text });
    };
    const form = el("div", { class: "gw-form" }, field,
      button({ class: "gw-small", text: strings.save, onclick: save }),
      button({ class: "gw-small", text: strings.close, onclick: () => open(false) }));
    form.hidden = true;
    const open = (on) => {
      hide(form, !on);
      pencil.setAttribute("aria-expanded", String(on));
      if (!on) return pencil.focus();
      field.value = region.text;
      field.focus();
    };
    field.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      if (event.code === "Escape") open(false);
      else if (event.code === "Enter" && !event.shiftKey) {
        event.preventDefault();
        save();
      }
    });
    pencil.setAttribute("aria-expanded", "false");
    const restore = (value, selection) => {
      hide(form, false);
      pencil.setAttribute("aria-expanded", "true");
      field.value = value;
      field.setSelectionRange(...selection);
    };
    return { pencil, form, field, restore };
  }

  /** Needed at every change of the duration: wavesurfer cuts a region to the duration that it knows at that time. */
  #drawMarks() {
    const { height } = this.data;
    this.marks.clearRegions();
    if (!this.wave.surfer.getDuration()) return;
    for (const region of this.regions) {
      const { start_ms, end_ms, lane, shade, chip } = region;
      region.mark = this.marks.addRegion({
        start: start_ms / 1000, end: end_ms / 1000, drag: false, resize: false, color: "transparent",
      });
      region.mark.element.style.pointerEvents = "none";
      region.mark.element.append(shade, chip);
      shade.style.top = `${(lane / this.lanes) * height}px`;
      shade.style.height = `${height / this.lanes}px`;
      chip.style.top = `${height + 4 + lane * STRIP_PX}px`;
    }
  }

  #choose(index) {
    const region = this.regions[index];
    if (!region) return;
    this.#select(index);
    this.sound.play(region.start_ms, region.end_ms);
    this.send(region.id);
  }

  #select(index) {
    this.selected = this.regions[index] ? index : -1;
    this.regions.forEach((region, i) => {
      const on = i === this.selected ? " selected" : "";
      region.shade.setAttribute("part", `shade ${region.tone}${on}`);
      region.chip.setAttribute("part", `chip ${region.tone}${on}`);
      region.row.tabIndex = i === Math.max(0, this.selected) ? 0 : -1;
      region.row.setAttribute("aria-current", String(i === this.selected));
    });
    const region = this.regions[this.selected];
    this.root.dataset.region = region?.id ?? "";
    if (!region) return;
    // Not scrollIntoView: it would scroll the whole page along.
    const { rows } = this;
    const top = region.row.offsetTop - rows.offsetTop;
    if (top < rows.scrollTop) rows.scrollTop = top;
    const over = top + region.row.offsetHeight - rows.scrollTop - rows.clientHeight;
    if (over > 0) rows.scrollTop += over;
    if (!this.sound.playing) this.#time(region.start_ms);
  }

  #seek(ms) {
    this.#select(-1);
    this.#time(ms);
    if (this.sound.playing) this.sound.play(ms, this.wave.durationMs);
  }

  /** Tab leads to one row of the list: this one. */
  #roam(region) {
    for (const one of this.regions) one.row.tabIndex = one === region ? 0 : -1;
  }

  #toggle() {
    if (this.sound.playing) return this.sound.stop();
    const region = this.regions[this.selected];
    const inside = region && this.atMs > region.start_ms && this.atMs < region.end_ms;
    if (region) return this.sound.play(inside ? Math.round(this.atMs) : region.start_ms, region.end_ms);
    const atEnd = this.atMs >= this.wave.durationMs - 10;
    return this.sound.play(atEnd ? 0 : Math.round(this.atMs), this.wave.durationMs);
  }

  #zoom(step) {
    const level = LEVELS[LEVELS.indexOf(this.wave.level) + step];
    if (!level) return;
    this.wave.zoom(level);
    this.zoomLabel.textContent = `×${level}`;
  }

  #time(ms) {
    this.atMs = ms;
    this.root.dataset.timeMs = Math.round(ms);
    this.timeNow.textContent = clock(ms);
    this.wave.cursor(ms);
  }

  #state() {
    const { sound, root, playButton, status } = this;
    const { strings } = this.data;
    const label = sound.playing ? strings.pause : strings.play;
    root.dataset.playing = String(sound.playing);
    root.dataset.playedMs = sound.played ? sound.played.join("-") : "";
    playButton.replaceChildren(icon(sound.playing ? "pause" : "play"));
    playButton.setAttribute("aria-label", label);
    playButton.title = label;
    if (sound.buffer) status.textContent = sound.blocked ? strings.blocked : "";
  }

  #ownsSpace(event) {
    return event.code === "Space" && !event.target.closest(".gw-zoom, .gw-form, .gw-pencil");
  }

  #key(event) {
    if (event.isComposing || event.ctrlKey || event.altKey || event.metaKey || event.target.closest(".gw-form")) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.code];
    const seek = { ArrowRight: SEEK_MS, ArrowLeft: -SEEK_MS }[event.code];
    if (this.#ownsSpace(event)) {
      event.preventDefault();
      if (!event.repeat) this.#toggle();
    } else if (event.code === "Enter" && event.repeat) {
      event.preventDefault();
    } else if (seek) {
      event.preventDefault();
      this.#seek(Math.min(this.wave.durationMs, Math.max(0, this.atMs + seek)));
    } else if (step && this.regions.length) {
      event.preventDefault();
      const at = this.regions.findIndex((r) => r.row === event.target);
      const next = Math.min(this.regions.length - 1, Math.max(0, (at < 0 ? this.selected : at) + step));
      this.#roam(this.regions[next]);
      this.regions[next].row.focus();
    }
  }
}

export default mount(Player, ".gw-player");
