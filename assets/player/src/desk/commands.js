// Every key of the desk: name -> [combination of physical keys, how it is written on a button]. Letters and digits are
// left to the classes, but for E, S and Z, so that a scheme of thirty classes still has a key for each.

export const COMMANDS = {
  save: ["Enter", "Enter"],
  edit: ["KeyE", "E"],
  skip: ["KeyS", "S"],
  undo: ["KeyZ", "Z"],
  comment: ["Slash", "/"],
  flag: ["Backquote", "`"],
  history: ["Semicolon", ";"],
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

/** The command that a combination means; F1 is help as well. */
export function commandOf(combination) {
  if (combination === "F1") return "help";
  return Object.keys(COMMANDS).find((name) => COMMANDS[name][0] === combination);
}
