"""A whole run with the language model: shell, guards, proposals, origin; no snapshot has what saw a held-out text."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from cli_driver import answer, failure
from fake_llm import FakeLLM, Reply, fake_llm, sentences
from store_data import sentences as add_sentences

from core.filters import Filter
from core.snapshots.format import read
from core.workflows.augment import deciding, llm
from core.workflows.augment import run as running
from core.workflows.augment.llm import service
from core.workflows.augment.plan import AugmentPlan
from core.workflows.snapshots import snapshot
from core.workflows.workspace import Workspace, open_workspace

pytestmark = pytest.mark.integration

DANGER = {  # a text, and what the language model makes of it
    "지금 부엌에서 불이 크게 났어요": "부엌에서 지금 불이 크게 났습니다",
    "방금 할머니가 계단에서 쓰러지셨어요": "할머니가 방금 계단에서 쓰러지셨습니다",
    "지금 모르는 남자가 계속 따라와요": "모르는 남자가 지금 계속 따라옵니다",
    "아까부터 아이가 숨을 못 쉬어요": "아이가 아까부터 숨을 못 쉽니다",
    "지금 트럭 밑에 사람이 깔렸어요": "트럭 밑에 지금 사람이 깔렸습니다",
    "방금 옆집에서 가스가 폭발했어요": "옆집에서 방금 가스가 폭발했습니다",
    "지금 아버지가 피를 많이 흘려요": "아버지가 지금 피를 많이 흘립니다",
    "방금 친구가 강물에 빠졌어요": "친구가 방금 강물에 빠졌습니다",
}
NORMAL = (
    "오늘 날씨가 참 맑네요", "저녁에 김치찌개를 먹었어요", "주말에 영화를 볼 생각이에요", "회의는 세 시에 시작해요",
    "버스가 금방 올 거예요", "새 책을 한 권 샀습니다", "동생이 대학교에 입학했어요", "커피 한 잔 마실까요",
)  # fmt: skip


@pytest.fixture
def server(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLLM]:
    """A workspace with labelled sentences, and a language model that first forgets the danger."""
    add_sentences(ws.store, *DANGER, labels={"danger": "danger"})
    add_sentences(ws.store, *NORMAL, labels={"danger": "normal"})
    with fake_llm() as fake:
        fake.usual = rewritten
        monkeypatch.setenv("GWIDAMA_LLM_URL", fake.url)
        monkeypatch.setenv("GWIDAMA_LLM_MODEL", "gpt-x")
        yield fake


def rewritten(body: Mapping[str, Any]) -> Reply:
    text = body["messages"][1]["content"].split('원문: "')[1].split('"')[0]
    return sentences("집이 아주 조용해요", DANGER[text])


def run(*more: str) -> Any:
    return answer("augment", "--filter", "danger=danger", "--operations", "llm", "--factor", "2", *more)


def test_a_run_from_the_shell_makes_proposals_that_know_their_origin(server: FakeLLM) -> None:
    estimate = run("--estimate")
    assert (estimate["requests"], estimate["kept"], estimate["model"], server.requests) == (8, 0, "gpt-x", [])
    assert not run("--estimate", "--most-tokens", "100")["fits"]
    made = run()
    assert (made["wanted"], made["made"], len(server.requests)) == (8, 8, 8)
    assert made["refused"]["danger-word"] >= 7
    ws = open_workspace()
    assert deciding.accept(ws, deciding.read_where(ws, ["operation=llm"]), "ann").accepted == 8
    derived = list(ws.store.corpus.every(Filter(origin=("augmented",))))
    origin = ws.store.derivations.of([utterance.id for utterance in derived])
    for utterance in derived:
        known, source = origin[utterance.id], ws.store.corpus.utterance(utterance.parent_id or 0)
        assert (known.operation, known.model, known.batch) == ("llm", "served-model", made["run"])
        assert len(known.prompt_sha256 or "") == 64
        assert (utterance.text, utterance.labels, utterance.group) == (
            DANGER[source.text], {"danger": "danger"}, source.group,
        )  # fmt: skip
        assert source.key not in known.parameters["examples"]
    assert (run()["wanted"], len(server.requests)) == (0, 8), "they have their variants"
    snapshot.create(ws, "s", "danger", "50/25/25", 3)
    sides = {item.key: item.side for item in read(ws.settings.snapshots / "s").items}
    for utterance in derived:
        source = ws.store.corpus.utterance(utterance.parent_id or 0)
        seen = [source.key, *origin[utterance.id].parameters["examples"]]
        assert (utterance.key in sides) == all(sides[key] == "train" for key in seen), "it saw a held-out text"


def test_a_run_without_a_language_model_fails_before_it_begins(ws: Workspace) -> None:
    add_sentences(ws.store, "부엌에 불이 났어요", labels={"danger": "danger"})
    wrong = failure("augment", "--operations", "llm", "--factor", "2", "--temperature", "3")
    assert wrong == "temperature=3.0 is not between 0 and 2"
    message = failure("augment", "--operations", "llm,random-swap", "--factor", "2")
    assert "the language model is off: give the address" in message
    assert "GWIDAMA_LLM_URL" in message


def test_the_blocks_of_a_run_ask_what_the_estimate_counted(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    add_sentences(ws.store, *(f"지금 {i}층에서 불이 났어요" for i in range(250)), labels={"danger": "danger"})
    monkeypatch.setenv("GWIDAMA_LLM_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("GWIDAMA_LLM_MODEL", "gpt-x")
    ws = open_workspace()
    plan = AugmentPlan(operations=("llm", "random-swap", "punctuation-insertion"), factor=2.0)
    asked: list[llm.Wanted] = []

    def variants(ws: Workspace, scheme: str, wanted: list[llm.Wanted], **more: Any) -> Iterator[llm.Made]:
        asked.extend(wanted)
        return iter([llm.Made(item.utterance, (), Counter()) for item in wanted])

    monkeypatch.setattr(llm, "variants", variants)
    estimate, first = running.estimate(ws, plan)
    running.run(ws, plan, "ann")
    assert (len(asked), sum(item.n for item in asked), estimate.requests) == (83, 83, 83)
    assert first is not None
    assert llm.estimate(ws, "danger", asked[:1])[1] == first


def test_all_blocks_and_runs_keep_one_pace(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GWIDAMA_LLM_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("GWIDAMA_LLM_MODEL", "gpt-x")
    ws = open_workspace()
    paces = [service.rewriter(ws, llm.Options(per_minute=n), batch)._pace for n, batch in ((6, "a"), (6, "b"), (7, ""))]
    assert paces[0] is paces[1]
    assert paces[0] is not paces[2]
