// Loads what stands at an address that changes. Only the newest address counts: an answer to an earlier one that comes
// late is dropped. A load that fails is tried again after a pause, unless the server says that it has nothing there.
// Pure: no DOM here; `ask` and `wait` are given.

export const PAUSES_MS = [400, 1500, 4000];

/** The bytes at an address; an error has `gone` if the server has nothing there. */
export async function fetchBytes(url, signal) {
  const response = await fetch(url, { signal });
  if (response.ok) return response.arrayBuffer();
  throw Object.assign(new Error(`status ${response.status}`), { gone: response.status === 404 });
}

export class Loader {
  /** `ask(url, signal)` gives bytes, `read(bytes)` makes a value of them, `told({ state, value, gone })` is called with
   *  each new state: "none" (no address), "loading", "ready" or "failed". */
  constructor({ read, told, ask = fetchBytes, wait = (ms) => new Promise((done) => setTimeout(done, ms)) }) {
    Object.assign(this, { read, told, ask, wait });
    this.url = "";
    this.state = "none";
    this.turn = 0;
  }

  /** Loads the address, unless that is what it does or has done. After a failure it begins again. */
  async load(url) {
    if (url === this.url && this.state !== "failed") return;
    this.stop();
    const turn = this.turn;
    this.url = url;
    if (!url) return this.#tell({ state: "none" });
    this.#tell({ state: "loading" });
    const outcome = await this.#tries(url, turn);
    if (turn === this.turn) this.#tell(outcome);
  }

  /** Forgets what is on its way. */
  stop() {
    this.turn += 1;
    this.abort?.abort();
    this.abort = new AbortController();
  }

  async #tries(url, turn) {
    const { signal } = this.abort;
    for (let number = 0; ; number += 1) {
      try {
        return { state: "ready", value: this.read(await this.ask(url, signal)) };
      } catch (error) {
        if (turn !== this.turn || error.gone || number === PAUSES_MS.length)
          return { state: "failed", gone: Boolean(error.gone) };
      }
      await this.wait(PAUSES_MS[number]);
      if (turn !== this.turn) return undefined;
    }
  }

  #tell(outcome) {
    this.state = outcome.state;
    this.told(outcome);
  }
}

/** Numbers what is sent, so that an answer to something earlier is known: what was sent last has the last number. */
export class Turns {
  constructor() {
    this.last = 0;
  }

  next() {
    this.last += 1;
    return this.last;
  }

  /** Whether an answer to `turn` is too late; else it is the last one now. */
  isLate(turn) {
    if (turn < this.last) return true;
    this.last = turn;
    return false;
  }
}
