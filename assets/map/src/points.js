// The points of a map: read from the bytes of the server, and found by place. Pure: no DOM here.

import KDBush from "kdbush";
import { around, bounds, inside } from "./view.js";

/** Columns of a buffer of `n` points: uint32 ids, float32 x, float32 y, uint8 categories, one after the other. */
export function read(buffer) {
  const n = buffer.byteLength / 13;
  if (!Number.isInteger(n)) throw new Error("not the bytes of a map");
  return {
    n,
    ids: new Uint32Array(buffer, 0, n),
    x: new Float32Array(buffer, 4 * n, n),
    y: new Float32Array(buffer, 8 * n, n),
    of: new Uint8Array(buffer, 12 * n, n),
  };
}

export class Points {
  constructor(buffer) {
    Object.assign(this, read(buffer));
    this.box = bounds(this.x, this.y);
    this.tree = new KDBush(Math.max(1, this.n), 64, Float32Array);
    for (let i = 0; i < this.n; i++) this.tree.add(this.x[i], this.y[i]);
    if (!this.n) this.tree.add(0, 0);
    this.tree.finish();
    this.placeOf = new Map();
    this.ids.forEach((id, place) => this.placeOf.set(id, place));
  }

  /** Places in a world rectangle [minX, minY, maxX, maxY]; `shown[category]` false leaves a category out. */
  within(rectangle, shown) {
    return this.n ? this.tree.range(...rectangle).filter((i) => shown[this.of[i]]) : [];
  }

  /** Places inside a polygon of world corners. */
  inPolygon(corners, shown) {
    return this.within(around(corners), shown).filter((i) => inside(corners, this.x[i], this.y[i]));
  }

  /** The place nearest to (x, y), at most `radius` away; -1 if there is none. */
  nearest(x, y, radius, shown) {
    let [best, least] = [-1, Infinity];
    for (const i of this.within([x - radius, y - radius, x + radius, y + radius], shown)) {
      const far = (this.x[i] - x) ** 2 + (this.y[i] - y) ** 2;
      if (far < least && far <= radius * radius) [best, least] = [i, far];
    }
    return best;
  }
}
