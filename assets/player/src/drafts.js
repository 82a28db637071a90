// Unsaved changes of items, kept in this browser: they survive a reload, Back and another page. A draft belongs to one
// version of an item; the draft of an older version is handed out separately and never takes the place of a text. It
// stays beside what is typed since, until a person takes or drops it (`settle`).

const MOST = 200; // drafts that are kept; the oldest are dropped
const PREFIX = "gwidama.draft.";

export class Drafts {
  /** `place` names the workspace and the page. `storage` may be forbidden: then drafts last as long as the page. */
  constructor(place, storage = globalThis.localStorage, clock = () => Date.now()) {
    this.prefix = `${PREFIX}${place}.`;
    this.storage = storage;
    this.clock = clock;
  }

  /** {version, older?, ...fields} of the item, else null. */
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
    return (draft?.version === version ? draft.older : draft) ?? null;
  }

  /** Keeps `fields`; null, or no field at all, drops the draft. One of an older version stays beside it. */
  keep(item, version, fields) {
    const older = this.older(item, version);
    if (!fields || !Object.keys(fields).length) return older ? this.#write(item, older) : this.drop(item);
    return this.#write(item, { ...fields, version, at: this.clock(), ...(older && { older }) });
  }

  /** The draft of an older version was taken or dropped: it is kept no longer. */
  settle(item, version) {
    const { older, ...draft } = this.of(item, version) ?? {};
    if (draft.version === undefined) this.drop(item);
    else this.#write(item, draft);
  }

  /** If the storage is full, the oldest drafts make room; if it is forbidden, the change stays on the screen. */
  #write(item, draft) {
    const name = this.prefix + item;
    try {
      this.storage.setItem(name, JSON.stringify(draft));
      this.#prune(MOST);
    } catch {
      try {
        this.storage.removeItem(name);
        this.#prune(MOST / 2);
        this.storage.setItem(name, JSON.stringify(draft));
      } catch {
        // see above
      }
    }
  }

  drop(item) {
    try {
      this.storage.removeItem(this.prefix + item);
    } catch {
      // see keep()
    }
  }

  /** Drops the oldest drafts until `most` are left. */
  #prune(most) {
    const kept = [];
    for (let index = 0; index < this.storage.length; index += 1) {
      const key = this.storage.key(index);
      if (key?.startsWith(PREFIX)) kept.push(key);
    }
    if (kept.length <= most) return;
    const at = (key) => {
      try {
        return JSON.parse(this.storage.getItem(key)).at ?? 0;
      } catch {
        return 0;
      }
    };
    for (const key of kept.sort((one, other) => at(one) - at(other)).slice(0, kept.length - most)) this.storage.removeItem(key);
  }
}
