"""The part of the Augment page about voices: preview, job, batches and undo."""

import pytest
from page_driver import captions, notices, ok, page
from sounds import record, talk
from store_data import AT

from core.filters import Filter
from core.ui.panels.augment import voice as panel
from core.ui.panels.augment.titles import VOICES
from core.workflows import jobs
from core.workflows.augment import voice
from core.workflows.augment.voice import VoicePlan
from core.workflows.workspace import Workspace

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("english")]


def add_clips(ws: Workspace) -> None:
    for number in range(2):
        record(ws, f"c{number}", talk(0.8, seed=number))
    first, _ = ws.store.corpus.every(Filter())
    ws.store.review.decide(first.id, 0, "kim", AT, labels={"danger": "danger"})


def test_a_workspace_without_voices_shows_nothing_of_it(ws: Workspace) -> None:
    assert "Voices" not in [header.value for header in page("augment").header]


def test_a_plan_is_previewed_and_started_as_a_job(ws: Workspace) -> None:
    add_clips(ws)
    augment = page("augment")
    augment.text_input(key="voices_written").set_value("telephone+noise=12")
    ok(augment.button(key="voices_look").click().run())
    assert "1 clips give at most 1 copies, 0.0 minutes of sound." in [box.value for box in augment.markdown]
    assert "c0에서 불이 났어요 · Telephone band, Noise 12 dB below the voice" in [box.value for box in augment.text]
    assert {"Before", "After"} <= set(captions(augment))
    assert not voice.batches(ws)
    ok(augment.button(key="voices_run").click().run())
    (job,) = jobs.recent(ws, 5)
    assert (job.kind, job.params["plan"]["operations"]) == (voice.JOB, "telephone+noise=12")
    assert augment.button(key="voices_run").disabled


def test_a_mistake_in_the_text_is_one_message(ws: Workspace) -> None:
    add_clips(ws)
    augment = page("augment")
    ok(augment.text_input(key="voices_written").set_value("speed=9").run())
    (error,) = augment.error
    assert "speed=9: factor must lie between 0.5 and 2, the smaller number first" in error.value.replace("\\", "")
    assert not [button for button in augment.button if button.key == "voices_run"]


def test_a_batch_is_shown_by_operation_and_taken_back(ws: Workspace) -> None:
    add_clips(ws)
    voice.run(ws, VoicePlan(operations="gain=-6,telephone", per=2), "lee")
    augment = page("augment")
    (table,) = [frame.value for frame in augment.dataframe if "Taken back" in frame.value]
    assert table["Operation"].tolist() == ["Loudness 1, Telephone band 1"]
    assert (table["Copies"].tolist(), table["By"].tolist()) == ([2], ["lee"])
    ok(augment.button(key="voices_undo").click().run())
    assert "Taken back: 2." in notices(augment)
    assert not list(ws.store.corpus.every(Filter(origin=("augmented",))))


def test_every_transform_and_amount_has_a_title() -> None:
    from core.audio.augmentation import TRANSFORMS

    assert VOICES.keys() == TRANSFORMS.keys()
    assert panel.AMOUNTS.keys() == {row.amount for row in TRANSFORMS.values() if row.amount}
    assert panel.described({"speed": {"factor": 1.05}, "gain": {"db": -3.0}}) == "Speed × 1.05, Loudness -3 dB"
    assert panel.described({"specaugment": {"share": 0.15}}) == (
        "Holes in time and frequency (SpecAugment) 15% at most"
    )  # fmt: skip
