// A dialog over the desk. It gets the keys from the call that opens it to the call that closes it: the desk reads `isOpen`,
// not the document, because the browser reports a closed dialog (its `close` event, the focus) some milliseconds later.
// Keys are physical ones here too. Native: the browser keeps the focus inside and everything behind it inert.

import { button, el } from "../dom.js";
import { combination, hasOtherModifier, isComposing } from "../keys.js";

const BOX = "input, textarea";
const PRESSES = ["Enter", "NumpadEnter", "Space"];

export class Modal {
  /**
   * Opens at once. `keys`: combination of physical keys -> what to do, where nothing is being typed; `typed`: the same
   * while something is typed into a box of the dialog. Escape closes everywhere.
   */
  constructor(root, t, title, { keys = {}, typed = {} }, ...children) {
    const escape = () => this.end();
    this.keys = { Escape: escape, ...keys };
    this.typed = { Escape: escape, ...typed };
    this.isOpen = true;
    this.node = el("dialog", { class: "gw-dialog", "aria-label": title },
      el("div", { class: "gw-bar" }, el("h2", { text: title }), el("span", { class: "gw-gap" }),
        button({ class: "gw-command", "data-close": true, onclick: escape }, el("kbd", { text: "Esc" }), el("span", { text: t.close }))),
      ...children);
    // The browser may close it too, for example by the back gesture of a telephone.
    this.node.addEventListener("cancel", escape);
    this.node.addEventListener("close", escape);
    root.append(this.node);
    this.node.showModal();
  }

  /** Closes and removes the dialog now, then does `then`. A dialog that is closed already does nothing. */
  end(then = () => {}) {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.node.close();
    this.node.remove();
    then();
  }

  /** Handles a key while the dialog is open, wherever the focus is: a click beside it moves the focus to the page. */
  key(event) {
    event.stopPropagation();
    if (!this.isOpen || isComposing(event) || hasOtherModifier(event)) return;
    const typing = event.composedPath()[0]?.matches?.(BOX);
    if (event.repeat) {
      // The browser would press the focused button: a held key that opened the dialog would answer it, too.
      if (!typing && PRESSES.includes(event.code)) event.preventDefault();
      return;
    }
    const run = (typing ? this.typed : this.keys)[combination(event)];
    if (!run) return;
    event.preventDefault();
    run();
  }
}
