"""Which words of a text decided, for models that cannot tell it exactly: by gradients, else by leaving words out.

Networks with a text encoder are explained by integrated gradients (captum) from a text of padding; the sum over all
words is the change of the class's score. Nothing is hooked into the network, which other threads use meanwhile. Any
other model, and a text read in several windows, is asked again without each word in turn: a word's weight is what the
score loses without it. A score is the logit of the class less the mean of all classes.
"""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

STEPS = 32  # of the integral
TOGETHER = 8  # steps in one pass, so that a long text does not fill the memory
MOST_WORDS = 64  # left out in turn; of a longer text only the first ones
TOP = 8
LEAST_SHARE = 0.12  # a word whose weight is below this share of the largest is not reported

Weights = list[tuple[str, float]]
Scores = Callable[[Sequence[str]], NDArray[np.float64]]  # texts -> logits (N, K)


def by_gradients(network: Any, text: str, target: str, decided: int) -> Weights | None:
    """The words of a text with their weights; None if the network or the text cannot be explained so."""
    embedding: Any = _embedding(network)
    tokenizer: Any = getattr(network, "tokenizer", None)
    if embedding is None or not getattr(tokenizer, "is_fast", False) or find_spec("captum") is None:
        return None
    import torch
    from captum.attr import IntegratedGradients

    batch = network.collate(_values(network, text))
    ids = batch.pop("input_ids")
    batch.pop("window", None)
    spans = tokenizer(text, truncation=True, max_length=ids.shape[1], return_offsets_mapping=True)["offset_mapping"]
    if len(ids) != 1 or len(spans) != ids.shape[1]:
        return None
    device = next(network.parameters()).device
    rest = {name: tensor.to(device) for name, tensor in batch.items()}

    def score(vectors: Any) -> Any:
        wide = {name: tensor.expand(len(vectors), *tensor.shape[1:]) for name, tensor in rest.items()}
        logits = network(inputs_embeds=vectors, **wide)[target]
        return logits[:, decided] - logits.mean(dim=1)

    with torch.enable_grad():
        vectors, padding = (embedding(tokens.to(device)).detach() for tokens in (ids, _padded(ids, tokenizer)))
        attributed = IntegratedGradients(score).attribute(vectors, padding, n_steps=STEPS, internal_batch_size=TOGETHER)
    return _by_word(text, spans, attributed.detach().sum(dim=-1)[0].double().cpu().numpy())


def _embedding(network: Any) -> Any:
    """The layer that gives each token its vector; None for a model without one."""
    encoder = getattr(network, "text", None) or getattr(network, "model", None)
    layer: Any = getattr(encoder, "get_input_embeddings", None)
    return None if layer is None else layer()


def _values(network: Any, text: str) -> Any:
    """The text as the network reads it; a network of text and voice gets no voice."""
    if getattr(network, "text", None) is None:
        return [text]
    return {
        "text": [text],
        "frames": np.zeros((1, 1, network.width), np.float32),
        "length": np.zeros(1, np.int64),
    }


def _padded(ids: Any, tokenizer: Any) -> Any:
    """The same special tokens with padding in place of all others."""
    special = set(tokenizer.all_special_ids)
    pad = tokenizer.pad_token_id or 0
    baseline = ids.clone()
    for at, token in enumerate(ids[0].tolist()):
        if token not in special:
            baseline[0, at] = pad
    return baseline


def _by_word(text: str, spans: Sequence[tuple[int, int]], weights: NDArray[np.float64]) -> Weights:
    """The weights of tokens summed over the words that they lie in."""
    words, starts = _words(text)
    sums = [0.0] * len(words)
    for (start, end), weight in zip(spans, weights, strict=True):
        at = int(np.searchsorted(starts, max(start, end - 1), side="right")) - 1
        if end > start and at >= 0:
            sums[at] += float(weight)
    return list(zip(words, sums, strict=True))


def _words(text: str) -> tuple[list[str], list[int]]:
    words = text.split()
    starts, at = [], 0
    for word in words:
        at = text.index(word, at)
        starts.append(at)
        at += len(word)
    return words, starts


def by_leaving_out(scores: Scores, text: str, decided: int) -> Weights:
    """The words of a text, each with what the score of the class loses without it; none for a text of one word."""
    words = text.split()[:MOST_WORDS]
    rest = text.split()[MOST_WORDS:]
    if len(words) + len(rest) < 2:
        return []
    without = [" ".join([*words[:at], *words[at + 1 :], *rest]) for at in range(len(words))]
    logits = scores([text, *without])
    above = logits[:, decided] - logits.mean(axis=1)
    return list(zip(words, (above[0] - above[1:]).tolist(), strict=True))


def ranked(words: Weights) -> Weights:
    """At most `TOP` words, equal ones joined, the strongest first, without those that hardly count."""
    sums: dict[str, float] = {}
    for word, weight in words:
        sums[word] = sums.get(word, 0.0) + weight
    order = sorted(sums.items(), key=lambda item: -abs(item[1]))[:TOP]
    largest = abs(order[0][1]) if order else 0.0
    return [(word, weight) for word, weight in order if abs(weight) >= LEAST_SHARE * largest > 0]


def explained(network: Any, scores: Scores, text: str, target: str, decided: int) -> Weights:
    """The words that decided, by the best way that the model allows."""
    exact: Any = getattr(network, "explain", None)
    if exact is not None:
        return [(part.text, part.weight) for part in exact(text, target, decided)]
    weights = by_gradients(network, text, target, decided)
    return ranked(by_leaving_out(scores, text, decided) if weights is None else weights)
