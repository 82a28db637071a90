// The queue of cards behind the one on the screen, each with its sound loading or loaded.
// Cards are leased to this desk, so that nobody else gets them.

import { fetchSound } from "../decode.js";

const POINTS = 2000; // of a waveform as wide as the screen
const REMEMBERED = 200;

export class Line {
  /**
   * Fills up to `ahead` cards when at most `low` wait. `eager`: fetch their sounds at once. `onFill(answer)` is called
   * after every request.
   */
  constructor(link, { ahead, low, eager, onFill }) {
    this.link = link;
    this.ahead = ahead;
    this.low = low;
    this.eager = eager;
    this.onFill = onFill;
    this.cards = [];
    this.shown = []; // ids on the screen: not requested again
    this.passed = []; // ids left without a decision: not shown again in this session
    this.sounds = new Map();
    this.filling = null;
  }

  /** Calls at the same time share one request. */
  fill() {
    if (this.cards.length > this.low) return Promise.resolve({ ok: true });
    this.filling ??= this.#take().finally(() => (this.filling = null));
    return this.filling;
  }

  async #take() {
    const answer = await this.link.post("take", { n: this.ahead - this.cards.length, have: this.known });
    const known = new Set(this.known);
    const fresh = answer.ok ? answer.cards.filter((card) => !known.has(card.utterance.id)) : [];
    this.cards.push(...fresh);
    if (this.eager) for (const card of fresh) this.sound(card);
    this.onFill(answer);
    return answer;
  }

  /** Drops the waiting cards, so that the next ones come in the order of the queue again. */
  refill() {
    this.cards = [];
    return this.fill();
  }

  get known() {
    return [...this.shown, ...this.cards.map((card) => card.utterance.id), ...this.passed];
  }

  /** Removes and returns up to `n` cards for the screen. */
  next(n) {
    return this.cards.splice(0, n);
  }

  /** Puts `card` first in the queue. */
  putBack(card) {
    this.cards = [card, ...this.cards.filter((other) => other.utterance.id !== card.utterance.id)];
  }

  pass(id) {
    this.passed = [...this.passed, id].slice(-REMEMBERED);
  }

  /** Copies `labels` of a recording to its other utterances in the queue. */
  spread(recordingId, labels) {
    for (const card of this.cards)
      if (recordingId !== null && card.utterance.recording_id === recordingId) Object.assign(card.labels, labels);
  }

  /** A promise of the card's sound, {sound} or {error}, fetched once; null if it has none. */
  sound(card) {
    const url = card.context_url ?? card.audio_url;
    if (!url) return null;
    const { id } = card.utterance;
    if (this.sounds.get(id)?.url !== url) {
      const pending = fetchSound(url, undefined, POINTS).then((sound) => ({ sound }), (error) => ({ error }));
      this.sounds.set(id, { url, pending });
    }
    return this.sounds.get(id).pending;
  }

  /** Removes the utterance from the queue: it was decided, passed or is on the screen again. */
  forget(id) {
    this.sounds.delete(id);
    this.cards = this.cards.filter((card) => card.utterance.id !== id);
  }
}
