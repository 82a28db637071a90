// The cards that wait behind the one on the screen, each with its sound on the way or here already.
// Cards are leased to this desk, so nobody else gets them meanwhile.

import { fetchSound } from "../decode.js";

const POINTS = 2000; // of a waveform as wide as the screen
const REMEMBERED = 200;

export class Line {
  /**
   * Fills up to `ahead` cards once no more than `low` wait; `eager`: fetches their sounds as they come; `onFill(answer)`
   * after every take.
   */
  constructor(link, { ahead, low, eager, onFill }) {
    this.link = link;
    this.ahead = ahead;
    this.low = low;
    this.eager = eager;
    this.onFill = onFill;
    this.cards = [];
    this.shown = []; // ids on the screen: not to be taken again
    this.passed = []; // left without a decision: not again in this session
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

  get known() {
    return [...this.shown, ...this.cards.map((card) => card.utterance.id), ...this.passed];
  }

  /** Up to `n` cards, which are the screen's from now on. */
  next(n) {
    return this.cards.splice(0, n);
  }

  /** Shown before anything else. */
  putBack(card) {
    this.cards = [card, ...this.cards.filter((one) => one.utterance.id !== card.utterance.id)];
  }

  pass(id) {
    this.passed = [...this.passed, id].slice(-REMEMBERED);
  }

  /** A label of the recording that was given at one of its utterances is that of the others too. */
  spread(recordingId, labels) {
    for (const card of this.cards)
      if (recordingId !== null && card.utterance.recording_id === recordingId) Object.assign(card.labels, labels);
  }

  /** The sound of a card, {sound} or {error}, fetched once; null where it has none. */
  sound(card) {
    const url = card.context_url ?? card.audio_url;
    if (!url) return null;
    const { id } = card.utterance;
    if (this.sounds.get(id)?.url !== url) {
      const got = fetchSound(url, undefined, POINTS).then((sound) => ({ sound }), (error) => ({ error }));
      this.sounds.set(id, { url, got });
    }
    return this.sounds.get(id).got;
  }

  /** Of this utterance nothing that waits here is to be shown: it was decided, passed or brought back. */
  forget(id) {
    this.sounds.delete(id);
    this.cards = this.cards.filter((card) => card.utterance.id !== id);
  }
}
