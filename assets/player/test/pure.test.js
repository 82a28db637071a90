// Small pure parts: lanes of regions, format of times, sample rate and peaks of a sound.

import assert from "node:assert/strict";
import { test } from "node:test";
import { peaks, statedRate } from "../src/decode.js";
import { clock, hide } from "../src/dom.js";
import { lanes } from "../src/lanes.js";
import { setUp } from "./support/dom.js";

const region = (id, tone, start_ms, end_ms) => ({ id, tone, start_ms, end_ms });

test("the call taker lies below the others, and what overlaps has a lane of its own", () => {
  const { lane, count } = lanes([region("b", "caller", 2000, 3000), region("a", "taker", 1000, 2500), region("c", "danger", 2500, 2700),
    region("d", "caller", 3000, 3100)]);
  assert.deepEqual([Object.fromEntries(lane), count], [{ a: 1, b: 0, c: 1, d: 0 }, 2]);
});

test("no two regions of a lane overlap, whatever their order", () => {
  const regions = Array.from({ length: 40 }, (_, n) => region(n, n % 3 ? "caller" : "taker", (n * 37) % 100, ((n * 37) % 100) + 5 + (n % 30)));
  const { lane, count } = lanes(regions);
  for (const a of regions)
    for (const b of regions)
      if (a.id < b.id && lane.get(a.id) === lane.get(b.id)) assert.ok(a.end_ms <= b.start_ms || b.end_ms <= a.start_ms, `${a.id} ${b.id}`);
  assert.ok(Math.max(...lane.values()) < count);
});

test("without regions there is one lane, and takers alone have the first", () => {
  assert.equal(lanes([]).count, 1);
  assert.equal(lanes([region("a", "taker", 0, 1)]).lane.get("a"), 0);
});

test("times are written in minutes, seconds and thousandths", () => {
  assert.deepEqual([0, -5, 61234, 59999.6, 3600000].map(clock), ["0:00.000", "0:00.000", "1:01.234", "1:00.000", "60:00.000"]);
});

test("the rate is the one a RIFF header states, within what a browser takes", () => {
  const wav = (rate) => {
    const view = new DataView(new ArrayBuffer(28));
    view.setUint32(0, 0x52494646);
    view.setUint32(12, 0x666d7420);
    view.setUint32(24, rate, true);
    return view.buffer;
  };
  assert.deepEqual([8000, 16000, 4000, 400000].map((rate) => statedRate(wav(rate))), [8000, 16000, 8000, 96000]);
  assert.deepEqual([new ArrayBuffer(28), new ArrayBuffer(3)].map(statedRate), [48000, 48000]);
});

test("peaks are the loudest of equal stretches", () => {
  const buffer = { getChannelData: () => new Float32Array([0, -0.5, 0.25, 0, 1, 0]) };
  assert.deepEqual([...peaks(buffer, 3)], [0.5, 0.25, 1]);
  assert.equal(peaks(buffer, 100).length, 6);
});

test("the focus leaves what is hidden, and nothing else", () => {
  const { document } = setUp();
  const [outer, inner, other] = ["div", "input", "input"].map((name) => document.createElement(name));
  outer.append(inner);
  document.body.append(outer, other);
  inner.focus();
  hide(other);
  hide(outer, false);
  assert.equal(document.activeElement, inner);
  hide(outer);
  assert.deepEqual([outer.hidden, other.hidden, document.activeElement], [true, true, document.body]);
});
