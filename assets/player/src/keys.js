// Maps a key event to a name by physical key, so that keys work the same in Hangul and Latin layouts.

const NAMED = { ",": "Comma", ".": "Period", "/": "Slash", ";": "Semicolon", "-": "Minus", "=": "Equal" };
const SHIFTED = "Shift+";

/** The event.code values for `key` as written on a button: "d" -> KeyD, "1" -> Digit1 and Numpad1. */
export function codesOf(key) {
  if (/^[a-z]$/i.test(key)) return [`Key${key.toUpperCase()}`];
  if (/^[0-9]$/.test(key)) return [`Digit${key}`, `Numpad${key}`];
  return NAMED[key] ? [NAMED[key]] : [];
}

export function isComposing(event) {
  return event.isComposing || event.keyCode === 229;
}

export function hasModifier(event) {
  return event.shiftKey || hasOtherModifier(event);
}

export function hasOtherModifier(event) {
  return event.ctrlKey || event.altKey || event.metaKey || event.getModifierState("AltGraph");
}

/** The combination as the table of commands writes it: "Shift+Slash", "KeyD", "Enter". */
export function combination(event) {
  const code = event.code === "NumpadEnter" ? "Enter" : event.code;
  return event.shiftKey ? SHIFTED + code : code;
}

const EDITABLE = "input, textarea, select, dialog, [role=textbox], [role=combobox], [role=dialog], [role=menu], [role=listbox]";
const SWITCHES = "input[type=checkbox], input[type=radio], input[type=range], input[type=button]";
const CONTROL = `button, a[href], summary, [role=button], [role=tab], [role=slider], [role=option], [role=menuitem], ${SWITCHES}`;

const elements = (event) => event.composedPath().filter((node) => node instanceof Element);

/** Whether a person types into a field: such a key is not ours. A check box or a slider takes no letters. */
export function isTyping(event) {
  return elements(event).some(takesText);
}

function takesText(node) {
  return node.isContentEditable || (node.matches(EDITABLE) && !node.matches(SWITCHES));
}

/** Whether the focus is on a control that uses Space and Enter itself. */
export function isOnControl(event) {
  return elements(event).some((node) => node.matches(CONTROL));
}

const OPEN_LAYER = "[data-testid=stPopoverBody], [data-testid=stDialog], [role=listbox]";

/**
 * Gives the keyboard back to the card once a control of the page was used: with the mouse, or a list that was closed.
 * A box that takes text keeps the focus, and so does what a person reached by Tab. `signal` ends it.
 */
export function returnFocus(root, signal) {
  const back = () => {
    const active = document.activeElement;
    const elsewhere = active && active !== document.body && !root.contains(active) && active !== root.getRootNode().host;
    if (!elsewhere || !root.checkVisibility() || document.querySelector("[aria-modal=true]")) return;
    if (document.querySelector(OPEN_LAYER) || active.closest("[role=dialog]")) return;
    if (takesText(active) && !isClosedList(active)) return;
    root.focus({ preventScroll: true });
  };
  const later = () => requestAnimationFrame(back);
  const outside = (event) => !event.composedPath().includes(root);
  document.addEventListener("click", (event) => event.detail > 0 && outside(event) && later(), { capture: true, signal });
  document.addEventListener("keyup", (event) => event.code === "Escape" && outside(event) && later(), { capture: true, signal });
  const lists = new MutationObserver((changes) => changes.some((one) => one.oldValue === "true" && isClosedList(one.target)) && later());
  lists.observe(document.body, { subtree: true, attributes: true, attributeFilter: ["aria-expanded"], attributeOldValue: true });
  signal.addEventListener("abort", () => lists.disconnect());
}

/** A select box or the button of a popover whose list was closed again. */
function isClosedList(node) {
  return node.getAttribute("aria-expanded") === "false" && node === document.activeElement && node.matches("[role=combobox], button");
}
