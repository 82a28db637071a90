// Keeps what is typed into boxes of a page in this browser until it is saved: it survives a reload, Back and the menu.
//
// `data.item` names what is written on, `data.version` its state, `data.fields` the boxes: name -> key of the widget.
// A draft of this version is handed to the page once, which puts it into the boxes; one of another version is handed
// over as `older`, and the page shows it beside them. `data.done` lists what was saved: its draft is removed.

const PREFIX = "gwidama.draft.";
const seen = new Set(); // drafts that were handed over, and ends that were carried out, since the page was loaded

const read = (name) => {
  try {
    const draft = JSON.parse(localStorage.getItem(name) ?? "null");
    return draft && typeof draft === "object" ? draft : null;
  } catch {
    return null;
  }
};

const write = (name, draft) => {
  try {
    if (draft) localStorage.setItem(name, JSON.stringify(draft));
    else localStorage.removeItem(name);
  } catch {
    // full or forbidden: what was typed stays on the screen
  }
};

const once = (what) => !seen.has(what) && seen.add(what);

/** Keep what is typed into the boxes of `data`, until `signal` ends it. */
function watch({ place, item, version, fields }, signal) {
  const name = `${PREFIX}${place}.${item}`;
  document.addEventListener("input", (event) => {
    for (const [field, key] of Object.entries(fields)) {
      if (!event.target.closest?.(`.st-key-${CSS.escape(key)}`)) continue;
      const before = read(name);
      const kept = before?.version === version ? before.fields : {};
      write(name, { version, at: Date.now(), fields: { ...kept, [field]: event.target.value } });
    }
  }, { capture: true, signal });
}

export default function (component) {
  const { data, setTriggerValue } = component;
  for (const [item, n] of data.done ?? []) if (once(`done ${item} ${n}`)) write(`${PREFIX}${data.place}.${item}`, null);
  if (!data.fields) return undefined;
  const { place, item, version } = data;
  const draft = read(`${PREFIX}${place}.${item}`);
  if (draft && once(`${item} ${version} ${draft.at}`)) {
    setTriggerValue(draft.version === version ? "found" : "older", draft.fields ?? {});
  }
  const ending = new AbortController();
  watch(data, ending.signal);
  return () => ending.abort();
}
