"""The frame's menu, the texts of Streamlit's own page, names of jobs and times, in both languages; no browser."""

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from core.jobs import JOBS
from core.records import Job
from core.ui import frame, streamlit_words
from core.ui.i18n import _, catalogue, in_language
from core.ui.panels.job_titles import KINDS, job_title
from core.ui.widgets import charts, forms


def job(kind: str, title: str) -> Job:
    at = datetime(2026, 11, 30, tzinfo=UTC).isoformat()
    return Job("1", kind, title, {}, "done", {}, None, at, at, False)


def test_the_phases_and_menu_names_are_the_words_of_the_glossary() -> None:
    korean = catalogue("ko").gettext
    assert [korean(title) for title, _names in frame.PHASES if title] == ["데이터", "다듬기", "검수", "학습", "예측"]
    titles = {info.name: korean(info.title) for info in frame.PAGES}
    assert (titles["review"], titles["clean"], titles["adjudicate"]) == ("검수", "정제", "최종 판정")
    assert len(set(titles.values())) == len(titles), "no two pages have one name"


def test_streamlits_own_texts_are_korean_and_untouched_in_english() -> None:
    korean = json.loads(streamlit_words.dictionary("ko"))
    assert korean["Page not found"] == "페이지를 찾을 수 없습니다"
    assert korean.keys() == set(streamlit_words.WORDS), "each has a translation of its own"
    assert all(text.count("{") == english.count("{") <= 1 for english, text in korean.items())
    assert streamlit_words.dictionary("en") == "{}"


def test_the_shell_gets_its_texts_as_attributes_that_no_text_can_leave() -> None:
    with in_language("ko"):
        left, on_review = frame._shell("corpus"), frame._shell("review")
    assert 'data-language="ko" data-theme="system"' in left
    assert 'data-address="/review"' in left
    assert ('data-review="검수로 건너뛰기"' in left, 'data-review="카드로 건너뛰기"' in on_review) == (True, True)
    assert left.count("<") == 2, "nothing in it is markup"


def test_tools_of_charts_are_in_the_readers_language() -> None:
    with in_language("ko"):
        tools = charts.tools()
        assert tools["locale"] == "ko"
        assert tools["locales"]["ko"]["dictionary"]["Reset axes"] == _("Reset the axes") == "축 되돌리기"


@pytest.mark.parametrize(
    ("kind", "title", "shown"),
    [
        ("clean", "clean", "정제"),
        ("train", "danger-text · s1", "학습 · 위험(텍스트) · s1"),
        ("leakmeter", "leak meter · danger-text · s1", "누출 측정 · 위험(텍스트) · s1"),
        ("predict-batch", "3 files", "일괄 예측 · 파일 3개"),
        ("predict-batch", "call.wav", "일괄 예측 · call.wav"),
    ],
)
def test_a_job_is_called_by_what_it_does(kind: str, title: str, shown: str) -> None:
    with in_language("ko"):
        assert job_title(job(kind, title)) == shown


def test_every_kind_of_job_has_a_name() -> None:
    assert set(KINDS) == set(JOBS)


def test_times_are_in_the_readers_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "_reader_zone", lambda: ZoneInfo("Asia/Seoul"))
    assert forms.minute("2026-11-21T20:56:33.120000+00:00") == "2026-11-22 05:56"
    monkeypatch.setattr(forms, "_reader_zone", lambda: None)
    assert forms.minute("2026-11-21T20:56:33", "%m-%d %H:%M") == "11-21 20:56 UTC"
