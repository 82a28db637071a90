// Draws the points by the graphics card (WebGL 2): positions are copied to it once, a frame sends only the view.
// A frame may draw every n-th point of each category only (`pace.js` says when): then no buffer changes, just the index.

import { COARSEST } from "./pace.js";
import { drawingOrder, rgb } from "./shapes.js";

const MOST = 32; // categories
const VERTEX = `#version 300 es
in vec2 at; in float kind; in float mark;
uniform vec4 view; uniform float size; uniform vec4 colors[${MOST}]; uniform float dimmed; uniform float neutral;
flat out int shape; out vec4 color;
void main() {
  int category = int(kind);
  vec4 own = colors[category];
  gl_Position = own.a == 0.0 ? vec4(2.0, 2.0, 2.0, 1.0) : vec4((at - view.xy) * view.zw, 0.0, 1.0);
  gl_PointSize = size * (mark > 0.5 ? 1.35 : 1.0);
  color = vec4(own.rgb, mark > 0.5 || dimmed < 0.5 ? 0.88 : 0.16);
  shape = neutral > 0.5 ? 0 : category % 8;
}`;
const FRAGMENT = `#version 300 es
precision mediump float;
flat in int shape; in vec4 color; out vec4 drawn;
void main() {
  vec2 p = gl_PointCoord * 2.0 - 1.0;
  vec2 a = abs(p);
  bool on = shape == 0 ? dot(p, p) <= 0.9
    : shape == 1 ? max(a.x, a.y) <= 0.8
    : shape == 2 ? p.y <= 0.75 && a.x <= (p.y + 1.0) * 0.55
    : shape == 3 ? a.x + a.y <= 1.0
    : shape == 4 ? abs(a.x - a.y) <= 0.4 && max(a.x, a.y) <= 0.95
    : shape == 5 ? dot(p, p) <= 1.0 && dot(p, p) >= 0.35
    : shape == 6 ? p.y >= -0.75 && a.x <= (1.0 - p.y) * 0.55
    : min(a.x, a.y) <= 0.3;
  if (!on) discard;
  drawn = vec4(color.rgb * color.a, color.a);
}`;

export class GlPainter {
  /** Throws if the browser has no WebGL 2. */
  constructor(canvas) {
    this.gl = canvas.getContext("webgl2", { antialias: false, premultipliedAlpha: true });
    if (!this.gl) throw new Error("no WebGL 2");
    this.canvas = canvas;
    this.program = program(this.gl);
    this.buffers = {};
    const { gl } = this;
    gl.useProgram(this.program);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    this.uniforms = Object.fromEntries(
      ["view", "size", "colors", "dimmed", "neutral"].map((name) => [name, gl.getUniformLocation(this.program, name)]),
    );
  }

  /** Copies the points to the card. `sizes`: how many points each category has. */
  load(points, sizes) {
    this.order = drawingOrder(points.of, sizes);
    const at = new Float32Array(2 * points.n), kind = new Uint8Array(points.n);
    this.order.forEach((place, i) => {
      at[2 * i] = points.x[place];
      at[2 * i + 1] = points.y[place];
      kind[i] = points.of[place];
    });
    this.n = points.n;
    this.#fill("at", at, 2, this.gl.FLOAT);
    this.#fill("kind", kind, 1, this.gl.UNSIGNED_BYTE);
    this.#index();
    this.mark(null);
  }

  /** Emphasises some points: a Set of places, or null for none. */
  mark(places) {
    const marks = new Uint8Array(this.n);
    if (places) this.order.forEach((place, i) => (marks[i] = places.has(place) ? 1 : 0));
    this.dimmed = Boolean(places);
    this.#fill("mark", marks, 1, this.gl.UNSIGNED_BYTE);
  }

  /** Draws one frame. `colors`: of the categories, "#rrggbb"; `visible[category]`; `isNeutral`: all are circles;
   *  `size`: diameter in CSS pixels; `every`: 1 for all points, or a power of two. */
  draw(view, { colors, visible, isNeutral }, size, ratio, every = 1) {
    const { gl, canvas, uniforms } = this;
    const table = new Float32Array(4 * MOST);
    colors.slice(0, MOST).forEach((color, i) => table.set([...rgb(color), visible[i] ? 1 : 0], 4 * i));
    const [x, y] = view.toWorld(view.width / 2, view.height / 2);
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.uniform4f(uniforms.view, x, y, (2 * view.scale) / view.width, (2 * view.scale) / view.height);
    gl.uniform1f(uniforms.size, size * ratio);
    gl.uniform1f(uniforms.dimmed, this.dimmed ? 1 : 0);
    gl.uniform1f(uniforms.neutral, isNeutral ? 1 : 0);
    gl.uniform4fv(uniforms.colors, table);
    if (every === 1) return gl.drawArrays(gl.POINTS, 0, this.n);
    const [start, count] = this.spans.get(every);
    return gl.drawElements(gl.POINTS, count, gl.UNSIGNED_INT, 4 * start);
  }

  destroy() {
    for (const buffer of Object.values(this.buffers)) this.gl.deleteBuffer(buffer);
    this.gl.getExtension("WEBGL_lose_context")?.loseContext(); // browsers keep few contexts
  }

  /** Copies the places of every 2nd, 4th, ... point to the card, one list after the other. */
  #index() {
    const { gl } = this, lists = [];
    this.spans = new Map();
    let start = 0;
    for (let every = 2; every <= COARSEST; every *= 2) {
      const list = Uint32Array.from({ length: Math.ceil(this.n / every) }, (_, i) => i * every);
      this.spans.set(every, [start, list.length]);
      lists.push(list);
      start += list.length;
    }
    const all = new Uint32Array(start);
    lists.forEach((list, i) => all.set(list, this.spans.get(2 ** (i + 1))[0]));
    this.buffers.index ??= gl.createBuffer();
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.buffers.index);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, all, gl.STATIC_DRAW);
  }

  #fill(name, data, parts, type) {
    const { gl } = this;
    const place = gl.getAttribLocation(this.program, name);
    this.buffers[name] ??= gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[name]);
    gl.bufferData(gl.ARRAY_BUFFER, data, gl.STATIC_DRAW);
    gl.enableVertexAttribArray(place);
    gl.vertexAttribPointer(place, parts, type, false, 0, 0);
  }
}

function program(gl) {
  const made = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(made, shader);
  }
  gl.linkProgram(made);
  if (!gl.getProgramParameter(made, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(made) || "no shader");
  return made;
}
