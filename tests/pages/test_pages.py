"""Every page by AppTest: on the demo workspace, on an empty one, in both languages, and with errors.

Selecting rows, charts and the components' keys need a browser: tests/browser.
"""

import io
import json
import wave
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core import __version__
from core.filters import Filter
from core.settings import DEMO, ROOT
from core.ui.frame import PAGES, PHASES
from core.ui.i18n import catalogue
from core.web import desk
from core.workflows.corpus import views
from core.workflows.review import queues
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration

NAMES = [page.name for page in PAGES]


def opened(name: str, lang: str = "ko", **query: str) -> AppTest:
    """Return page `name` after one run."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    for key, value in {"lang": lang, **query}.items():
        app.query_params[key] = value
    if name != "overview":
        app.switch_page(next(page.file for page in PAGES if page.name == name))
    return app.run()


def page_text(app: AppTest) -> str:
    """Return all text on the page."""
    kinds = ("title", "header", "caption", "markdown", "info", "success", "warning", "error", "text")
    return "\n".join(str(element.value) for kind in kinds for element in getattr(app, kind))


@pytest.fixture(scope="module")
def call() -> Iterator[tuple[bytes, bytes]]:
    """Return the WAV and the label JSON of a demo call."""
    with zipfile.ZipFile(DEMO / "archives" / "TS_서울_화재.zip") as sounds:
        name = next(n for n in sorted(sounds.namelist()) if n.endswith(".wav"))
        sound = sounds.read(name)
    with zipfile.ZipFile(DEMO / "archives" / "TL_서울_화재.zip") as labels:
        yield sound, labels.read(name.replace(".wav", ".json"))


@pytest.mark.parametrize("lang", ["ko", "en"])
@pytest.mark.parametrize("name", NAMES)
def test_each_page_runs_on_the_demo_in_both_languages(demo_ws: Workspace, name: str, lang: str) -> None:
    app = opened(name, lang)
    assert not app.exception
    assert not app.error
    info = next(page for page in PAGES if page.name == name)
    expected_title = catalogue(lang).gettext(info.title)
    assert [title.value for title in app.title] == [expected_title]


@pytest.mark.parametrize("name", NAMES)
def test_each_page_says_what_to_do_on_an_empty_workspace(ws: Workspace, name: str) -> None:
    app = opened(name, "en")
    assert not app.exception
    hints = {
        "overview": "Zips of 119 calls, folders of audio, tables of texts",
        "import_data": "Bring calls, recordings, tables and folders in",
        "map": "There is nothing to draw yet: import a delivery or a table first.",
        "quality": "There is nothing to check yet: import a delivery or a table first.",
        "clean": "There is nothing to clean yet: import a delivery or a table first.",
        "schemes": "add one, let it grow",
        "corpus": "import a delivery",
        "review": "There is nothing to review yet",
        "adjudicate": "No dispute waits here",
        "agreement": "No two people answered the same here yet",
        "progress": "Nobody has decided anything yet",
        "augment": "There is nothing to augment yet: import a delivery or a table first.",
        "pseudo_label": "Train a recipe on the Train page.",
        "train": "Freeze a snapshot first",
        "evaluate": "train one on the Train page",
        "predict": "No trained model yet, so nothing can be judged: train one on the Train page.",
    }
    assert hints[name] in page_text(app)


def test_the_overview_counts_and_says_that_the_demo_is_a_demo(demo_ws: Workspace) -> None:
    app = opened("overview", "en")
    metrics = {metric.label: metric.value for metric in app.metric}
    counts = demo_ws.store.corpus.counts()
    assert metrics["Calls"] == str(counts["recordings"])
    assert metrics["Utterances"] == f"{counts['utterances']:,}"
    assert "written by this project" in page_text(app)


def test_the_corpus_is_filtered_by_the_url(demo_ws: Workspace) -> None:
    app = opened("corpus", "en", text="화재")
    total = len([u for u in _texts(demo_ws) if "화재" in u])
    assert total
    assert f"Utterances: **{total}**" in page_text(app)


def _texts(ws: Workspace) -> list[str]:
    return [u.text for u in ws.store.corpus.every(Filter())]


def open_session(app: AppTest) -> desk.DeskSession:
    """Return the desk that the review page opened for its session."""
    assert not app.exception
    return desk._session_of(app.session_state["review:token"])


def test_the_review_page_opens_a_desk_of_its_own(demo_ws: Workspace) -> None:
    app = opened("review", schemes="urgency")  # in Korean: AppTest forms the titles of boxes outside of its session
    first = app.session_state["review:token"]
    session = open_session(app)
    assert (session.desk.curator, session.desk.schemes, session.desk.queue) == ("tester", ("urgency",), "unlabelled")
    assert (session.display, session.desk.overlap, session.desk.blind, session.desk.batch) == (
        "hidden",
        0.0,
        True,
        False,
    )
    app.run()
    assert app.session_state["review:token"] == first, "the same desk goes on"
    assert opened("review").session_state["review:token"] != first, "another session has another"
    app.select_slider(key="review_overlap").set_value(20)
    app.text_input(key="curator_name").set_value("민지").run()
    assert app.session_state["review:token"] != first
    assert (open_session(app).desk.curator, open_session(app).desk.overlap) == ("민지", 0.2)
    with pytest.raises(desk.RefusedRequest):
        desk._session_of(first)


def test_the_review_page_of_many_takes_one_scheme(demo_ws: Workspace) -> None:
    app = opened("review", "en", schemes="urgency", many="true")
    assert (open_session(app).desk.schemes, open_session(app).desk.batch) == (("urgency",), True)


def test_the_review_page_narrows_to_a_saved_view(demo_ws: Workspace) -> None:
    assert "There is no saved view yet" in page_text(opened("review", "en", queue="filter"))
    views.save(demo_ws, "불", {"text": ["불"], "speaker": ["caller"], "chars": ["3", "200"]}, "tester")
    app = opened("review", "en", queue="filter")
    assert open_session(app).desk.base == Filter(text="불", speaker=("caller",), min_chars=3)


def test_the_review_page_builds_a_list(demo_ws: Workspace) -> None:
    app = opened("review", queue="audit", schemes="urgency")
    say = catalogue("ko").gettext
    assert say("This list was not built yet.") in page_text(app)
    app.button(key="review_build").click().run()
    assert not app.exception
    count = queues.list_sizes(demo_ws, "urgency")["audit"].count
    assert count > 0
    built_at = queues.list_sizes(demo_ws, "urgency")["audit"].built_at
    at = f"{str(built_at)[:16].replace('T', ' ')} UTC"
    assert say("{n} utterances, as of {at}").format(n=f"{count:,}", at=at) in page_text(app)


def test_a_snapshot_is_frozen_and_refused_the_second_time(demo_ws: Workspace) -> None:
    app = opened("train")
    next(field for field in app.text_input if field.label == "이름").set_value("from-the-page")
    next(button for button in app.button if button.label == "스냅샷 만들기").click().run()
    assert "학습용 스냅샷을 만들었습니다: from\\-the\\-page" in page_text(app)
    assert demo_ws.store.ledger.snapshot("from-the-page").scheme == "danger"
    next(button for button in app.button if button.label == "스냅샷 만들기").click().run()
    assert "이미 있습니다" in app.error[0].value


def verdicts(app: AppTest) -> str:
    """Return the HTML of the verdict cards on the page."""
    return "\n".join(element.proto.body for element in app.get("html") if "gw-verdicts" in element.proto.body)


def test_a_typed_sentence_is_judged_with_reasons(demo_ws: Workspace) -> None:
    app = opened("predict", "en")
    app.text_input(key="predict_sentence").set_value("할머니가 쓰러지셨어요").run()
    assert not app.exception
    assert 'data-kind="danger"' in verdicts(app)
    assert "What spoke for ‘Danger’ and against it" in page_text(app)
    assert "nobody has chosen a run yet" in verdicts(app)


def test_a_pasted_conversation_has_the_verdict_of_its_riskiest_line(demo_ws: Workspace) -> None:
    app = opened("predict", "en")
    app.toggle(key="predict_lines").set_value(True).run()
    app.text_area(key="predict_text").set_value("네, 감사합니다\n할머니가 쓰러졌는데 숨을 안 쉬어요\n...").run()
    assert not app.exception
    assert 'data-kind="danger"' in verdicts(app)
    (rows,) = [table.value for table in app.dataframe if "Danger" in table.value]
    assert rows["Danger"][1].startswith("▲ Danger")
    assert len(rows) == 3


def test_a_wav_is_cut_into_utterances_and_judged(demo_ws: Workspace, call: tuple[bytes, bytes]) -> None:
    app = opened("predict", "en")
    app.toggle(key="predict_transcribe").set_value(False).run()
    app.file_uploader[0].set_value(("call.wav", call[0], "audio/wav")).run()
    assert not app.exception
    assert not app.error
    (document,) = [json.loads(element.value) for element in app.json]
    assert len(document["utterances"]) > 3
    assert {scheme for u in document["utterances"] for scheme in u["judgements"]} == {"sentiment"}
    assert 'data-kind="unsure"' in verdicts(app), "danger needs words"


def test_with_its_label_json_the_transcript_is_judged_too(demo_ws: Workspace, call: tuple[bytes, bytes]) -> None:
    app = opened("predict", "en")
    files = [("call.wav", call[0], "audio/wav"), ("call.json", call[1], "application/json")]
    app.file_uploader[0].set_value(files).run()
    assert not app.exception
    (document,) = [json.loads(element.value) for element in app.json]
    utterances = json.loads(call[1].decode("utf-8-sig"))["utterances"]
    assert [u["start_ms"] for u in document["utterances"]] == [u["startAt"] for u in utterances]
    assert {s for u in document["utterances"] for s in u["judgements"]} == {"danger", "urgency", "sentiment"}


def test_several_recordings_have_a_card_each_and_a_bad_one_its_reason(
    demo_ws: Workspace, call: tuple[bytes, bytes]
) -> None:
    app = opened("predict", "en")
    files = [
        ("a.wav", call[0], "audio/wav"), ("a.json", call[1], "application/json"), ("b.wav", b"RIFF", "audio/wav"),
        ("lonely.json", call[1], "application/json"),
    ]  # fmt: skip
    app.file_uploader[0].set_value(files).run()
    assert not app.exception
    assert len(app.json) == len(app.error) == 1
    assert "Judged by its words: drop its recording too" in page_text(app)
    (words,) = app.dataframe
    assert len(words.value) == len(json.loads(call[1].decode("utf-8-sig"))["utterances"])


def test_what_cannot_be_heard_is_one_message_in_korean(demo_ws: Workspace) -> None:
    silent = io.BytesIO()
    with wave.open(silent, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(16000))
    app = opened("predict")
    app.file_uploader[0].set_value(("조용함.wav", silent.getvalue(), "audio/wav")).run()
    assert not app.exception
    (error,) = app.error
    assert error.value.startswith("소리가 나지 않는 녹음입니다.")
    assert "조용함" in error.value
    assert "모든 샘플이 0입니다" in error.value, "its own words, in Korean too"


@pytest.mark.parametrize(
    "name",
    [
        "cpython/pluck-pcm24.wav", "cpython/pluck-ulaw.au", "hound/nonstandard-01.wav", "hound/pop.wav",
        "scipy/test-1234Hz-le-1ch-10S-20bit-extra.wav", "scipy/test-44100Hz-le-1ch-4bytes-early-eof-no-data.wav",
        "scipy/test-8000Hz-le-3ch-5S-36bit.wav", "scipy/test-48000Hz-2ch-64bit-float-le-wavex.wav",
    ],
)  # fmt: skip
def test_odd_audio_gives_a_result_or_a_message(demo_ws: Workspace, shared: Path, name: str) -> None:
    path = shared / "odd_audio" / name
    app = opened("predict", "en")
    app.file_uploader[0].set_value((path.name, path.read_bytes(), "audio/wav")).run()
    assert not app.exception
    answers = [len(app.error), len(app.json)]  # a recording without speech is judged too: it cannot be told
    assert sum(answers) == 1, answers


def test_hostile_names_are_shown_and_not_rendered(demo_ws: Workspace) -> None:
    app = opened("predict", "en")
    name = "![x](http://127.0.0.1:9/x.png)<b>.wav"
    app.file_uploader[0].set_value((name, b"RIFF", "audio/wav")).run()
    (error,) = app.error
    assert "![x](" not in error.value
    assert "<b>" not in error.value.replace("\\<b\\>", "")


def test_pages_are_files_of_the_frame() -> None:
    files = {f"pages/{path.name}" for path in Path(ROOT / "pages").glob("*.py")} | {"app.py"}
    assert {page.file for page in PAGES} == files


def test_every_page_stands_once_in_the_menu() -> None:
    assert sorted(name for _, names in PHASES for name in names) == sorted(NAMES)
    assert PHASES[0] == ("", ("overview",)), "what waits comes first, above every phase"


@pytest.mark.parametrize("name", ["overview", "predict"])
def test_every_page_tells_the_version_at_the_foot_of_its_menu(ws: Workspace, name: str) -> None:
    app = opened(name)
    assert app.sidebar.caption[-1].value == f"Gwidama {__version__}"
