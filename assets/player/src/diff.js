// Word diff of the text as received and the text as edited: underlined green is new, struck red is gone.

import { diffWords } from "diff";
import { el } from "./dom.js";

const LIMIT_MS = 100;
const words = Intl.Segmenter ? new Intl.Segmenter("ko", { granularity: "word" }) : undefined;

/** Spans for `parts`; the whole text is one change where the diff would take too long. */
export function diffNodes(original, text) {
  const parts = diffWords(original, text, { intlSegmenter: words, timeout: LIMIT_MS }) ?? [
    { removed: true, value: original },
    { added: true, value: text },
  ];
  return parts.map((part) => el(part.added ? "ins" : part.removed ? "del" : "span", { text: part.value }));
}
