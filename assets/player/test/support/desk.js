// A desk with sentences, without browser or server: its requests are stored, and answered when a test decides.

import "./packages.js";
import { setUp } from "./dom.js";

const STRINGS = new Proxy({ counters: "{done} {left}" }, { get: (own, name) => own[name] ?? name });
const CHOICES = [["normal", "n"], ["danger", "d"]].map(([code, key]) => ({ code, title: code, key, color: "red" }));
const PROGRESS = { done: 0, left: 9, rate_per_hour: 0 };

export function card(id) {
  const text = `${id}번 집에 불이 났어요`;
  const utterance = { id, version: 0, text, original: text, key: `k${id}`, speaker: null, recording_id: null, start_ms: null, end_ms: null };
  return { utterance, labels: {}, before: "", after: "", context_url: null, audio_url: null, opinions: [], flagged: false, remarks: [] };
}

/** Waits until all answers have arrived. */
export const settled = () => new Promise((done) => setImmediate(done));

/** `cards`: the number of cards; `kept`: the browser's storage; `change(card)` returns another card. */
export async function openDesk({ batch = false, cards = 20, kept, change = (one) => one } = {}) {
  const { document, frame } = setUp(kept);
  const requests = [];
  const ids = Array.from({ length: cards }, (_, index) => index + 1);
  const answers = { take: ({ n }) => ({ cards: ids.splice(0, n).map((id) => change(card(id))), progress: PROGRESS, latest: 0 }) };
  globalThis.fetch = async (url, { body }) => {
    const request = { action: url.split("/").at(-1), body: JSON.parse(body) };
    requests.push(request);
    const wait = new Promise((done) => (request.answer = (status, json) => done({ ok: status < 300, status, json: async () => json })));
    if (answers[request.action]) request.answer(200, answers[request.action](request.body));
    return wait;
  };
  const root = document.createElement("div");
  root.setAttribute("class", "gw-desk");
  document.body.append(root);
  const { default: mounted } = await import("../../src/desk.js");
  const groups = [{ name: "danger", title: "danger", level: "utterance", required: true, multi: false, choices: CHOICES }];
  const reasons = [{ code: "inaudible", title: "inaudible" }, { code: "noise", title: "noise" }];
  const data = { strings: STRINGS, work: "w", place: "ws", base: "/desk/token", curator: "kim", groups, batch, reasons, opinion: "hidden", speakers: {} };
  const unmount = mounted({ parentElement: document.body, data, setTriggerValue: () => {} });
  const painted = async () => {
    await settled();
    for (const ms of [16, 16, 200]) frame(ms);
  };
  await painted();
  return { root, document, frame, requests, painted, unmount, sent: (action) => requests.filter((one) => one.action === action) };
}
