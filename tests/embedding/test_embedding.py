"""core.embedding: similar texts have similar vectors, equal texts equal ones, and every text has a vector."""

import numpy as np
import pytest

from core.embedding import DEFAULT, EMBEDDINGS, embedding
from core.embedding.hashed_ngram import BUCKETS, MAX_CHARS, HashedNgram
from core.errors import UnknownName

FAMILIES = (
    ("집에 불이 났어요 빨리 와 주세요", "우리 집에 불이 났어요 빨리 좀 와주세요", "불이 났어요 저희 집에 와 주세요"),
    (
        "아버지가 쓰러지셨는데 숨을 안 쉬세요",
        "아버지가 숨을 안 쉬어요 쓰러지셨어요",
        "쓰러지신 아버지가 숨을 못 쉬세요",
    ),
    ("오늘 점심은 김치찌개 먹을까", "점심에 김치찌개 먹자", "오늘 점심 메뉴는 김치찌개"),
    ("영화 속 배우 연기가 정말 좋았다", "배우들 연기가 정말 좋았던 영화", "정말 좋은 연기 좋은 영화 좋은 배우"),
)
TEXTS = [text for family in FAMILIES for text in family]
HOSTILE = [
    "", " \t\r\n", "\x00", "\udc80 half", "=1+1", "<script>", "e\u0301" * 50, "\u200b", "🔥🔥", "ㅎㅈ", "ㅋ" * 200_000,
    "각".encode().decode() + "\u1100\u1161", "a" * MAX_CHARS + "b", "\U0010ffff",
]  # fmt: skip


@pytest.fixture(scope="module")
def fitted() -> HashedNgram:
    return HashedNgram.fit(TEXTS)


def test_the_default_is_a_row_of_the_table_and_another_name_is_refused() -> None:
    assert embedding(DEFAULT) is HashedNgram
    assert EMBEDDINGS[DEFAULT].installed()
    with pytest.raises(UnknownName, match="unknown embedding 'bert'; known: hashed-ngram"):
        embedding("bert")


def test_a_paraphrase_is_nearer_than_anything_unrelated(fitted: HashedNgram) -> None:
    rows = fitted.embed(TEXTS)
    alike = rows @ rows.T
    family = np.arange(len(TEXTS)) // 3
    same = family[:, None] == family[None, :]
    for number in range(len(TEXTS)):
        own_family = alike[number][same[number] & (np.arange(len(TEXTS)) != number)]
        assert own_family.min() > alike[number][~same[number]].max(), TEXTS[number]


def test_rows_are_of_length_one_and_do_not_depend_on_their_neighbours(fitted: HashedNgram) -> None:
    rows = fitted.embed(TEXTS)
    assert rows.dtype == np.float32
    assert rows.shape == (len(TEXTS), 256)
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-5)
    assert np.array_equal(rows, np.vstack([fitted.embed([text]) for text in TEXTS]))
    assert np.array_equal(rows, HashedNgram.fit(TEXTS).embed(TEXTS))
    assert np.array_equal(rows, HashedNgram.restore(fitted.weights()).embed(TEXTS))


def test_jamo_case_and_white_space_make_no_difference(fitted: HashedNgram) -> None:
    first, *others = fitted.embed(
        ["불이야 HELP", "\u1107\u116e\u11af\u110b\u1175\u110b\u1163 help", "  불이야\n\tHelp "]
    )
    for other in others:
        assert np.array_equal(first, other)


def test_frequent_words_weigh_less_than_rare_words() -> None:
    fitted = HashedNgram.fit([f"여보세요 {word}" for word in ("불", "물", "산", "강", "집", "차", "길", "문")])
    query, common, rare = fitted.embed(["여보세요 화재", "여보세요 지진", "신고합니다 화재"])
    assert query @ rare > query @ common


def test_every_text_has_a_vector(fitted: HashedNgram) -> None:
    rows = fitted.embed(HOSTILE)
    assert np.isfinite(rows).all()
    lengths = np.linalg.norm(rows, axis=1)
    assert lengths[:2].tolist() == [0, 0]
    assert lengths[2:] == pytest.approx(1, abs=1e-5)
    assert fitted.embed([]).shape == (0, 256)
    assert np.isfinite(HashedNgram.fit(HOSTILE).embed(HOSTILE)).all()
    assert np.isfinite(HashedNgram.fit([]).embed(TEXTS)).all()


@pytest.mark.parametrize("weights", [np.ones(3, np.float32), np.ones(BUCKETS), np.full(BUCKETS, np.nan, np.float32)])
def test_weights_of_something_else_are_refused(weights: np.ndarray) -> None:
    with pytest.raises(ValueError, match="not the 65,536 finite weights"):
        HashedNgram.restore(weights)
