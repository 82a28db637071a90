// Small DOM builders. Text always goes through textContent: what is shown is hostile input.

const SVG = "http://www.w3.org/2000/svg";
const ICONS = { play: "M4 2.5v11l9-5.5z", pause: "M4 2.5h3v11H4zM9 2.5h3v11H9z" };

/** `el("button", {class: "x", text: "hi", "aria-label": "y", onclick: f}, child, ...)` */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") node.textContent = value;
    else if (name.startsWith("on")) node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter(Boolean));
  return node;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [key, value] of [["viewBox", "0 0 16 16"], ["width", "16"], ["height", "16"], ["aria-hidden", "true"]])
    svg.setAttribute(key, value);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  path.setAttribute("fill", "currentColor");
  svg.append(path);
  return svg;
}

/** A button that gives the keyboard back after a mouse click, so that Space never presses it again by accident. */
export function button(props, ...children) {
  const { onclick, ...rest } = props;
  const node = el("button", { type: "button", ...rest }, ...children);
  node.addEventListener("click", (event) => {
    if (event.detail > 0) node.blur();
    onclick(event);
  });
  return node;
}

/** Hides or shows `node`. A hidden node loses the focus at once: the browser would remove it only with the next frame,
 *  and until then an invisible box would get the keys. */
export function hide(node, hidden = true) {
  const focused = node.getRootNode().activeElement;
  if (hidden && focused && node.contains(focused)) focused.blur();
  node.hidden = hidden;
}

/** 61234 -> "1:01.234" */
export function clock(ms) {
  const whole = Math.max(0, Math.round(ms));
  const seconds = String(Math.floor(whole / 1000) % 60).padStart(2, "0");
  return `${Math.floor(whole / 60000)}:${seconds}.${String(whole % 1000).padStart(3, "0")}`;
}

/**
 * Streamlit calls a component's function again at every change of data or theme. This makes one instance for each
 * mount, updates it on later calls, and destroys it when Streamlit unmounts it.
 */
export function mount(Component, selector) {
  const instances = new WeakMap();
  return (component) => {
    const { parentElement } = component;
    const root = parentElement.querySelector(selector);
    let instance = instances.get(parentElement);
    if (instance && instance.root !== root) {
      instance.destroy();
      instance = undefined;
    }
    if (!instance) instances.set(parentElement, (instance = new Component(root)));
    instance.update(component);
    return () => {
      instance.destroy();
      if (instances.get(parentElement) === instance) instances.delete(parentElement);
    };
  };
}
