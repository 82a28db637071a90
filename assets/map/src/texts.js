// The texts of points, asked from the server one by one when somebody looks at them, and kept.

const MOST = 500;

export class Texts {
  constructor(base, ask = (url) => fetch(url)) {
    this.base = base;
    this.ask = ask;
    this.kept = new Map();
  }

  /** The text of an utterance; "" if the server has none. */
  async of(id) {
    if (!this.kept.has(id)) {
      this.kept.set(id, this.#fetch(id));
      if (this.kept.size > MOST) this.kept.delete(this.kept.keys().next().value);
    }
    return this.kept.get(id);
  }

  async #fetch(id) {
    try {
      const response = await this.ask(`${this.base}/${id}`);
      if (response.ok) return String((await response.json()).text ?? "");
    } catch {
      // the server is away: asked again at the next look
    }
    this.kept.delete(id);
    return "";
  }
}
