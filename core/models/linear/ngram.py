"""The n-gram text model: TF-IDF of character n-grams and logistic regression for each Target.

It needs no download and can explain its decisions. Texts in, logits (N, K) of each Target out. With "char_wb" each word
gets one space on either side and no n-gram crosses a word border; with "char" the whole text is treated so. Nothing is
pickled: vocabulary, idf and coefficients are arrays. It does not clean texts: the caller cleans them as in training.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfTransformer, TfidfVectorizer
from sklearn.utils.sparsefuncs_fast import inplace_csr_row_normalize_l2

from core.errors import InputError, NotEnoughData
from core.files import write_bytes
from core.models import Arrays
from core.models.linear import ngram_counts
from core.models.linear.linear_heads import (
    NO_WEIGHTS,
    LinearHead,
    Weights,
    all_logits,
    fit_heads,
    head_arrays,
    mean_loss,
    no_logits,
    of_format_1,
    restored_heads,
)
from core.models.linear.logistic import present_classes
from core.models.values import known_settings
from core.schemes.target import Target

WEIGHTS = "weights.safetensors"
MANY = 64  # texts; for fewer the numbers of the vocabulary are not worth their making
WORDS = 200_000  # words whose n-grams are kept in memory, some 100 MB at most
LEAST_SHARE = 0.12  # a text part whose weight is below this share of the largest is not reported


@dataclass(frozen=True, slots=True)
class NgramConfig:
    """`analyzer` is "char_wb" (within words) or "char"; `c` is the inverse regularisation strength."""

    min_n: int = 1
    max_n: int = 4
    analyzer: str = "char_wb"
    min_df: int = 2
    sublinear_tf: bool = True
    c: float = 5.0
    balanced: bool = True
    max_iter: int = 1000

    def __post_init__(self) -> None:
        if not 1 <= self.min_n <= self.max_n <= 10:
            raise InputError(
                "min_n {min_n} and max_n {max_n} must satisfy 1 <= min_n <= max_n <= 10",
                min_n=self.min_n,
                max_n=self.max_n,
            )
        if self.analyzer not in ("char_wb", "char"):
            raise InputError("analyzer {analyzer!r} must be char_wb or char", analyzer=self.analyzer)
        if self.c <= 0 or self.min_df < 1 or self.max_iter < 1:
            raise InputError("c must be above 0, min_df and max_iter at least 1")


@dataclass(frozen=True, slots=True)
class TextContribution:
    """A part of a text, its weight in the decision (above 0: for it, below 0: against it) and its spans in the text."""

    text: str
    weight: float
    spans: tuple[tuple[int, int], ...]


def placed_ngrams(text: str, config: NgramConfig) -> Iterator[tuple[str, int, int]]:
    """Every n-gram with the span `[start, end)` of `text` that it covers; the span does not include the padding.

    >>> list(placed_ngrams("불 나", NgramConfig(min_n=2, max_n=2)))
    [(' 불', 0, 1), ('불 ', 0, 1), (' 나', 2, 3), ('나 ', 2, 3)]
    """
    lowered = "".join(low if len(low := char.lower()) == 1 else char for char in text)  # spans need equal lengths
    for start, end in _pieces(lowered, config.analyzer):
        padded = f" {lowered[start:end]} "
        for n in range(config.min_n, config.max_n + 1):
            for at in range(len(padded) - n + 1):
                yield padded[at : at + n], max(start + at - 1, start), min(start + at - 1 + n, end)


def _pieces(text: str, analyzer: str) -> list[tuple[int, int]]:
    """Spans of the words, or of the whole stripped text."""
    if analyzer == "char":
        body = text.strip()
        start = text.find(body) if body else 0
        return [(start, start + len(body))] if body else []
    spans: list[tuple[int, int]] = []
    at = 0
    for word in text.split():
        at = text.index(word, at)
        spans.append((at, at + len(word)))
        at += len(word)
    return spans


class NgramModel:
    """A fitted model: `vectorizer` with V n-grams, and for each Target a linear head on their tf-idf."""

    def __init__(self, config: NgramConfig, vectorizer: TfidfVectorizer, heads: Mapping[str, LinearHead]) -> None:
        self.config, self.vectorizer = config, vectorizer
        # Column by column, as the product with sparse rows reads them: it would copy them at each call.
        self.heads = {name: replace(head, coef=np.asfortranarray(head.coef)) for name, head in heads.items()}
        self.loss = float("nan")  # of the training rows, known to `fit` alone

    @classmethod
    def fit(
        cls,
        config: NgramConfig,
        texts: Sequence[str],
        answers: Mapping[str, NDArray[Any]],
        targets: Sequence[Target],
        weights: Weights = NO_WEIGHTS,
    ) -> Self:
        """Fit on N texts with the `answers` of each Target; `NotEnoughData` below two classes or without any n-gram.

        `weights` say how much each answer counts. A class without texts has a column too; its probability is below that
        of a class with one text.
        """
        for target in targets:
            if not target.multi:
                present_classes(answers[target.name][target.answered(answers[target.name])])
        vectorizer, features = fitted(config, texts)
        heads = fit_heads(
            features, answers, targets, c=config.c, max_iter=config.max_iter, balanced=config.balanced, weights=weights
        )
        model = cls(config, vectorizer, heads)
        model.loss = mean_loss(heads, features, answers, weights)
        return model

    def logits(self, values: Sequence[str]) -> dict[str, NDArray[np.float64]]:
        if not len(values):
            return no_logits(self.heads)
        return all_logits(self.heads, self._features(values))

    def _features(self, texts: Sequence[str]) -> Any:
        """The tf-idf of the n-grams, (N, V); both ways, for few and for many texts, give the vectorizer's bits."""
        config, known = self.config, self._known if len(texts) >= MANY else None
        if known is None:
            return self._features_of_few(texts)
        counts = ngram_counts.count(texts, _words(config), config.min_n, config.max_n, known)
        weighing = TfidfTransformer(sublinear_tf=config.sublinear_tf)
        weighing.idf_ = self.vectorizer.idf_
        return weighing.transform(counts.astype(np.float64), copy=False)

    def _features_of_few(self, texts: Sequence[str]) -> csr_matrix:
        """`vectorizer.transform` without its checks of every argument, which take longer than the counting."""
        vocabulary, idf, ngrams = self._parts
        columns: list[int] = []
        counts: list[int] = []
        ends = [0]
        for text in texts:
            counted: dict[int, int] = {}
            for column in map(vocabulary.get, ngrams(text)):
                if column is not None:
                    counted[column] = counted.get(column, 0) + 1
            in_order = sorted(counted)
            columns += in_order
            counts += map(counted.__getitem__, in_order)
            ends.append(len(columns))
        values, indices = np.array(counts, np.float64), np.array(columns, np.int32)
        if self.config.sublinear_tf:
            np.log(values, values)
            values += 1.0
        values *= idf[indices]
        rows = csr_matrix((values, indices, np.array(ends, np.int32)), shape=(len(texts), len(vocabulary)))
        inplace_csr_row_normalize_l2(rows)
        return rows

    @cached_property
    def _parts(self) -> tuple[dict[str, int], NDArray[np.float64], Callable[[str], list[str]]]:
        """Vocabulary, weights and analyzer; the vectorizer checks itself each time that it gives them."""
        return self.vectorizer.vocabulary_, np.asarray(self.vectorizer.idf_), self.vectorizer.analyzer

    @cached_property
    def _known(self) -> ngram_counts.Vocabulary | None:
        """The n-grams as numbers; None if they do not fit."""
        return ngram_counts.Vocabulary.of(sorted(self.vectorizer.vocabulary_, key=self.vectorizer.vocabulary_.get))

    def arrays(self) -> Arrays:
        """`vocabulary` uint8 (bytes of all n-grams in UTF-8), `offsets` int64 (V + 1,), `idf` (V,), and the heads."""
        return vectorizer_arrays(self.vectorizer) | head_arrays(self.heads)

    def save(self, folder: Path) -> None:
        write_bytes(folder / WEIGHTS, save(self.arrays()))

    @classmethod
    def load(cls, folder: Path, targets: Sequence[Target], config: Mapping[str, Any]) -> Self:
        return cls.of_arrays(config, load_file(folder / WEIGHTS), targets)

    @classmethod
    def restore(cls, config: Mapping[str, Any], arrays: Arrays, target: Target) -> Self:
        """The model of a run of card format 1, whose arrays are named `coef` and `intercept`."""
        return cls.of_arrays(config, of_format_1(arrays, target), [target])

    @classmethod
    def of_arrays(cls, config: Mapping[str, Any], arrays: Arrays, targets: Sequence[Target]) -> Self:
        """The inverse of `arrays`; ValueError or KeyError if they do not fit `targets`."""
        settings = known_settings(NgramConfig, config)
        vectorizer = restored_vectorizer(settings, arrays)
        return cls(settings, vectorizer, restored_heads(arrays, targets, len(vectorizer.vocabulary_)))

    def explain(self, text: str, target: str, class_index: int, top: int = 8) -> list[TextContribution]:
        """The at most `top` parts of `text` that count for (above 0) or against a class of `target`, strongest first.

        The weight of an n-gram times its tf-idf is shared evenly among its characters. Neighbouring characters of one
        word whose shares have the same sign are one part. Equal parts are one contribution with several spans.
        """
        shares = self._character_shares(text, self.heads[target].coef, class_index)
        sums: dict[str, float] = defaultdict(float)
        spans: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for start, end in _same_sign_spans(text, shares):
            sums[text[start:end]] += float(shares[start:end].sum())
            spans[text[start:end]].append((start, end))
        ranked = sorted(sums, key=lambda part: -abs(sums[part]))[:top]
        largest = max((abs(sums[part]) for part in ranked), default=0.0)
        return [
            TextContribution(part, sums[part], tuple(spans[part]))
            for part in ranked
            if abs(sums[part]) >= LEAST_SHARE * largest > 0
        ]

    def _character_shares(self, text: str, coef: NDArray[Any], class_index: int) -> NDArray[np.float64]:
        """Shares (len(text),): how much each character adds to the score of the class above the mean of all classes."""
        vocabulary = self.vectorizer.vocabulary_
        places: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for gram, start, end in placed_ngrams(text, self.config):
            if gram in vocabulary and end > start:
                places[vocabulary[gram]].append((start, end))
        tfidf = self._features_of_few([text])
        mean = coef[:, tfidf.indices].mean(axis=0)
        gains = tfidf.data * (coef[class_index, tfidf.indices] - mean)
        shares = np.zeros(len(text))
        for column, gain in zip(tfidf.indices, gains, strict=True):
            for start, end in places[column]:
                shares[start:end] += gain / len(places[column]) / (end - start)
        return shares


