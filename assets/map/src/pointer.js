// Mouse, pen and touch on the map: move, zoom, look at a point, pick it, draw a lasso or a box.
// The wheel zooms only where the map has the focus, or with Ctrl: else it scrolls the page.

const STILL_PX = 4; // a press that moves less is a click
const STEP_PX = 3; // between two corners of a lasso

export function listen(target, map, signal) {
  let press = null;
  const place = (event) => {
    const box = target.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const on = (name, handle, more = {}) => target.addEventListener(name, handle, { signal, ...more });
  on("pointerdown", (event) => {
    if (event.button) return;
    target.setPointerCapture(event.pointerId);
    const at = place(event);
    press = { at, last: at, way: event.shiftKey ? "lasso" : map.mode, corners: [map.view.toWorld(...at)], moved: false };
  });
  on("pointermove", (event) => {
    const at = place(event);
    if (!press) return map.look(...at);
    press.moved ||= Math.hypot(at[0] - press.at[0], at[1] - press.at[1]) > STILL_PX;
    if (press.moved) drag(map, press, at);
  });
  const end = (event) => {
    if (!press) return;
    const { moved, way, at, corners } = press;
    press = null;
    if (!moved) map.pickAt(...at);
    else if (way !== "move" && event.type === "pointerup") map.close(corners);
    else map.outlined([]);
  };
  on("pointerup", end);
  on("pointercancel", end);
  on("pointerleave", () => press || map.look(-1, -1));
  on("wheel", (event) => {
    if (!event.ctrlKey && !map.hasFocus()) return;
    event.preventDefault();
    map.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.002)), ...place(event));
  }, { passive: false });
}

function drag(map, press, at) {
  if (press.way === "move") {
    map.pan(at[0] - press.last[0], at[1] - press.last[1]);
    press.last = at;
  } else if (press.way === "box") {
    const [x, y] = map.view.toWorld(...at), [x0, y0] = map.view.toWorld(...press.at);
    press.corners = [[x0, y0], [x, y0], [x, y], [x0, y]];
    map.outlined(press.corners);
  } else if (Math.hypot(at[0] - press.last[0], at[1] - press.last[1]) > STEP_PX) {
    press.last = at;
    press.corners.push(map.view.toWorld(...at));
    map.outlined(press.corners);
  }
}
