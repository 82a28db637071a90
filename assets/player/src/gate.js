// When a key may count. Pure: no DOM, no clock of its own.
// A decision belongs to the (item, version) that was painted; after it is sent nothing more is sent until the server
// shows another pair, or answers that very event (`echo`) while it keeps showing the same pair (an error).

export class Gate {
  constructor(quietMs = 120) {
    this.quietMs = quietMs;
    this.pair = null;
    this.pending = null;
    this.paintedAt = null;
  }

  /** Data came: true where it is another item. `session` differs after the server was started anew. */
  offer({ item, version, session, echo }) {
    const pair = JSON.stringify([item, version, session]);
    if (pair !== this.pair) {
      this.pair = pair;
      this.pending = null;
      this.paintedAt = null;
      return true;
    }
    if (this.pending !== null && echo === this.pending) this.pending = null;
    return false;
  }

  /** `pair` is what the frame that reached the screen was drawn from; an overtaken one does not count. */
  painted(pair, now) {
    if (pair !== this.pair) return false;
    this.paintedAt = now;
    return true;
  }

  get locked() {
    return this.pending !== null;
  }

  open(now) {
    return !this.locked && this.paintedAt !== null && now - this.paintedAt >= this.quietMs;
  }

  lock(nonce) {
    this.pending = nonce;
  }

  /** The answer came while the same pair stays on the screen. */
  unlock() {
    this.pending = null;
  }
}
