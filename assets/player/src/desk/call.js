// The transcript of the whole call beside the utterance. It stays open from card to card, and is fetched once a call.

import { clock, el } from "../dom.js";

export class Call {
  #open = false;
  #card = null;
  #lines = null; // of the call `#of`
  #of = null;

  constructor(desk) {
    this.desk = desk;
    this.list = el("ol", { class: "gw-call-lines" });
    this.node = el("aside", { class: "gw-call", "aria-label": desk.t.call, hidden: true }, this.list);
  }

  toggle() {
    this.#open = !this.#open;
    return this.show(this.#card);
  }

  /** Shows the call of `card`, if it is open; nothing for a sentence, which has no call. */
  async show(card) {
    this.#card = card;
    const { utterance } = card ?? {};
    this.node.hidden = !this.#open || !card;
    if (this.node.hidden) return;
    if (utterance.recording_id === null) return this.#draw([]);
    if (this.#of !== utterance.recording_id || !this.#lines.some((line) => line.id === utterance.id)) {
      const answer = await this.desk.link.post("call", { item: utterance.id });
      if (card !== this.#card) return;
      if (!answer.ok) return this.desk.fail(answer);
      this.#of = utterance.recording_id;
      this.#lines = answer.lines;
    }
    this.#draw(this.#lines);
  }

  #draw(lines) {
    const { data, t } = this.desk;
    const { id } = this.#card.utterance;
    if (!lines.length) return this.list.replaceChildren(el("li", { class: "gw-note", text: t.call_none }));
    this.list.replaceChildren(...lines.map((line) =>
      el("li", { ...(line.id === id && { "aria-current": "true" }) },
        el("span", { class: "gw-label", text: [line.start_ms === null ? "" : clock(line.start_ms), data.speakers[line.speaker ?? ""] ?? line.speaker].filter(Boolean).join(" ") }),
        el("span", { text: line.text }))));
    const here = this.list.querySelector("[aria-current]");
    if (here) this.node.scrollTop = here.offsetTop - this.node.clientHeight / 2;
  }
}
