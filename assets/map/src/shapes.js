// The symbols of categories, so that colour is never the only mark. The same names are drawn by the graphics card
// (gl.js), by a plain canvas (plain.js), and as SVG in the legend (legend.js).

export const SHAPES = ["circle", "square", "triangle", "diamond", "cross", "ring", "down", "plus"];

// Corners of the shapes in a square from -1 to 1, y downwards; circle and ring have none.
export const CORNERS = {
  square: [[-0.8, -0.8], [0.8, -0.8], [0.8, 0.8], [-0.8, 0.8]],
  triangle: [[0, -1], [0.95, 0.75], [-0.95, 0.75]],
  diamond: [[0, -1], [1, 0], [0, 1], [-1, 0]],
  down: [[0, 1], [0.95, -0.75], [-0.95, -0.75]],
  cross: [[-1, -0.6], [-0.6, -1], [0, -0.4], [0.6, -1], [1, -0.6], [0.4, 0], [1, 0.6], [0.6, 1], [0, 0.4], [-0.6, 1],
    [-1, 0.6], [-0.4, 0]],
  plus: [[-0.3, -1], [0.3, -1], [0.3, -0.3], [1, -0.3], [1, 0.3], [0.3, 0.3], [0.3, 1], [-0.3, 1], [-0.3, 0.3],
    [-1, 0.3], [-1, -0.3], [-0.3, -0.3]],
};

/** "#2563eb" -> [0.145, 0.388, 0.922] */
export function rgb(color) {
  const hex = /^#[0-9a-f]{6}$/i.test(color) ? color.slice(1) : "94a3b8";
  return [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255);
}

/** The order in which points are drawn: those of large categories first, so that rare ones lie on top. */
export function drawingOrder(of, sizes) {
  const rank = sizes.map((size, category) => [size, category]).sort(([a, i], [b, j]) => b - a || i - j);
  const start = new Uint32Array(sizes.length + 1), position = new Uint32Array(sizes.length);
  rank.forEach(([, category], place) => (position[category] = place));
  for (const category of of) start[position[category] + 1] += 1;
  for (let i = 1; i < start.length; i++) start[i] += start[i - 1];
  const order = new Uint32Array(of.length);
  of.forEach((category, place) => (order[start[position[category]]++] = place));
  return order;
}

/** Diameter in CSS pixels: many points are small, and grow when one looks closer. */
export function diameter(n, zoom) {
  const base = Math.min(11, Math.max(3, 900 / Math.sqrt(Math.max(n, 1)) / 2));
  return Math.min(16, base * Math.max(1, zoom) ** 0.35);
}
