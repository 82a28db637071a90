// The classes of the schemes as buttons with keys, and the chosen ones. Codes of a `multi` group are
// joined by | in the order of its classes.

import { button, el } from "../dom.js";
import { codesOf } from "../keys.js";

export class Choices {
  /** `onChoose(group, code)` for a click; keys come through `keyed`. */
  constructor(t, groups, onChoose) {
    this.groups = groups;
    this.labels = {};
    this.all = groups.flatMap((group) => group.choices.map((choice) => this.#button(group, choice, onChoose)));
    this.nodes = groups.map((group) => this.#box(t, group));
  }

  #button(group, choice, onChoose) {
    const node = button(
      { class: "gw-choice", "data-group": group.name, "data-code": choice.code, "aria-keyshortcuts": choice.key || null,
        onclick: () => onChoose(group.name, choice.code) },
      choice.key && el("kbd", { text: choice.key.toUpperCase() }), el("span", { text: choice.title }),
      el("span", { class: "gw-tick", "aria-hidden": "true", text: "✓" }),
    );
    if (CSS.supports("color", choice.color)) node.style.setProperty("--gw-choice", choice.color);
    return { node, group: group.name, code: choice.code, codes: codesOf(choice.key) };
  }

  #box(t, group) {
    const buttons = this.all.filter((choice) => choice.group === group.name).map((choice) => choice.node);
    const how = [!group.required && t.optional, group.multi && t.several].filter(Boolean);
    return el("div", { class: "gw-group", role: "group", "aria-label": group.title },
      el("span", { class: "gw-label", text: how.length ? `${group.title} (${how.join(", ")})` : group.title }),
      el("div", { class: "gw-choices" }, ...buttons));
  }

  /** Sets the chosen labels; labels of schemes that are not on the screen are dropped. */
  set(labels) {
    this.labels = Object.fromEntries(this.groups.filter((group) => labels[group.name]).map((group) => [group.name, labels[group.name]]));
    for (const choice of this.all) choice.node.setAttribute("aria-pressed", String(this.#chosen(choice.group).includes(choice.code)));
  }

  toggle(name, code) {
    const { multi, choices } = this.groups.find((group) => group.name === name);
    const chosen = this.#chosen(name);
    const next = !multi ? [code] : choices.map((choice) => choice.code).filter((known) => chosen.includes(known) !== (known === code));
    this.set({ ...this.labels, [name]: next.join("|") });
  }

  #chosen(name) {
    return (this.labels[name] ?? "").split("|").filter(Boolean);
  }

  get complete() {
    return this.groups.every((group) => !group.required || this.labels[group.name]);
  }

  keyed(combination) {
    return this.all.find((choice) => choice.codes.includes(combination));
  }
}
