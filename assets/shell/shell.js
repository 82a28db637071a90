// What Streamlit's own page lacks: the language of the document, its texts in that language, a theme that stays, a second
// skip link.
//
// Each run of a page leaves an element `.gw-shell`: its language and theme, the words of Streamlit in that language, the
// title and address of the link to Review. Words are only ever written as text. Nothing here knows what a page is about.

const ATTRIBUTES = ["aria-label", "title", "placeholder"];
// Where Streamlit writes its own texts. A text of the corpus is never in these, or is not one of its words.
const OWN = [
  "stSkipToContent", "stFileUploader", "InputInstructions", "stTooltipContent", "stTooltipErrorContent", "stPagination",
  "stStatusWidget", "stMultiSelect", "stSelectbox", "stAudioInput", "stDateInput", "stNumberInput", "stDataFrame",
  "stToast", "stAlert",
].map((id) => `[data-testid=${id}]`).join(", ") + ", [role=dialog], [role=listbox], [role=menu], noscript, .glideDataEditor";
const NOT_OWN = "svg, canvas, style, script, textarea, [data-testid=stMarkdown], [data-testid=stText], [data-testid=stHtml]";

const original = new WeakMap(); // node -> {place: the English text}; place "" is the node's own text
let words = { exact: new Map(), patterns: [] };
let language = "";