def _same_sign_spans(text: str, shares: NDArray[np.float64]) -> Iterator[tuple[int, int]]:
    """Spans of neighbouring characters whose shares have the same sign; white space and a share of 0 end a span."""
    signs = [0 if char.isspace() else int(np.sign(share)) for char, share in zip(text, shares, strict=True)]
    start = 0
    for at in range(1, len(signs) + 1):
        if at == len(signs) or signs[at] != signs[start]:
            if signs[start]:
                yield start, at
            start = at


def fitted(config: NgramConfig, texts: Sequence[str]) -> tuple[TfidfVectorizer, Any]:
    """A fitted vectorizer and the tf-idf of the texts, (N, V); `NotEnoughData` without any n-gram."""
    learnt = ngram_counts.learn(texts, _words(config), config.min_n, config.max_n, config.min_df)
    vectorizer = _vectorizer(config)
    try:
        if learnt is None:
            return vectorizer, vectorizer.fit_transform(texts)
        grams, counts = learnt
        weighing = TfidfTransformer(sublinear_tf=config.sublinear_tf)
        features = weighing.fit_transform(counts.astype(np.float64))
        vectorizer = _vectorizer(config, {gram: column for column, gram in enumerate(grams)})
        vectorizer.idf_ = weighing.idf_
        return vectorizer, features
    except ValueError as error:  # scikit-learn raises it for an empty vocabulary
        raise NotEnoughData("no n-gram occurs in {min_df} texts or more: lower min_df", min_df=config.min_df) from error


