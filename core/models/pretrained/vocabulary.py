"""Prunes the vocabulary of a fast tokenizer (tokenizer.json) to what a corpus uses; the texts keep their pieces.

Three kinds can be pruned: WordPiece (BERT, KcELECTRA), Unigram (XLM-RoBERTa, e5, KoBERT saved as a fast tokenizer) and
BPE without a prefix or suffix of words (RoBERTa, GPT-2, Qwen). Kept are the special tokens, every token that the corpus
uses, and single characters, so that any text can still be spelled. For BPE the pieces between are kept too.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tokenizers import Tokenizer

from core.errors import CheckpointMismatch, InputError
from core.messages import Names

KINDS = ("WordPiece", "Unigram", "BPE")
BATCH = 1024


@dataclass(frozen=True)
class Pruned:
    """`tokenizer`: the content of the new tokenizer.json. `kept[new id]` is the old id of a token."""

    tokenizer: dict[str, Any]
    remaining: tuple[int, ...]


def prune(document: Mapping[str, Any], texts: Iterable[str]) -> Pruned:
    """Prune the tokenizer `document` (of tokenizer.json) to `texts`, which are read twice: give a list.

    `InputError` for a kind that cannot be pruned; `CheckpointMismatch` if a text would be cut into other pieces.
    """
    kind = _kind(document)
    words = _tokens(document)
    before = Tokenizer.from_str(json.dumps(document))
    before.no_padding()
    before.no_truncation()
    corpus = list(texts)
    used = _used(before, corpus)
    remaining = used | _always(document, words) | {i for word, i in words.items() if len(_bare(word, document)) <= 1}
    if kind == "BPE":
        remaining = _with_steps(document, words, remaining)
    for _ in range(2):
        made = _made(document, kind, sorted(remaining))
        different = _different(before, made, corpus)
        if not different:
            return made
        # An unknown character can be reached on another way: keep whatever the text holds.
        inside = "\n".join(map(_normal(before), different))
        remaining |= {i for word, i in words.items() if _bare(word, document).strip("▁") in inside}
        remaining = _with_steps(document, words, remaining) if kind == "BPE" else remaining
    raise CheckpointMismatch("the pruned tokenizer cuts this text into other pieces: {text!r}", text=different[0][:200])


def _kind(document: Mapping[str, Any]) -> str:
    model = document.get("model") or {}
    kind = model.get("type") or ("BPE" if "merges" in model else "WordPiece" if "unk_token" in model else "Unigram")
    affixes = [name for name in ("continuing_subword_prefix", "end_of_word_suffix") if model.get(name)]
    if kind not in KINDS or (kind == "BPE" and affixes):
        raise InputError(
            "a tokenizer of the kind {kind} cannot be pruned; these can: {kinds} (BPE only without affixes of words)",
            kind=kind,
            kinds=Names(KINDS),
        )
    return str(kind)


def _tokens(document: Mapping[str, Any]) -> dict[str, int]:
    """Token -> id, of the model and of the added tokens."""
    vocabulary = document["model"]["vocab"]
    words = {word: i for i, (word, _) in enumerate(vocabulary)} if isinstance(vocabulary, list) else dict(vocabulary)
    return words | {added["content"]: added["id"] for added in document.get("added_tokens") or ()}


def _bare(word: str, document: Mapping[str, Any]) -> str:
    """The characters that a token stands for: without the mark of a WordPiece continuation, or of a space."""
    mark = document["model"].get("continuing_subword_prefix") or ""
    bare = word.removeprefix(mark) if mark else word
    return bare.removeprefix("▁") if len(bare) == 2 else bare


def _always(document: Mapping[str, Any], words: Mapping[str, int]) -> set[int]:
    """Ids of special and added tokens, of the unknown token, of bytes, and of the least likely Unigram piece.

    The price of an unknown character depends on that piece.
    """
    model = document["model"]
    ids = {added["id"] for added in document.get("added_tokens") or ()}
    ids |= {i for word, i in words.items() if word.startswith("<0x") and word.endswith(">")}
    unknown = model.get("unk_token")
    if isinstance(unknown, str) and unknown in words:
        ids.add(words[unknown])
    if isinstance(model["vocab"], list):
        scores = [score for _, score in model["vocab"]]
        ids |= {i for i in (model.get("unk_id"), scores.index(min(scores))) if i is not None}
    return ids


def _used(tokenizer: Tokenizer, corpus: list[str]) -> set[int]:
    used: set[int] = set()
    for at in range(0, len(corpus), BATCH):
        for encoded in tokenizer.encode_batch_fast(corpus[at : at + BATCH]):
            used.update(encoded.ids)
    return used


def _with_steps(document: Mapping[str, Any], words: Mapping[str, int], remaining: set[int]) -> set[int]:
    """`kept` and the pieces that BPE joins on its way to each of them.

    Inside a token the merges run as they run on the token alone: no merge crosses its ends, or it would be another one.
    """
    ranks = {pair: rank for rank, pair in enumerate(_pairs(document))}
    by_id = {i: word for word, i in words.items()}
    made = set(remaining)
    for i in remaining:
        parts = list(by_id[i])
        made |= {words[part] for part in parts if part in words}
        while len(parts) > 1:
            candidates = [(ranks[pair], at) for at, pair in enumerate(pairwise(parts)) if pair in ranks]
            if not candidates:
                break
            at = min(candidates)[1]
            parts[at : at + 2] = [parts[at] + parts[at + 1]]
            made.add(words[parts[at]])
    return made


def _pairs(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    pairs = [pair.split(" ", 1) if isinstance(pair, str) else pair for pair in document["model"]["merges"]]
    return [(left, right) for left, right in pairs]


def _made(document: Mapping[str, Any], kind: str, remaining: list[int]) -> Pruned:
    """The tokenizer with the tokens `kept`, numbered anew in their old order."""
    new = {old: number for number, old in enumerate(remaining)}
    made = json.loads(json.dumps(document))
    model = made["model"]
    if kind == "Unigram":
        model["vocab"] = [pair for old, pair in enumerate(model["vocab"]) if old in new]
        model["unk_id"] = None if model.get("unk_id") is None else new[model["unk_id"]]
    else:
        model["vocab"] = {word: new[old] for word, old in model["vocab"].items() if old in new}
    if kind == "BPE":
        left = model["vocab"]
        model["merges"] = [[a, b] for a, b in _pairs(document) if a in left and b in left and a + b in left]
    for added in made.get("added_tokens") or ():
        added["id"] = new[added["id"]]
    if made.get("padding"):
        made["padding"]["pad_id"] = new[made["padding"]["pad_id"]]
    for step in _steps(made.get("post_processor")):
        _renumber(step, new)
    return Pruned(made, tuple(remaining))


def _steps(processor: Any) -> list[dict[str, Any]]:
    """The post-processor, or all of a sequence."""
    if not processor:
        return []
    return processor["processors"] if processor["type"] == "Sequence" else [processor]


def _renumber(step: dict[str, Any], new: Mapping[int, int]) -> None:
    for special in (step.get("special_tokens") or {}).values() if isinstance(step.get("special_tokens"), dict) else ():
        special["ids"] = [new[old] for old in special["ids"]]
    for end in ("cls", "sep"):  # of BertProcessing and RobertaProcessing: [token, id]
        if isinstance(step.get(end), list):
            step[end] = [step[end][0], new[step[end][1]]]


def _different(before: Tokenizer, made: Pruned, corpus: list[str]) -> list[str]:
    """The texts that the new tokenizer cuts into other pieces."""
    after = Tokenizer.from_str(json.dumps(made.tokenizer))
    after.no_padding()
    after.no_truncation()
    old = made.remaining
    different: list[str] = []
    for at in range(0, len(corpus), BATCH):
        block = corpus[at : at + BATCH]
        pairs = zip(before.encode_batch_fast(block), after.encode_batch_fast(block), strict=True)
        different += [t for t, (a, b) in zip(block, pairs, strict=True) if a.ids != [old[i] for i in b.ids]]
    return different


def _normal(tokenizer: Tokenizer) -> Any:
    return tokenizer.normalizer.normalize_str if tokenizer.normalizer else str
