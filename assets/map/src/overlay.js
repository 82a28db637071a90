// What lies over the points: the outline of a selection, the point that is looked at, the picked one, its neighbours.

export function draw(canvas, ratio, view, points, { outline, cursor, picked, near, ink, paper }) {
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, view.width, view.height);
  near.forEach((place, i) => numbered(context, view, points, place, i + 1, ink, paper));
  if (picked >= 0) ring(context, view, points, picked, 11, 3, ink, paper);
  if (cursor >= 0) ring(context, view, points, cursor, 8, 2, ink, paper);
  if (outline.length > 1) path(context, view, outline, ink);
}

function ring(context, view, points, place, radius, width, ink, paper) {
  const [x, y] = view.toScreen(points.x[place], points.y[place]);
  for (const [color, thick] of [[paper, width + 2], [ink, width]]) {
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.strokeStyle = color;
    context.lineWidth = thick;
    context.stroke();
  }
}

function numbered(context, view, points, place, number, ink, paper) {
  ring(context, view, points, place, 7, 1.5, ink, paper);
  const [x, y] = view.toScreen(points.x[place], points.y[place]);
  context.font = "600 12px sans-serif";
  context.lineWidth = 4;
  context.strokeStyle = paper;
  context.fillStyle = ink;
  context.strokeText(String(number), x + 9, y - 6);
  context.fillText(String(number), x + 9, y - 6);
}

function path(context, view, corners, ink) {
  context.beginPath();
  for (const corner of corners) context.lineTo(...view.toScreen(...corner));
  context.closePath();
  context.setLineDash([6, 4]);
  context.strokeStyle = ink;
  context.lineWidth = 1.5;
  context.stroke();
  context.setLineDash([]);
  context.globalAlpha = 0.08;
  context.fillStyle = ink;
  context.fill();
  context.globalAlpha = 1;
}
