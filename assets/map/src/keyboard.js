// What the keys do on the map, and the list of keys that the page shows, in this order.

const PAN_PX = 60;
const STEP = 1.4;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** The name of each text -> the keys beside it. */
export const KEYS = { key_point: "← ↑ → ↓", key_pick: "Enter", key_toggle: "Space", key_box: "B", key_view: "V",
  key_none: "Esc", key_pan: "Shift ← ↑ → ↓", key_zoom: "+ −", key_fit: "0" };

const RUNS = { Enter: (map) => map.pickCursor(), " ": (map) => map.toggleCursor(), Escape: (map) => map.escape(),
  "+": (map) => map.zoom(STEP), "=": (map) => map.zoom(STEP), "-": (map) => map.zoom(1 / STEP), 0: (map) => map.fit() };
const LETTERS = { KeyV: (map) => map.selectView(), KeyB: (map) => map.box() }; // also on a Korean keyboard

/** Does what a key says; returns whether it says anything here. */
export function press(map, { key, code, shiftKey, ctrlKey, metaKey, altKey }) {
  if (ctrlKey || metaKey || altKey) return false;
  const arrow = ARROWS[key], run = LETTERS[code] ?? RUNS[key];
  if (arrow && shiftKey) map.pan(-arrow[0] * PAN_PX, arrow[1] * PAN_PX);
  else if (arrow) map.step(...arrow);
  else if (run) run(map);
  else return false;
  return true;
}

/** The corners of the box between two points [x, y] of the plane. */
export function boxOf([x0, y0], [x1, y1]) {
  return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]];
}
