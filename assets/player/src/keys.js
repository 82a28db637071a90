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
const CONTROL = "button, a[href], summary, [role=button], [role=tab], [role=slider], [role=option], [role=menuitem]";

const elements = (event) => event.composedPath().filter((node) => node instanceof Element);

/** Whether a person types into a field: such a key is not ours. */
export function isTyping(event) {
  return elements(event).some((node) => node.isContentEditable || node.matches(EDITABLE));
}

/** Whether the focus is on a control that uses Space and Enter itself. */
export function isOnControl(event) {
  return elements(event).some((node) => node.matches(CONTROL));
}
