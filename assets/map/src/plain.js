// Draws the points on a plain canvas where there is no WebGL: slower beyond some ten thousand points, but the same map.

import { CORNERS, SHAPES, drawingOrder } from "./shapes.js";

export class PlainPainter {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
  }

  load(points, sizes) {
    this.points = points;
    this.order = drawingOrder(points.of, sizes);
    this.marked = null;
  }

  mark(places) {
    this.marked = places;
  }

  draw(view, { colors, visible, isNeutral }, size, ratio, every = 1) {
    const { context, points } = this;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, view.width, view.height);
    const shape = (i) => (isNeutral ? "circle" : SHAPES[i % SHAPES.length]);
    const stamps = colors.map((color, i) => stamp(shape(i), color, size, ratio));
    for (let at = 0; at < this.order.length; at += every) {
      const i = this.order[at];
      if (!visible[points.of[i]]) continue;
      const [px, py] = view.toScreen(points.x[i], points.y[i]);
      if (px < -size || py < -size || px > view.width + size || py > view.height + size) continue;
      context.globalAlpha = !this.marked || this.marked.has(i) ? 0.88 : 0.16;
      context.drawImage(stamps[points.of[i]], px - size / 2, py - size / 2, size, size);
    }
    context.globalAlpha = 1;
  }

  destroy() {}
}

/** A small picture of one shape, drawn once and copied for each point. */
function stamp(shape, color, size, ratio) {
  const picture = document.createElement("canvas");
  picture.width = picture.height = Math.max(2, Math.ceil(size * ratio));
  const context = picture.getContext("2d"), half = picture.width / 2;
  trace(context, shape, half, half, half);
  context.fillStyle = color;
  context.fill("evenodd");
  return picture;
}

/** Puts the outline of a shape into the path of a context. */
export function trace(context, shape, x, y, half) {
  context.beginPath();
  if (CORNERS[shape]) {
    for (const [cx, cy] of CORNERS[shape]) context.lineTo(x + cx * half, y + cy * half);
    context.closePath();
    return;
  }
  context.arc(x, y, half * 0.95, 0, 2 * Math.PI);
  if (shape === "ring") context.arc(x, y, half * 0.55, 0, 2 * Math.PI);
}
