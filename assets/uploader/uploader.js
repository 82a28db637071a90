// Chooses files and folders and sends them to the server one by one, with progress; no bundle is needed.
//
// Kinds and sizes are checked before anything is sent. What has arrived already, by path, size and time, is not sent again,
// so that a broken upload goes on. All texts come from the page; names are only ever written as text.

const uploaders = new WeakMap();
const PART = /\.(z\d\d|\d{3}|(zip|tar|tgz|gz)\.?part\d+|part\d+)$/; // an archive that came in parts

/** Return `text` with its `{name}` fields filled in. */
const filled = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

const size = (bytes) => {
  const unit = bytes >= 1e9 ? [1e9, "GB"] : bytes >= 1e6 ? [1e6, "MB"] : [1e3, "KB"];
  const value = bytes / unit[0];
  return `${value >= 100 ? Math.round(value) : Math.max(0.1, Math.round(value * 10) / 10)} ${unit[1]}`;
};

const hidden = (path) => path.split("/").some((part) => part.startsWith(".") || part === "__MACOSX");

/** Whether this very file has arrived: `before` is its [bytes, modified_ms] on the server. A file that was mended and has
 *  the same length is another one. */
export const isThere = (before, file) => before?.[0] === file.size && before[1] === file.lastModified;

/** Yield [path, File] of everything below a dropped entry. */
async function* walked(entry) {
  if (entry.isFile) {
    yield [entry.fullPath.replace(/^\//, ""), await new Promise((done, failed) => entry.file(done, failed))];
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    const part = await new Promise((done, failed) => reader.readEntries(done, failed));
    if (!part.length) return;
    for (const child of part) yield* walked(child);
  }
}

class Uploader {
  constructor(root) {
    this.root = root;
    this.busy = false;
    this.at = (name) => root.querySelector(`.gw-${name}`);
    for (const [button, input] of [["files", "input-files"], ["folder", "input-folder"]]) {
      this.at(button).onclick = () => this.at(input).click();
      this.at(input).onchange = (event) => {
        const chosen = [...event.target.files].map((file) => [file.webkitRelativePath || file.name, file]);
        event.target.value = "";
        this.take(chosen);
      };
    }
    this.at("stop").onclick = () => this.stop();
    root.ondragover = (event) => {
      event.preventDefault();
      root.dataset.over = "true";
    };
    root.ondragleave = () => delete root.dataset.over;
    root.ondrop = (event) => this.drop(event);
  }

  update({ data, setTriggerValue }) {
    this.data = data;
    this.tell = setTriggerValue;
    for (const name of ["title", "rules", "files", "folder", "stop"]) this.at(name).textContent = data.texts[name];
    this.at("bar").setAttribute("aria-label", data.texts.progress);
    this.at("input-files").setAttribute("aria-label", data.texts.files);
    this.at("input-folder").setAttribute("aria-label", data.texts.folder);
  }

  async drop(event) {
    event.preventDefault();
    delete this.root.dataset.over;
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    const chosen = [];
    for (const entry of entries) for await (const found of walked(entry)) chosen.push(found);
    this.take(chosen);
  }

  /** Send the files that can be taken; name the others with the reason. */
  async take(chosen) {
    if (this.busy || !chosen.length) return;
    this.at("problems").replaceChildren();
    const { kinds, most, texts } = this.data;
    const wanted = [];
    const names = new Set();
    for (const [path, file] of chosen) {
      if (hidden(path)) continue;
      const name = path.toLowerCase();
      const known = names.has(path.normalize("NFC"));
      names.add(path.normalize("NFC"));
      if (known) this.problem(path, texts.twice);
      else if (!kinds.some((kind) => name.endsWith(kind)) && !PART.test(name)) this.problem(path, texts.kind);
      else if (file.size > most) this.problem(path, filled(texts.large, { size: size(file.size), most: size(most) }));
      else if (!file.size) this.problem(path, texts.empty);
      else wanted.push([path, file]);
    }
    if (wanted.length) await this.send(wanted);
  }

  async send(wanted) {
    this.busy = true;
    this.stopped = false;
    this.root.dataset.busy = "true";
    const total = wanted.reduce((sum, [, file]) => sum + file.size, 0);
    const began = performance.now();
    let done = 0;
    let sent = 0;
    try {
      const arrived = await this.arrived();
      for (const [number, [path, file]] of wanted.entries()) {
        if (this.stopped) break;
        const before = arrived[path.normalize("NFC")];
        if (isThere(before, file)) {
          done += file.size;
          continue;
        }
        const shown = (bytes) => this.progress(path, number + 1, wanted.length, done + bytes, total, sent + bytes, began);
        shown(0);
        const error = await this.put(path, file, shown);
        if (error) this.problem(path, error);
        else if (before) this.problem(path, this.data.texts.replaced);
        done += file.size;
        sent += file.size;
      }
    } finally {
      this.busy = false;
      delete this.root.dataset.busy;
      this.at("state").textContent = this.stopped ? this.data.texts.stopped : "";
      this.tell("sent", Date.now());
    }
  }

  async arrived() {
    try {
      const answer = await fetch(this.data.address);
      return answer.ok ? (await answer.json()).files : {};
    } catch {
      return {};
    }
  }

  /** Send one file; resolve to "" or to the reason why it did not arrive. */
  put(path, file, shown) {
    return new Promise((resolve) => {
      const request = (this.request = new XMLHttpRequest());
      request.open("PUT", `${this.data.address}?path=${encodeURIComponent(path)}&modified=${file.lastModified}`);
      request.upload.onprogress = (event) => shown(event.loaded);
      request.onload = () => {
        if (request.status === 201) return resolve("");
        if (request.status === 410) return resolve(this.data.texts.closed);
        try {
          resolve(JSON.parse(request.responseText).error);
        } catch {
          resolve(this.data.texts.failed);
        }
      };
      request.onerror = () => resolve(this.data.texts.failed);
      request.onabort = () => resolve(this.data.texts.stopped);
      request.send(file);
    });
  }

  progress(path, number, n, bytes, total, sent, began) {
    const bar = this.at("bar");
    bar.value = total ? bytes / total : 0;
    const seconds = (performance.now() - began) / 1000;
    const rate = seconds > 1 ? sent / seconds : 0;
    const left = rate ? Math.ceil((total - bytes) / rate) : 0;
    const { sending, rate: rateText } = this.data.texts;
    const text = filled(sending, { number, n, name: path, done: size(bytes), total: size(total) });
    this.at("state").textContent = rate ? `${text} · ${filled(rateText, { rate: size(rate), left })}` : text;
  }

  stop() {
    this.stopped = true;
    this.request?.abort();
  }

  problem(path, reason) {
    const row = document.createElement("li");
    row.textContent = `${path}: ${reason}`;
    this.at("problems").append(row);
  }
}

export default (component) => {
  const root = component.parentElement.querySelector(".gw-uploader");
  if (!uploaders.has(root)) uploaders.set(root, new Uploader(root));
  uploaders.get(root).update(component);
};
