// The part of the plane that is on the screen, and geometry. Pure: no DOM here.
// World: the numbers of the map, y upwards. Screen: CSS pixels from the upper left corner of the canvas.

const MARGIN = 0.06; // of the shorter side, around all points
const MOST_ZOOM = 4000;

/** {minX, minY, maxX, maxY} of two arrays; a plane without extent gets one. */
export function bounds(x, y) {
  let [minX, minY, maxX, maxY] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < x.length; i++) {
    if (x[i] < minX) minX = x[i];
    if (x[i] > maxX) maxX = x[i];
    if (y[i] < minY) minY = y[i];
    if (y[i] > maxY) maxY = y[i];
  }
  if (!x.length) return { minX: 0, minY: 0, maxX: 1, maxY: 1 };
  const grow = (low, high) => (high > low ? [low, high] : [low - 1, high + 1]);
  [minX, maxX] = grow(minX, maxX);
  [minY, maxY] = grow(minY, maxY);
  return { minX, minY, maxX, maxY };
}

export class View {
  constructor(box, width, height) {
    this.box = box;
    this.resize(width, height);
    this.fit();
  }

  resize(width, height) {
    const centre = this.scale ? this.toWorld(this.width / 2, this.height / 2) : null;
    this.width = Math.max(1, width);
    this.height = Math.max(1, height);
    const spanX = this.box.maxX - this.box.minX, spanY = this.box.maxY - this.box.minY;
    const zoom = this.scale ? this.scale / this.least : 1;
    this.least = (1 - 2 * MARGIN) * Math.min(this.width / spanX, this.height / spanY); // pixels a unit
    this.scale = this.least * zoom;
    if (centre) this.centreOn(...centre);
  }

  /** Shows all points. */
  fit() {
    this.scale = this.least;
    this.centreOn((this.box.minX + this.box.maxX) / 2, (this.box.minY + this.box.maxY) / 2);
  }

  centreOn(x, y) {
    this.left = x - this.width / 2 / this.scale;
    this.top = y + this.height / 2 / this.scale;
  }

  toScreen(x, y) {
    return [(x - this.left) * this.scale, (this.top - y) * this.scale];
  }

  toWorld(px, py) {
    return [this.left + px / this.scale, this.top - py / this.scale];
  }

  /** Moves the plane by pixels. */
  pan(dx, dy) {
    this.left -= dx / this.scale;
    this.top += dy / this.scale;
  }

  /** Zooms by a factor, so that the point below (px, py) stays there. */
  zoom(factor, px = this.width / 2, py = this.height / 2) {
    const [x, y] = this.toWorld(px, py);
    this.scale = Math.min(Math.max(this.scale * factor, this.least * 0.5), this.least * MOST_ZOOM);
    this.left = x - px / this.scale;
    this.top = y + py / this.scale;
  }

  /** World rectangle [minX, minY, maxX, maxY] of what is on the screen. */
  window() {
    const [minX, maxY] = this.toWorld(0, 0), [maxX, minY] = this.toWorld(this.width, this.height);
    return [minX, minY, maxX, maxY];
  }
}

/** World rectangle around the corners [[x, y], ...]. */
export function around(corners) {
  const xs = corners.map(([x]) => x), ys = corners.map(([, y]) => y);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

/** Whether (x, y) is inside the polygon of corners [[x, y], ...], by the even-odd rule. */
export function inside(corners, x, y) {
  let within = false;
  for (let i = 0, j = corners.length - 1; i < corners.length; j = i++) {
    const [xi, yi] = corners[i], [xj, yj] = corners[j];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) within = !within;
  }
  return within;
}

/** The place of the nearest of `places` that lies in direction (dx, dy) from (x, y), at most 45 degrees off; -1: none. */
export function towards(places, xs, ys, from, dx, dy) {
  let [best, least] = [-1, Infinity];
  for (const i of places) {
    const along = (xs[i] - xs[from]) * dx + (ys[i] - ys[from]) * dy;
    const aside = Math.abs((xs[i] - xs[from]) * dy - (ys[i] - ys[from]) * dx);
    if (i === from || along <= 0 || aside > along) continue;
    const far = along + 2 * aside;
    if (far < least) [best, least] = [i, far];
  }
  return best;
}
