// Word diff of the received and the edited text: new words are green and underlined, removed words red and struck.

import { diffWords } from "diff";
import { el } from "./dom.js";

const LIMIT_MS = 100;
const words = Intl.Segmenter ? new Intl.Segmenter("ko", { granularity: "word" }) : undefined;

/** Nodes of the diff. If the diff would take too long, the whole text is one change. */
export function diffNodes(original, text) {
  const parts = diffWords(original, text, { intlSegmenter: words, timeout: LIMIT_MS }) ?? [
    { removed: true, value: original },
    { added: true, value: text },
  ];
  return parts.map((part) => el(part.added ? "ins" : part.removed ? "del" : "span", { text: part.value }));
}
