// All keys of the desk: name -> [combination of physical keys, text on the button]. Letters and digits are
// reserved for classes, except E, S and Z, so that a scheme of thirty classes has a key for each.

export const COMMANDS = {
  save: ["Enter", "Enter"],
  edit: ["KeyE", "E"],
  skip: ["KeyS", "S"],
  undo: ["KeyZ", "Z"],
  comment: ["Slash", "/"],
  flag: ["Backquote", "`"],
  history: ["Semicolon", ";"],
  call: ["BracketLeft", "["],
  guide: ["BracketRight", "]"],
  replay: ["Space", "Space"],
  whole: ["Quote", "'"],
  loop: ["Backslash", "\\"],
  slower: ["Comma", ","],
  faster: ["Period", "."],
  autoplay: ["Equal", "="],
  start_earlier: ["ArrowLeft", "←"],
  start_later: ["ArrowRight", "→"],
  end_earlier: ["Shift+ArrowLeft", "Shift+←"],
  end_later: ["Shift+ArrowRight", "Shift+→"],
  times_back: ["Backspace", "Backspace"],
  help: ["Shift+Slash", "?"],
};

/** The command of a combination; F1 is help too. */
export function commandOf(combination) {
  if (combination === "F1") return "help";
  return Object.keys(COMMANDS).find((name) => COMMANDS[name][0] === combination);
}
