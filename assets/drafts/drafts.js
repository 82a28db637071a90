// Keeps what is typed into boxes of a page in this browser until it is saved: it survives a reload, Back and the menu.
//
// `data.place` names workspace and person, `data.nobody` the workspace while no person is named. `data.item` names what
// is written on, `data.version` its state, `data.fields` the boxes: name -> key of the widget. Each time the boxes are
// shown, a draft of this version is handed to the page, which puts it into them; one of another version is handed over
// as `older`, and the page shows it beside them. It is kept until a person takes or drops it.
// `data.values` is what the page knows of inputs that are no boxes: field -> text.
// `data.ended` lists what ended a draft: [item, token, "saved" | "take" | "drop", version]; a token counts once.

const PREFIX = "gwidama.draft.";
const LONGEST = 200_000; // letters of a draft; a longer one stays on the screen only
const ended = new Set(); // the tokens that were carried out since the page was loaded
const mounts = new WeakMap(); // element of a component -> what it keeps

const nameOf = (place, item) => `${PREFIX}${place}.${item}`;

function read(name) {
  try {
    const draft = JSON.parse(localStorage.getItem(name) ?? "null");
    return draft && typeof draft === "object" && draft.fields ? draft : null;
  } catch {
    return null;
  }
}

/** The draft of this person; else the one that was typed before anybody was named. */
const draftOf = ({ place, nobody }, item) => read(nameOf(place, item)) ?? read(nameOf(nobody, item));

function write({ place, nobody }, item, draft) {
  const name = nameOf(place, item);
  const text = draft ? JSON.stringify({ ...draft, at: Date.now() }) : "";
  try {
    if (nobody !== place) localStorage.removeItem(nameOf(nobody, item));
    if (text) localStorage.setItem(name, text);
    else localStorage.removeItem(name);
  } catch {
    makeRoom(name, text);
  }
}

function age(name) {
  try {
    return JSON.parse(localStorage.getItem(name)).at ?? 0;
  } catch {
    return 0;
  }
}

/** The storage is full or forbidden: the oldest draft of another item goes, and the newest text stays. */
function makeRoom(name, text) {
  try {
    const others = Object.keys(localStorage).filter((key) => key.startsWith(PREFIX) && key !== name);
    for (const other of text.length > LONGEST ? [] : others.sort((a, b) => age(a) - age(b))) {
      localStorage.removeItem(other);
      try {
        return localStorage.setItem(name, text);
      } catch {
        // still full: the next one
      }
    }
    localStorage.removeItem(name); // no half of a text: what was typed stays on the screen
  } catch {
    // forbidden
  }
}

/** What an older version has in `draft`, as it is handed over: {name: text}. */
const olderIn = (draft, version) => (draft?.version === version ? draft.older : draft?.fields);

function end(data, [item, token, how, version]) {
  if (ended.has(token)) return;
  ended.add(token);
  const draft = draftOf(data, item);
  if (!draft || how === "saved") return write(data, item, null);
  const own = draft.version === version ? draft.fields : {};
  const fields = how === "take" ? { ...own, ...olderIn(draft, version) } : own;
  write(data, item, Object.keys(fields).length ? { version, fields } : null);
}

/** Writes the text of a field beside the others of this version. */
function keep(data, field, text) {
  const { item, version } = data;
  const draft = draftOf(data, item);
  const older = olderIn(draft, version);
  const fields = { ...(draft?.version === version && draft.fields), [field]: text };
  write(data, item, { version, fields, ...(older && { older }) });
}

/** Writes what is typed into a box of the component that is mounted. */
function typed({ data }, { target }) {
  const field = fieldOf(data.fields, target);
  if (field !== undefined) keep(data, field, target.value);
}

// Streamlit makes the class of a box from its key in this way.
const classOf = (key) => `.st-key-${key.trim().replaceAll(/[^a-zA-Z0-9_-]/g, "-")}`;

/** The field that a person types into. Keys in Hangul may share a class: such boxes count in their order. */
function fieldOf(fields, target) {
  for (const key of Object.values(fields)) {
    const box = target.closest?.(classOf(key));
    if (!box) continue;
    const same = Object.keys(fields).filter((field) => classOf(fields[field]) === classOf(key));
    return same.length === 1 ? same[0] : same[[...document.querySelectorAll(classOf(key))].indexOf(box)];
  }
  return undefined;
}

/** Keeps what a person has begun to type before this script was there: on a busy machine the boxes come first. */
function begun(data) {
  const box = document.activeElement;
  const field = box ? fieldOf(data.fields, box) : undefined;
  if (field !== undefined && box.value) keep(data, field, box.value);
}

/** Writes what the page says of inputs that are no boxes, such as a table, once it has changed. */
function told(mount) {
  const { data } = mount;
  const before = mount.values ?? data.values;
  mount.values = data.values ?? {};
  for (const [field, text] of Object.entries(mount.values)) if (text !== before?.[field]) keep(data, field, text);
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  for (const one of data.ended ?? []) end(data, one);
  if (!data.fields) return undefined;
  let mount = mounts.get(parentElement);
  if (!mount) {
    mounts.set(parentElement, (mount = { stop: new AbortController() }));
    document.addEventListener("input", (event) => typed(mount, event), { capture: true, signal: mount.stop.signal });
  }
  mount.data = data;
  const shown = JSON.stringify([data.place, data.item, data.version]);
  if (mount.shown !== shown) {
    mount.shown = shown;
    const draft = draftOf(data, data.item);
    if (draft?.version === data.version) setTriggerValue("found", draft.fields);
    const older = olderIn(draft, data.version);
    if (older) setTriggerValue("older", older);
    if (!draft) begun(data);
  }
  told(mount);
  return () => {
    mount.stop.abort();
    mounts.delete(parentElement);
  };
}