/** Return the words of a dictionary: exact ones, and those with one `{field}` as patterns. */
export function prepared(dictionary) {
  const exact = new Map(), patterns = [];
  for (const [english, wanted] of Object.entries(dictionary)) {
    if (!english.includes("{")) exact.set(english, wanted);
    else {
      const [before, after] = english.split(/\{\w+\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
      patterns.push([new RegExp(`^${before}(.+)${after}$`), wanted]);
    }
  }
  return { exact, patterns };
}

/** Return `english` in the language of `known`, or null if it is none of its words. */
export function translated(english, known) {
  const text = english.trim();
  if (!text || text.length > 200) return null;
  if (known.exact.has(text)) return known.exact.get(text);
  for (const [pattern, wanted] of known.patterns) {
    const found = pattern.exec(text);
    if (found) return wanted.replace(/\{\w+\}/, () => known.exact.get(found[1]) ?? found[1]);
  }
  return null;
}

function put(node, place, now, write) {
  const kept = original.get(node) ?? {};
  if (kept[place]?.shown === now) return; // written here
  const wanted = translated(now, words);
  if (wanted === null || wanted === now) return;
  original.set(node, { ...kept, [place]: { english: now, shown: wanted } });
  write(wanted);
}

/** Return a label without the backslashes that keep Markdown from reading its signs: a screen reader would say them. */
export function unescaped(label) {
  return label.replace(/\\([!-/:-@[-`{-~])/g, "$1");
}

function attributes(element) {
  for (const name of ATTRIBUTES) {
    const value = element.getAttribute(name);
    if (!value) continue;
    const plain = name === "aria-label" ? unescaped(value) : value;
    if (plain !== value) element.setAttribute(name, plain);
    put(element, name, plain, (text) => element.setAttribute(name, text));
  }
}

/** Name the drop zone of an uploader as a group: Streamlit gives it a name, and a role that has none. */
function zone(element) {
  if (element.dataset?.testid === "stFileUploaderDropzone") element.setAttribute("role", "group");
}

function text(node) {
  const parent = node.parentElement;
  const own = parent?.closest(`${OWN}, ${NOT_OWN}`);
  if (own?.matches(OWN)) put(node, "", node.nodeValue, (value) => (node.nodeValue = value));
}

/** Translate what is in `root`; pictures are left out. */
function walk(root) {
  if (root.nodeType === Node.TEXT_NODE) return text(root);
  if (root.nodeType !== Node.ELEMENT_NODE || root.closest("svg, canvas")) return;
  const all = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT, (node) =>
    node.nodeName === "svg" || node.nodeName === "STYLE" ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT);
  for (let node = all.currentNode; node; node = all.nextNode()) {
    if (node.nodeType === Node.TEXT_NODE) text(node);
    else (attributes(node), zone(node));
  }
}

/** Write the English texts again, before another language's. */
function restore() {
  const all = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  for (let node = all.currentNode; node; node = all.nextNode()) {
    for (const [place, { english, shown }] of Object.entries(original.get(node) ?? {})) {
      if (place && node.getAttribute(place) === shown) node.setAttribute(place, english);
      else if (!place && node.nodeValue === shown) node.nodeValue = english;
    }
    original.delete(node);
  }
}

// --- the theme --------------------------------------------------------------------------------------------------------

const DARK = "(prefers-color-scheme: dark)";

/** What a page sees of the machine's colour scheme: the machine's own, or the theme that the reader chose. */
export class Scheme extends EventTarget {
  constructor(system) {
    super();
    this.media = DARK;
    this.onchange = null;
    this.theme = "system";
    this.system = system;
    system.addEventListener("change", () => this.theme === "system" && this.tell());
  }

  get matches() {
    return this.theme === "system" ? this.system.matches : this.theme === "dark";
  }

  choose(theme) {
    const before = this.matches;
    this.theme = theme;
    if (this.matches !== before) this.tell();
  }

  tell() {
    const event = new Event("change");
    Object.assign(event, { matches: this.matches, media: DARK });
    this.onchange?.(event);
    this.dispatchEvent(event);
  }
}

/** Let Streamlit, which follows the machine, follow the reader's theme. It keeps a theme of its own for each page. */
function follow(root) {
  const original = window.matchMedia.bind(window);
  const scheme = new Scheme(original(DARK));
  window.matchMedia = (query) => (query === DARK ? scheme : original(query));
  const paint = () => (root.style.colorScheme = scheme.matches ? "dark" : "light");
  scheme.addEventListener("change", paint);
  scheme.choose(root.dataset.theme ?? "system");
  paint();
  return scheme;
}

// --- the page ---------------------------------------------------------------------------------------------------------

/** Return the card of the desk, which is in the shadow tree of a component. */
function card() {
  const roots = [...document.querySelectorAll("[data-testid=stMain] div")].map((element) => element.shadowRoot);
  return roots.map((root) => root?.querySelector(".gw-desk")).find(Boolean);
}

/** Put a link to Review after Streamlit's own skip link, in the same form; where the card is shown, it leads there. */
function skip(title, address) {
  const first = document.querySelector("[data-testid=stSkipToContent]");
  if (!first) return;
  let link = document.querySelector(".gw-skip");
  if (!link) {
    const way = document.createElement("nav");
    link = document.createElement("a");
    link.addEventListener("click", (event) => {
      const shown = card();
      if (!shown) return;
      event.preventDefault();
      shown.focus();
    });
    way.append(link);
    first.after(way);
  }
  link.className = `gw-skip ${first.className}`;
  link.textContent = title;
  link.href = address;
  link.parentElement.setAttribute("aria-label", title);
}

/** Follow what the last run of the page left; nothing is written while it stays the same. */
function page(scheme) {
  const left = [...document.querySelectorAll(".gw-shell")].at(-1)?.dataset;
  if (!left) return;
  scheme.choose(left.theme);
  const link = document.querySelector(".gw-skip");
  if (!link || link.textContent !== left.review) skip(left.review, left.address);
  if (left.language === language) return;
  language = left.language;
  document.documentElement.lang = language;
  restore();
  words = prepared(JSON.parse(left.words));
  walk(document.body);
}

if (typeof document !== "undefined") {
  const scheme = follow(document.documentElement);
  new MutationObserver((changes) => {
    page(scheme);
    for (const change of changes) {
      if (change.type === "childList") change.addedNodes.forEach(walk);
      else if (change.type === "characterData") text(change.target);
      else attributes(change.target);
    }
  }).observe(document, {
    subtree: true, childList: true, characterData: true, attributeFilter: [...ATTRIBUTES, "data-language", "data-theme", "data-review"],
  });
}