def vectorizer_arrays(vectorizer: TfidfVectorizer) -> Arrays:
    """What a fitted vectorizer is made of: vocabulary, offsets and idf (see `NgramModel.arrays`)."""
    words = [word.encode() for word in sorted(vectorizer.vocabulary_, key=vectorizer.vocabulary_.get)]
    return {
        "vocabulary": np.frombuffer(b"".join(words), dtype=np.uint8),
        "offsets": np.cumsum([0, *map(len, words)], dtype=np.int64),
        "idf": np.ascontiguousarray(vectorizer.idf_),
    }


def restored_vectorizer(config: NgramConfig, arrays: Arrays) -> TfidfVectorizer:
    """The inverse of `vectorizer_arrays`; ValueError if the arrays do not fit each other."""
    blob, offsets = arrays["vocabulary"].tobytes(), arrays["offsets"]
    words = [blob[a:b].decode() for a, b in pairwise(offsets)]
    if arrays["idf"].shape != (len(words),):
        raise ValueError(f"{arrays['idf'].shape} weights do not fit {len(words)} n-grams")
    vectorizer = _vectorizer(config, {word: i for i, word in enumerate(words)})
    vectorizer.idf_ = arrays["idf"]  # sets `vocabulary_` too
    return vectorizer


def _words(config: NgramConfig) -> Callable[[str], Iterable[str]]:
    """A function that gives the words of a text, or the whole stripped text as one word, in lower case."""

    def words(text: str) -> Iterable[str]:
        lowered = text.lower()
        if len(lowered) != len(text):
            lowered = "".join(low if len(low := char.lower()) == 1 else char for char in text)
        return lowered.split() if config.analyzer == "char_wb" else filter(None, [lowered.strip()])

    return words


def _analyzer(config: NgramConfig) -> Callable[[str], list[str]]:
    """The n-grams of `placed_ngrams` without their places, several times as fast: words come again and again."""
    words = _words(config)

    @lru_cache(maxsize=WORDS)
    def of_word(word: str) -> list[str]:
        padded = f" {word} "
        lengths = range(config.min_n, config.max_n + 1)
        return [padded[at : at + n] for n in lengths for at in range(len(padded) - n + 1)]

    def ngrams(text: str) -> list[str]:
        return [gram for word in words(text) for gram in of_word(word)]

    return ngrams


def _vectorizer(config: NgramConfig, vocabulary: dict[str, int] | None = None) -> TfidfVectorizer:
    return TfidfVectorizer(
        analyzer=_analyzer(config),
        min_df=config.min_df if vocabulary is None else 1,
        sublinear_tf=config.sublinear_tf,
        vocabulary=vocabulary,
    )
