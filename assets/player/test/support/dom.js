// The parts of a document that the desk uses, for tests without a browser. It behaves as Chromium does for some
// milliseconds: a closed dialog or a hidden box keeps the focus, and no `close` event comes.

const VOID = () => {};

function matchesOne(node, selector) {
  const [, tag, rest] = /^([a-z]*)(.*)$/i.exec(selector.trim());
  if (tag && node.localName !== tag) return false;
  return [...rest.matchAll(/\.([\w-]+)|\[([\w-]+)(?:=["']?([^"'\]]*)["']?)?\]/g)].every(([, name, attribute, value]) =>
    name ? (node.getAttribute("class") ?? "").split(" ").includes(name)
      : value === undefined ? node.hasAttribute(attribute) : node.getAttribute(attribute) === value);
}

class Target {
  #listeners = [];

  addEventListener(type, run, { capture = false, signal } = {}) {
    const entry = { type, run, capture };
    this.#listeners.push(entry);
    signal?.addEventListener("abort", () => (this.#listeners = this.#listeners.filter((one) => one !== entry)));
  }

  hear(event, capture) {
    for (const { type, run, capture: early } of [...this.#listeners]) if (type === event.type && early === capture) run(event);
    if (!capture) this[`on${event.type}`]?.(event);
  }
}

class FakeElement extends Target {
  #attributes = new Map();

  constructor(name) {
    super();
    this.localName = name;
    this.childNodes = [];
    this.parentNode = null;
    this.style = { setProperty: VOID };
    this.value = "";
    this.scrollHeight = this.offsetTop = 0;
    const key = (name) => `data-${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    this.dataset = new Proxy({}, {
      get: (_, name) => this.getAttribute(key(name)) ?? undefined,
      set: (_, name, value) => (this.setAttribute(key(name), value), true),
    });
  }

  getAttribute(name) {
    return this.#attributes.get(name) ?? null;
  }
  hasAttribute(name) {
    return this.#attributes.has(name);
  }
  setAttribute(name, value) {
    this.#attributes.set(name, String(value));
  }
  removeAttribute(name) {
    this.#attributes.delete(name);
  }

  get hidden() {
    return this.hasAttribute("hidden");
  }
  set hidden(on) {
    if (on) this.setAttribute("hidden", "");
    else this.removeAttribute("hidden");
  }

  get textContent() {
    return this.childNodes.map((one) => (typeof one === "string" ? one : one.textContent)).join("");
  }
  set textContent(text) {
    this.replaceChildren(...(text ? [String(text)] : []));
  }
  get firstChild() {
    return this.childNodes[0] ?? null;
  }

  append(...nodes) {
    for (const node of nodes) {
      if (node instanceof FakeElement) Object.assign((node.remove(), node), { parentNode: this });
      this.childNodes.push(node);
    }
  }
  replaceChildren(...nodes) {
    for (const node of [...this.childNodes]) if (node instanceof FakeElement) node.remove();
    this.childNodes = [];
    this.append(...nodes);
  }
  remove() {
    if (!this.parentNode) return;
    if (this.contains(document.activeElement)) document.activeElement = document.body;
    this.parentNode.childNodes = this.parentNode.childNodes.filter((one) => one !== this);
    this.parentNode = null;
  }

  get isConnected() {
    return document.body.contains(this);
  }
  contains(node) {
    for (let at = node; at; at = at.parentNode) if (at === this) return true;
    return false;
  }
  getRootNode() {
    return document;
  }
  matches(selectors) {
    return selectors.split(",").some((one) => matchesOne(this, one));
  }
  closest(selectors) {
    return this.matches(selectors) ? this : (this.parentNode?.closest(selectors) ?? null);
  }
  querySelectorAll(selectors) {
    const inside = this.childNodes.filter((one) => one instanceof FakeElement);
    return inside.flatMap((one) => [...(one.matches(selectors) ? [one] : []), ...one.querySelectorAll(selectors)]);
  }
  querySelector(selectors) {
    return this.querySelectorAll(selectors)[0] ?? null;
  }

  checkVisibility() {
    return this.isConnected;
  }
  focus() {
    if (this.isConnected) document.activeElement = this;
  }
  blur() {
    if (document.activeElement === this) document.activeElement = document.body;
  }
  click() {
    this.hear({ type: "click", detail: 0 }, false);
  }
  showModal() {
    this.setAttribute("open", "");
  }
  close() {
    this.removeAttribute("open");
  }
}
for (const name of ["scrollIntoView", "setSelectionRange"]) FakeElement.prototype[name] = VOID;

/** No node is visible until a test calls `sight`. */
class FakeObserver {
  static all = [];

  constructor(run) {
    Object.assign(this, { run, nodes: new Set() });
    FakeObserver.all.push(this);
  }
  observe(node) {
    this.nodes.add(node);
  }
  disconnect() {
    this.nodes.clear();
  }
}

/** Makes `nodes` visible. */
export function sight(...nodes) {
  for (const { run, nodes: watched } of FakeObserver.all)
    run(nodes.filter((node) => watched.has(node)).map((target) => ({ target, isIntersecting: true })));
}

/** Sends a key press as a browser does: first to the document, then to the focused node. True if nobody handled it. */
export function press(combination, more = {}) {
  const shiftKey = combination.startsWith("Shift+");
  const path = [];
  for (let at = document.activeElement; at; at = at.parentNode) path.push(at);
  path.push(document);
  const event = {
    type: "keydown", code: combination.replace("Shift+", ""), shiftKey, ctrlKey: false, altKey: false, metaKey: false, repeat: false,
    isComposing: false, keyCode: 0, getModifierState: () => false, composedPath: () => path, target: path[0], untouched: true, going: true,
    preventDefault: () => (event.untouched = false), stopPropagation: () => (event.going = false), ...more,
  };
  for (const capture of [true, false])
    for (const node of capture ? [...path].reverse() : path) if (event.going) node.hear(event, capture);
  return event.untouched;
}

/** A browser's storage, empty. */
export function storage() {
  const kept = new Map();
  return {
    get length() {
      return kept.size;
    },
    key: (index) => [...kept.keys()][index] ?? null,
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, value),
    removeItem: (key) => kept.delete(key),
  };
}

/** Installs an empty document; `frame(ms)` lets that much time pass and paints. */
export function setUp(kept = storage()) {
  let now = 0;
  let waiting = [];
  const document = Object.assign(new Target(), {
    createElement: (name) => new FakeElement(name), createElementNS: (_, name) => new FakeElement(name),
    querySelector: (selectors) => document.body.querySelector(selectors),
  });
  Object.assign(globalThis, {
    document, window: new Target(), Element: FakeElement, CSS: { supports: () => true }, getComputedStyle: () => ({ color: "" }),
    IntersectionObserver: FakeObserver, MutationObserver: FakeObserver,
    requestAnimationFrame: (run) => (waiting.push(run), run),
    cancelAnimationFrame: (run) => (waiting = waiting.filter((one) => one !== run)),
    localStorage: kept,
  });
  performance.now = () => now;
  document.body = document.activeElement = new FakeElement("body");
  const frame = (ms = 16) => {
    now += ms;
    const due = waiting;
    waiting = [];
    for (const run of due) run();
  };
  return { document, frame };
}
