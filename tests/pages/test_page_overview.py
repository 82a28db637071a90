"""The overview page: the work list with links, failed jobs, the first steps of an empty workspace, the demo's job."""

from pathlib import Path

import pytest
from desk_data import answer
from streamlit.testing.v1 import AppTest
from workflow_data import add_whole_calls, import_sentences

from core.settings import ROOT
from core.store import NewProposal
from core.workflows import jobs
from core.workflows.workspace import Workspace, now

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def no_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is queued only stands on the board: no worker runs here."""
    monkeypatch.setattr("core.jobs.enqueue", lambda url, ids: None)


def opened(lang: str = "ko", **query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    for key, value in {"lang": lang, **query}.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception, app.exception
    return app


def links(app: AppTest) -> dict[str, str]:
    """Return the label of each link -> its page with its parameters, of the page without its menu."""
    shown = [link.proto for link in app.main.get("page_link")]
    return {link.label: f"{link.page}?{link.query_string}" for link in shown if link.query_string}


def test_an_empty_workspace_offers_the_import_and_the_demo_without_a_shell(ws: Workspace) -> None:
    app = opened("en")
    assert [button.label for button in app.button] == ["Load the demo"]
    assert links(app) == {"Import data": "import_data?lang=en"}
    shown = "\n".join(str(box) for kind in ("markdown", "caption", "text", "code") for box in app.get(kind))
    assert "python -m" not in shown
    app.button(key="demo_start").click().run()
    job = jobs.running(ws, "demo")
    assert job is not None
    assert "demo_start" not in {button.key for button in app.button}, "it is being built already"
    assert "waiting for its turn" in str(app.get("progress")[0].proto.text)
    job_progress = {"stage": "urgency-text", "done": 40, "total": 100, "unit": "percent"}
    ws.store.board.update(job.id, now(), state="running", progress=job_progress)
    assert "4단계 중 3단계 · 긴급도 모델(텍스트) 학습 · 40%" in opened().get("progress")[0].proto.text


def test_what_waits_is_a_list_of_links_for_everybody_and_for_the_curator(ws: Workspace, tmp_path: Path) -> None:
    import_sentences(ws, tmp_path, 4)
    add_whole_calls(ws, 1, 1)
    answer(ws, "danger", tester="danger", bob="normal")
    ws.store.remarks.add(1, "bob", "2026-01-02T00:00:00.000000+00:00", "flag")
    ws.store.proposals.add([NewProposal("cleaning", 1, "nfc", {"text": "t", "before": "x"}, "why")], now())
    assert links(opened()) | {"진행 현황 전체 보기": "progress?lang=ko"} == {
        "라벨 없는 통화 (긴급도): 1건": "review?lang=ko&queue=unlabelled&schemes=urgency",
        "최종 판정 대기 (위험): 6건": "adjudicate?lang=ko&scheme=danger",
        "확인 표시된 발화: 1개": "review?lang=ko&queue=flagged",
        "의견이 남아 있는 발화: 6개": "review?lang=ko&queue=commented",
        "텍스트 정제 제안: 1개": "quality?lang=ko&proposals=cleaning",
        "진행 현황 전체 보기": "progress?lang=ko",
    }
    team = opened().dataframe[0].value
    assert list(team["큐레이터"]) == ["bob", "tester"]
    assert list(team["최종 판정 대기"]) == [6, 6]
    mine = opened(view="me")
    assert "확인 표시된 발화: 1개" not in links(mine), "bob flagged what nobody has decided"
    assert links(mine)["의견이 남아 있는 발화: 6개"] == "review?lang=ko&queue=commented&curator=tester"
    assert mine.session_state["view"] == "me"


def test_a_failed_job_says_why_in_words_and_is_tried_again(ws: Workspace) -> None:
    ws.store.board.add("quality-1", "quality", "quality", {"checks": ["same-text"]}, now())
    ws.store.board.update("quality-1", now(), state="failed", error="KeyError: 'x'")
    app = opened()
    assert [box.value for box in app.header][-1] == "실패한 작업: 1개"
    texts = [box.value for box in app.text]
    assert any(text.startswith("예상하지 못한 오류로 중단되었습니다.") for text in texts)
    assert not any("KeyError" in text for text in texts), "the technical form is behind a button"
    app.button(key="failed-again-quality-1").click().run()
    assert [box.value for box in app.success] == ["다시 대기열에 넣었습니다."]
    again = jobs.running(ws, "quality")
    assert again is not None
    assert again.params == {"checks": ["same-text"]}
    assert "실패한 작업: 1개" not in [box.value for box in app.header]
