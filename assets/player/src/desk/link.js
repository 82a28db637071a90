// Requests to the desk's routes, JSON both ways. Every answer is an object with `ok`; it never throws.
// A decision keeps its nonce until the server answers, so that a repeated request does not count twice.

import { nonce } from "../local.js";

const PATIENCE_MS = 20000;

export class Link {
  constructor(base) {
    this.base = base;
    this.unanswered = null;
  }

  /** {ok: true, ...} or {ok: false, kind, error, mine?, theirs?}. `kind` away: no answer, so the result is unknown. */
  async post(action, body = {}, more = {}) {
    try {
      const answer = await fetch(`${this.base}/${action}`, {
        method: "POST", credentials: "same-origin", headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body), signal: AbortSignal.timeout(PATIENCE_MS), ...more,
      });
      const reply = await answer.json();
      if (answer.ok) return { ...reply, ok: true };
      return { kind: answer.status >= 500 ? "away" : "refused", error: `HTTP ${answer.status}`, ...reply, ok: false };
    } catch {
      return { ok: false, kind: "away", error: "" }; // the browser's own words are English, and say no more than `kind`
    }
  }

  /** Sends the decision `what`. The same decision has the same nonce until an answer came. */
  async decide(action, what, spent) {
    const content = JSON.stringify([action, what]);
    if (this.unanswered?.content !== content) this.unanswered = { content, nonce: nonce() };
    const answer = await this.post(action, { ...what, ...spent, nonce: this.unanswered.nonce });
    if (answer.kind !== "away" && answer.kind !== "gone") this.unanswered = null;
    return answer;
  }

  /** Releases the cards; works while the page is being closed too. */
  release() {
    return this.post("release", {}, { keepalive: true });
  }
}
