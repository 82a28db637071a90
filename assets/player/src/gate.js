// Decides when a key counts. Pure: no DOM, no clock of its own.
// A decision belongs to the (item, version) that was painted. After a decision, nothing is sent until the server
// shows another pair, or answers this event (`echo`) and keeps showing the same pair (an error).

export class Gate {
  constructor(quietMs = 120) {
    this.quietMs = quietMs;
    this.pair = null;
    this.pending = null;
    this.paintedAt = null;
  }

  /** Takes new data; returns true if it is another item. `session` changes when the server restarts. */
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

  /** The frame drawn from `pair` is on the screen. A pair that is not the newest does not count. */
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
