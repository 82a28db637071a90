// Playback and waveform of a sound. Times are ms from the start of the file.
// Playback is by AudioBufferSourceNode.start(when, offset, duration) in a context that runs at the file's own rate,
// so a region begins and ends on the sample. At another speed the browser's own media element plays, which keeps the
// pitch of a voice; its ends are exact to a frame of the screen. wavesurfer.js only draws. Does not record or cache.

import WaveSurfer from "wavesurfer.js";
import { fetchSound } from "./decode.js";

const RESUME_MS = 400;

export class Sound {
  /** `onState()` after play and stop, `onTick(ms)` about 60 times a second in between. */
  constructor({ onState, onTick }) {
    this.onState = onState;
    this.onTick = onTick;
    this.buffer = null;
    this.context = null;
    this.node = null;
    this.range = null;
    this.played = null;
    this.blocked = false;
    this.turn = 0;
    this.fetching = null;
    this.speed = 1;
    this.loop = false;
  }

  get playing() {
    return this.node !== null;
  }

  get positionMs() {
    return this.node ? this.node.positionMs() : null;
  }

  /** Fetches and decodes; {peaks, durationMs}, or null if a later load or destroy replaced it. Throws on failure. */
  async load(url) {
    this.unload();
    const fetching = (this.fetching = new AbortController());
    try {
      const sound = await fetchSound(url, fetching.signal);
      if (fetching.signal.aborted) return null;
      this.adopt(sound);
      return sound;
    } catch (error) {
      if (fetching.signal.aborted) return null;
      throw error;
    }
  }

  /** Uses a result of `fetchSound`. */
  adopt({ buffer, blob }) {
    this.buffer = buffer;
    this.blob = blob;
  }

  unload() {
    this.stop();
    this.fetching?.abort();
    this.buffer = this.blob = null;
    this.played = null;
  }

  /** Plays [startMs, endMs), cut to the file, again and again if `loop`; a running playback is stopped first. */
  async play(startMs, endMs) {
    this.stop();
    if (!this.buffer) return;
    const end = Math.min(endMs, Math.floor(this.buffer.duration * 1000));
    if (startMs >= end) return;
    const turn = ++this.turn;
    const context = this.#context();
    if (context.state !== "running") {
      // A browser may refuse sound before the first key or click; it must not start unexpectedly much later.
      await Promise.race([context.resume(), new Promise((done) => setTimeout(done, RESUME_MS))]);
      if (turn !== this.turn || !this.buffer) return;
      this.blocked = context.state !== "running";
      if (this.blocked) return this.onState();
    }
    this.blocked = false;
    this.range = [startMs, end];
    const done = () => turn === this.turn && this.node && this.#finish(end);
    this.node = this.speed === 1 ? this.#exactly(startMs, end, done) : this.#stretched(startMs, end, done);
    this.onState();
    this.#tick();
  }

  #exactly(startMs, end, done) {
    const { context } = this;
    const node = context.createBufferSource();
    const length = end - startMs;
    node.buffer = this.buffer;
    node.connect(this.output);
    node.onended = done;
    const startedAt = context.currentTime;
    if (this.loop) {
      Object.assign(node, { loop: true, loopStart: startMs / 1000, loopEnd: end / 1000 });
      node.start(0, startMs / 1000);
    } else node.start(0, startMs / 1000, length / 1000);
    const past = () => (context.currentTime - startedAt) * 1000;
    return { stop: () => node.stop(), positionMs: () => startMs + (node.loop ? past() % length : Math.min(length, past())) };
  }

  /** Checks at every frame whether its end is reached. */
  #stretched(startMs, end, done) {
    const url = URL.createObjectURL(this.blob);
    const element = Object.assign(new Audio(url), { playbackRate: this.speed, currentTime: startMs / 1000 });
    const stop = () => {
      element.pause();
      URL.revokeObjectURL(url);
    };
    const finish = () => {
      stop();
      done();
    };
    const again = () => {
      element.currentTime = startMs / 1000;
      element.play().catch(finish);
    };
    element.onended = () => (this.loop ? again() : finish());
    element.play().catch(finish);
    const positionMs = () => {
      const at = element.currentTime * 1000;
      if (at >= end && !element.paused) this.loop ? again() : finish();
      return Math.min(end, at);
    };
    return { stop, positionMs };
  }

  stop() {
    this.turn++;
    if (!this.node) return;
    const at = this.positionMs;
    const { node } = this;
    if (node) this.#finish(at);
    node?.stop();
  }

  destroy() {
    this.onState = this.onTick = () => {};
    this.unload();
    this.context?.close();
    this.context = null;
  }

  #context() {
    if (this.context?.sampleRate !== this.buffer.sampleRate) {
      this.context?.close();
      this.context = new AudioContext({ sampleRate: this.buffer.sampleRate, latencyHint: "interactive" });
      this.output = this.context.createGain();
      this.output.connect(this.context.destination);
    }
    return this.context;
  }

  #finish(atMs) {
    this.node = null;
    this.played = [this.range[0], Math.round(atMs)];
    cancelAnimationFrame(this.frame);
    this.onTick(atMs);
    this.onState();
  }

  #tick() {
    this.frame = requestAnimationFrame(() => {
      const at = this.positionMs; // may end the playback
      if (!this.node) return;
      this.onTick(at);
      this.#tick();
    });
  }
}

/** The value of a CSS variable in the current theme; a canvas cannot read variables itself. */
function resolved(root, variable) {
  const probe = document.createElement("i");
  probe.style.color = `var(${variable})`;
  root.append(probe);
  const color = getComputedStyle(probe).color;
  probe.remove();
  return color;
}

export class Wave {
  /** Draws a flat line of `durationMs` until `show` gets peaks, so that regions are in place at once. */
  constructor(root, container, { height, durationMs, onSeek, plugins = [] }) {
    this.root = root;
    this.level = 1;
    this.durationMs = Math.max(1, durationMs);
    this.surfer = WaveSurfer.create({
      container,
      height,
      plugins,
      peaks: [[0, 0]],
      duration: this.durationMs / 1000,
      normalize: true,
      cursorWidth: 2,
      barWidth: 2,
      barGap: 1,
      barRadius: 1,
      ...this.#colors(),
    });
    this.surfer.on("interaction", (seconds) => onSeek(Math.round(seconds * 1000)));
  }

  #colors() {
    return {
      waveColor: resolved(this.root, "--gw-wave"),
      progressColor: resolved(this.root, "--gw-wave-done"),
      cursorColor: resolved(this.root, "--gw-cursor"),
    };
  }

  /** Follows a change of theme; redraws only when a colour really changed. */
  recolor() {
    const colors = this.#colors();
    if (Object.entries(colors).some(([name, value]) => this.surfer.options[name] !== value))
      this.surfer.setOptions(colors);
  }

  async show(values, durationMs) {
    this.durationMs = Math.max(1, durationMs);
    await this.surfer.load("", [values], this.durationMs / 1000).catch(() => {});
    this.zoom(this.level);
  }

  /** 1 fits the whole file into the width. */
  zoom(level) {
    this.level = level;
    if (!this.surfer.getDecodedData()) return;
    this.surfer.zoom(level === 1 ? 0 : (this.surfer.getWidth() / this.durationMs) * 1000 * level);
  }

  cursor(ms) {
    this.surfer.setTime(ms / 1000);
  }

  destroy() {
    this.surfer.destroy();
  }
}
