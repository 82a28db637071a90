// Unsaved changes of items, kept in this browser: they survive a reload, Back and another page. A draft belongs to one
// version of an item; the draft of an older version is handed out separately and never takes the place of a text.

const MOST = 200; // drafts that are kept; the oldest are dropped
const PREFIX = "gwidama.draft.";

export class Drafts {
  /** `place` names the workspace and the page. `storage` may be forbidden: then drafts last as long as the page. */
  constructor(place, storage = globalThis.localStorage, clock = () => Date.now()) {
    this.prefix = `${PREFIX}${place}.`;
    this.storage = storage;
    this.clock = clock;
  }

  /** {version, ...fields} of the item, else null. */
  read(item) {
    try {
      const draft = JSON.parse(this.storage.getItem(this.prefix + item) ?? "null");
      return draft && typeof draft === "object" && Number.isInteger(draft.version) ? draft : null;
    } catch {
      return null;
    }
  }

  /** The draft of exactly this version, else null. */
  of(item, version) {
    const draft = this.read(item);
    return draft?.version === version ? draft : null;
  }

  /** The draft of another version, else null. */
  older(item, version) {
    const draft = this.read(item);
    return draft && draft.version !== version ? draft : null;
  }

  /** Keeps `fields`; null, or no field at all, drops the draft. */
  keep(item, version, fields) {
    if (!fields || !Object.keys(fields).length) return this.drop(item);
    try {
      this.storage.setItem(this.prefix + item, JSON.stringify({ ...fields, version, at: this.clock() }));
      this.#prune();
    } catch {
      // full or forbidden: the change stays on the screen
    }
  }

  drop(item) {
    try {
      this.storage.removeItem(this.prefix + item);
    } catch {
      // see keep()
    }
  }

  #prune() {
    const kept = [];
    for (let index = 0; index < this.storage.length; index += 1) {
      const key = this.storage.key(index);
      if (key?.startsWith(PREFIX)) kept.push(key);
    }
    if (kept.length <= MOST) return;
    const at = (key) => {
      try {
        return JSON.parse(this.storage.getItem(key)).at ?? 0;
      } catch {
        return 0;
      }
    };
    for (const key of kept.sort((one, other) => at(one) - at(other)).slice(0, kept.length - MOST)) this.storage.removeItem(key);
  }
}
