// The uploader without a browser: what is sent, what is not, and what a person is told.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

const { default: mount, isThere } = await import("../uploader.js");

const TEXTS = ["title", "rules", "files", "folder", "stop", "kind", "large", "empty", "failed", "closed", "stopped", "sending",
  "rate", "progress", "twice", "replaced"];
let sent;
let problems;
let arrived;

const file = (name, size = 3, lastModified = 5) => ({ name, size, lastModified, webkitRelativePath: "" });

beforeEach(() => {
  [sent, problems, arrived] = [[], [], {}];
  globalThis.document = { createElement: () => ({}) };
  globalThis.fetch = async () => ({ ok: true, json: async () => ({ files: arrived }) });
  globalThis.XMLHttpRequest = class {
    upload = {};
    open(_, address) {
      sent.push(address);
    }
    send() {
      this.status = 201;
      this.onload();
    }
  };
});

/** Chooses files as a person does; resolves once they were sent. */
function choose(...files) {
  return new Promise((resolve) => {
    const parts = {};
    const root = {
      dataset: {},
      querySelector: (name) => (parts[name] ??= {
        setAttribute: () => {}, replaceChildren: () => (problems = []), append: (row) => problems.push(row.textContent),
      }),
    };
    mount({
      parentElement: { querySelector: () => root }, setTriggerValue: resolve,
      data: { address: "/import/x", kinds: [".csv", ".zip"], most: 100, texts: Object.fromEntries(TEXTS.map((name) => [name, name])) },
    });
    parts[".gw-input-files"].onchange({ target: { files } });
  });
}

test("a file that was mended and has the same length is another file", () => {
  assert.equal(isThere([3, 5], file("a.csv")), true);
  assert.equal(isThere([3, 4], file("a.csv")), false);
  assert.equal(isThere([2, 5], file("a.csv")), false);
  assert.equal(isThere(undefined, file("a.csv")), false);
});

test("what is there is not sent again; what takes its place is told", async () => {
  arrived = { "a.csv": [3, 5], "b.csv": [3, 4] };
  await choose(file("a.csv"), file("b.csv"), file("한 글.csv"));
  assert.deepEqual(sent, ["/import/x?path=b.csv&modified=5", `/import/x?path=${encodeURIComponent("한 글.csv")}&modified=5`]);
  assert.deepEqual(problems, ["b.csv: replaced"]);
});

test("of two files of one name the first is sent, in whichever form its Hangul came", async () => {
  await choose(file("현장.csv".normalize("NFD")), file("현장.csv"), file("c.exe"), file("d.csv", 0), file("e.csv", 101));
  assert.equal(sent.length, 1);
  assert.deepEqual(problems, ["현장.csv: twice", "c.exe: kind", "d.csv: empty", "e.csv: large"]);
});
