"""core.workflows.corpus.similar, its verb and its page: right neighbours, an index that follows the store, refusals."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from store_data import AT, call, sentences
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from core.cli.app import app
from core.embedding import index as similar_index
from core.errors import InputError, NotEnoughData, NotFound, UnknownName
from core.filters import Filter
from core.store import NewProposal
from core.workflows.corpus import similar
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration

FIRE = ("집에 불이 났어요 빨리 와 주세요", "우리 집에 불이 났어요 빨리 좀 와주세요", "저희 집에 불이 났어요")
LUNCH = ("오늘 점심은 김치찌개 먹을까", "점심에 김치찌개 먹자")
FILM = ("배우 연기가 정말 좋았다", "=1+1 <b>연기</b>가 *정말*\n좋았던 배우")
ALL = (*FIRE, *LUNCH, *FILM)


@pytest.fixture
def ids(ws: Workspace) -> list[int]:
    return sentences(ws.store, *ALL)


def similar_ids(ws: Workspace, utterance_id: int, limit: int = 20, wanted: Filter | None = None) -> list[int]:
    return [neighbour.utterance.id for neighbour in similar.like(ws, utterance_id, limit, wanted)]


def rows(ws: Workspace) -> tuple[bytes, bytes]:
    """The rows and the weights of the index on disk."""
    (data,) = (ws.settings.home / "similar").glob("*.f16")
    return data.read_bytes(), data.with_suffix(".npy").read_bytes()


def test_the_most_alike_come_first_and_never_the_one_asked_about(ws: Workspace, ids: list[int]) -> None:
    assert set(similar_ids(ws, ids[0], 2)) == set(ids[1:3])
    assert similar_ids(ws, ids[3], 1) == [ids[4]]
    near = similar.like(ws, ids[5])
    assert near[0].utterance.text == FILM[1]
    assert ids[5] not in [neighbour.utterance.id for neighbour in near]
    scores = [neighbour.score for neighbour in near]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)


def test_any_text_can_be_asked_about(ws: Workspace, ids: list[int]) -> None:
    near = similar.like_text(ws, LUNCH[0])
    assert near[0].utterance.id == ids[3]
    assert near[0].score == pytest.approx(1, abs=1e-3)
    for hostile in ("\udc80", "\x00", "%' OR 1=1 --", "ㅋ" * 100_000, "🔥"):
        assert len(similar.like_text(ws, hostile, 3)) <= 3


def test_a_filter_narrows(ws: Workspace, ids: list[int]) -> None:
    assert set(similar_ids(ws, ids[0], 20, Filter(text="저희"))) == {ids[2]}
    assert similar_ids(ws, ids[0], 20, Filter(text="없는 말")) == []


def test_equal_texts_are_listed_by_id(ws: Workspace) -> None:
    ids = sentences(ws.store, *["불이야"] * 40, "점심")
    assert similar_ids(ws, ids[5], 4) == [ids[0], ids[1], ids[2], ids[3]]


def test_what_is_added_or_edited_is_known_at_once(ws: Workspace, ids: list[int]) -> None:
    assert similar.refresh(ws) == len(ALL)
    assert similar.refresh(ws) == 0
    (new,) = sentences(ws.store, "점심에 김치찌개를 먹자")
    assert similar_ids(ws, ids[4], 1) == [new]
    was = ws.store.corpus.utterance(ids[6])
    edit = ws.store.review.decide(was.id, was.version, "tester", AT, text=FIRE[0], labels={})
    assert similar_ids(ws, ids[0], 1) == [ids[6]]
    assert similar.refresh(ws) == 0
    ws.store.review.decide(ids[0], 0, "tester", AT, labels={"danger": "danger"})
    assert similar.refresh(ws) == 0, "a label is no edit"
    assert edit.after["text"]
    ws.store.review.undo("tester", AT)
    ws.store.review.undo("tester", AT)
    assert ids[6] not in similar_ids(ws, ids[0], 2)


def test_bit_by_bit_equals_made_at_once(ws: Workspace) -> None:
    for text in (*ALL, *ALL[::-1]):
        sentences(ws.store, text)
        similar.refresh(ws)
    was = ws.store.corpus.utterance(3)
    ws.store.review.decide(3, was.version, "tester", AT, text="아주 다른 말", labels={})
    similar.refresh(ws)
    grown = rows(ws)
    for path in (ws.settings.home / "similar").iterdir():
        path.unlink()
    similar.refresh(ws)
    assert rows(ws) == grown


def test_samples_are_spread_over_the_corpus(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    sentences(ws.store, *(f"말 {n}" for n in range(1, 12)))
    monkeypatch.setattr(similar_index, "SAMPLE", 4)
    queries: list[list[str]] = []
    real = ws.store.texts.originals
    monkeypatch.setattr(type(ws.store.texts), "originals", lambda self, ids: queries.append(real(ids)) or queries[-1])
    similar.refresh(ws)
    assert ["말 2", "말 4", "말 6", "말 8"] in queries


def test_what_is_retired_is_not_shown_and_comes_back(ws: Workspace, ids: list[int]) -> None:
    proposal = NewProposal("augmentation", ids[0], "random-deletion", {"text": "집에 불이 났어요 와 주세요"}, "r")
    ws.store.proposals.add([proposal], AT)
    (waiting,) = ws.store.proposals.waiting("augmentation", "random-deletion", 5)
    ws.store.proposals.decide(waiting, True, "tester", AT)
    (child,) = (u.id for u in ws.store.corpus.every(Filter(origin=("augmented",))))
    assert child in similar_ids(ws, ids[0])
    ws.store.proposals.undo("augmentation", "tester", AT)
    assert child not in similar_ids(ws, ids[0])
    ws.store.proposals.decide(waiting, True, "tester", AT)
    assert child in similar_ids(ws, ids[0])


@pytest.mark.parametrize("damage", ["state", "weights", "rows", "gone", "torn"])
def test_a_damaged_index_is_made_again(ws: Workspace, ids: list[int], damage: str) -> None:
    before = similar_ids(ws, ids[0])
    rows_before = rows(ws)
    folder = ws.settings.home / "similar"
    (data,) = folder.glob("*.f16")
    if damage == "state":
        (folder / "hashed-ngram.json").write_text("[1", encoding="utf-8")
    elif damage == "weights":
        np.save(data.with_suffix(".npy"), np.ones(3))
    elif damage == "gone":
        data.unlink()
    elif damage == "rows":
        data.write_bytes(data.read_bytes()[:-2])
    else:  # killed while it was writing more than it had promised
        data.write_bytes(data.read_bytes() + b"xyz")
    assert similar_ids(ws, ids[0]) == before
    assert rows(ws)[0][: len(rows_before[0])] == rows_before[0]


def test_an_interrupted_build_goes_on(ws: Workspace, ids: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    real = type(ws.store.texts).after
    monkeypatch.setattr(type(ws.store.texts), "after", lambda self, last, block=2: real(self, last, block))

    def stop(done: int, total: int) -> None:
        assert total == len(ALL)
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        similar.refresh(ws, progress=stop)
    assert similar.refresh(ws) == len(ALL) - 4


def test_another_database_under_the_same_folder_is_noticed(ws: Workspace, ids: list[int]) -> None:
    similar.refresh(ws)
    folder = ws.settings.home / "similar"
    state = json.loads((folder / "hashed-ngram.json").read_text(encoding="utf-8"))
    (folder / "hashed-ngram.json").write_text(json.dumps(state | {"mark": "other"}), encoding="utf-8")
    assert similar.refresh(ws) == len(ALL)


def test_blocks_do_not_show(ws: Workspace, ids: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    whole = similar.like(ws, ids[0], 3)
    monkeypatch.setattr(similar_index, "BLOCK", 2)
    assert similar.like(ws, ids[0], 3) == whole


def test_half_precision_is_read_as_it_was_written() -> None:
    every = np.arange(2**16, dtype=np.uint16).view(np.float16)
    finite = every[np.isfinite(every)]
    assert np.array_equal(similar_index.to_float32(finite), finite.astype(np.float32))


def test_what_cannot_be_asked(ws: Workspace) -> None:
    with pytest.raises(NotEnoughData, match="no utterances to compare with yet: import some first"):
        similar.like_text(ws, "불")
    with pytest.raises(NotFound, match="no utterance 1"):
        similar.like(ws, 1)
    assert not (ws.settings.home / "similar").exists()
    (empty,) = call(ws.store, "c1", " ")
    with pytest.raises(InputError, match="there is no text to compare"):
        similar.like(ws, empty)
    with pytest.raises(InputError, match="limit 0"):
        similar.like_text(ws, "불", 0)
    with pytest.raises(UnknownName, match="unknown embedding 'x'; known: hashed-ngram"):
        similar.like_text(ws, "불", backend="x")


# -- shell and page


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["similar", *arguments])


def test_the_verb(ws: Workspace, ids: list[int]) -> None:
    document = json.loads(run(str(ids[0]), "--limit", "2", "--json").stdout)
    assert document["query"] == {"id": ids[0], "text": FIRE[0]}
    assert {item["id"] for item in document["utterances"]} == set(ids[1:3])
    assert {"score", "id", "key", "text", "labels"} <= document["utterances"][0].keys()
    document = json.loads(run("--text", LUNCH[1], "--limit", "1", "--json").stdout)
    assert (document["query"]["id"], document["utterances"][0]["id"]) == (None, ids[4])
    assert LUNCH[1] in run("--text", LUNCH[1]).stdout


def test_the_verb_refuses(ws: Workspace, tmp_path: Path) -> None:
    assert run().exit_code == 2
    assert run("1", "--text", "불").exit_code == 2
    assert run("0").exit_code == 2
    done = run("--text", "불", "--json")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.strip() == "error: there are no utterances to compare with yet: import some first"
    assert run("7").stderr.strip() == "error: no utterance 7"


def page() -> None:
    import streamlit as st

    from core.ui.panels.corpus import similar

    similar.show(st.session_state["asked"], 3)


def test_the_page_shows_neighbours_as_plain_text(ws: Workspace, ids: list[int]) -> None:
    shown = AppTest.from_function(page, default_timeout=60)
    shown.session_state["asked"] = ids[5]
    shown.run()
    assert not shown.exception
    assert not shown.text, "nothing is computed before somebody asks"
    shown.toggle(key="similar").set_value(True).run()
    assert not shown.exception
    assert shown.text[0].value == FILM[1]
    assert shown.caption[0].value == "유사도 32%"
    shown.button[0].click().run()
    assert shown.session_state["text"] == FILM[1]  # what the Corpus page searches for


def test_the_page_says_why_it_cannot(ws: Workspace) -> None:
    (empty,) = call(ws.store, "c1", " ")
    shown = AppTest.from_function(page, default_timeout=60)
    shown.session_state["asked"] = empty
    shown.run()
    shown.toggle(key="similar").set_value(True).run()
    assert not shown.exception
    assert shown.text[0].value == "비교할 텍스트가 없습니다. 비어 있습니다"
