"""How often the letters of transcripts are wrong, measured on utterances whose text people wrote.

The last measurement of the workspace is kept in `transcripts/letter-errors.json`. Only texts that were delivered are
compared: a text that began as a transcript would agree with itself.
"""

import json
import secrets
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from core.errors import CoreError, NotEnoughData
from core.files import make_folder, write_json
from core.filters import Filter
from core.jobs import submit
from core.records import Utterance
from core.scores.letters import LetterErrors, letter_errors
from core.speech.transcribers import languages
from core.speech.transcribers.transcript import Transcriber, Transcript
from core.workflows import jobs
from core.workflows.speech.corpus import chosen, transcripts
from core.workflows.workspace import Workspace, now, open_workspace

JOB = "letter-errors"
FILE = "letter-errors.json"
MOST = 200  # utterances that are read if nobody asks for another number
WORST = 20

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Worst:
    """An utterance with many wrong letters."""

    utterance_id: int
    human: str
    written: str
    errors: int


@dataclass(frozen=True, slots=True)
class Measured:
    """A measurement. `understood` counts the texts that the transcriber gave; `everything` counts those that it did not
    give as missing. `realtime` is how many seconds of speech were read in one second.
    """

    at: str
    transcriber: str
    model: str
    language: str
    utterances: int
    states: dict[str, int]
    understood: LetterErrors
    everything: LetterErrors
    seconds: float
    realtime: float
    worst: tuple[Worst, ...] = ()


def measure(
    ws: Workspace,
    wanted: Filter,
    *,
    name: str | None = None,
    language: str = "ko",
    transcriber: Transcriber | None = None,
    most: int = MOST,
    progress: Progress = lambda stage, done, total: None,
    clock: Callable[[], float] = time.perf_counter,
) -> Measured:
    """Transcribe at most `most` utterances of `wanted` that have audio and a human text, and count wrong letters.

    `NotEnoughData` if there is none, `MissingBackend` if there is no transcriber, `InputError` for an unknown language.
    """
    languages.check(language)
    transcriber = transcriber or chosen(ws, name)
    utterances = _written_by_people(ws, wanted, most)
    if not utterances:
        raise NotEnoughData("no utterance here has both a voice and a text that people wrote")
    pairs: list[tuple[Utterance, Transcript]] = []
    states: Counter[str] = Counter()
    began = clock()
    for utterance, read in transcripts(ws, transcriber, language, utterances):
        progress("utterances", sum(states.values()), len(utterances))
        states["unreadable" if isinstance(read, CoreError) else read.state] += 1
        if not isinstance(read, CoreError):
            pairs.append((utterance, read))
    took, seconds = clock() - began, sum(read.end_ms - read.start_ms for _, read in pairs) / 1000
    measured = Measured(
        now(), transcriber.name, getattr(transcriber, "model", transcriber.name), language, len(utterances),
        dict(sorted(states.items())), _errors([pair for pair in pairs if pair[1].state == "ok"]), _errors(pairs),
        round(seconds, 1), round(seconds / took, 2) if took else 0.0, _worst(pairs),
    )  # fmt: skip
    make_folder(ws.settings.home / "transcripts")
    write_json(ws.settings.home / "transcripts" / FILE, asdict(measured))
    return measured


def start(ws: Workspace) -> str:
    """Queue a measurement over the whole corpus as a job; return its id. `MissingBackend` without a transcriber."""
    chosen(ws, None)
    return submit(ws.store, JOB, JOB, {}, f"{JOB}-{secrets.token_hex(6)}")


def run_job(params: dict[str, Any], job: jobs.Context) -> None:
    """The job. It has no steps: a killed worker measures anew."""
    measure(open_workspace(), Filter(), progress=jobs.by_stage(job))


def last(ws: Workspace) -> Measured | None:
    """The last measurement; None if there is none."""
    path = ws.settings.home / "transcripts" / FILE
    if not path.is_file():
        return None
    document = json.loads(path.read_text(encoding="utf-8"))
    for part in ("understood", "everything"):
        document[part] = LetterErrors(**document[part])
    document["worst"] = tuple(Worst(**row) for row in document["worst"])
    return Measured(**document)


def _written_by_people(ws: Workspace, wanted: Filter, most: int) -> list[Utterance]:
    """Utterances with audio whose text was delivered, evenly spaced over the corpus."""
    low = max(1, wanted.min_chars or 1)
    ids = ws.store.texts.ids(replace(wanted, with_audio=True, min_chars=low, skipped=False))
    if len(ids) > most:
        ids = ids[np.unique(np.linspace(0, len(ids) - 1, most).astype(np.int64))]
    return [u for u in ws.store.corpus.utterances(ids.tolist()) if u.original.strip() and u.start_ms is not None]


def _errors(pairs: list[tuple[Utterance, Transcript]]) -> LetterErrors:
    return letter_errors([u.text for u, _ in pairs], [t.text for _, t in pairs], [u.group for u, _ in pairs])


def _worst(pairs: list[tuple[Utterance, Transcript]]) -> tuple[Worst, ...]:
    """The understood utterances with the most wrong letters."""
    rows = [Worst(u.id, u.text, t.text, letter_errors([u.text], [t.text], [""]).errors) for u, t in pairs if t.text]
    return tuple(sorted((row for row in rows if row.errors), key=lambda row: -row.errors)[:WORST])
