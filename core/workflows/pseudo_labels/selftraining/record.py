"""The record of a self-training on the disk, from which one that was killed goes on: `selftraining/<snapshot>.json`.

`asked` is what a person asked for, `teacher` the run that teaches first, `rounds` what each round did. A training is
noted with its run id before it begins, so that it goes on under that id, and a round of pseudo-labels before it is
accepted, so that nobody else's is taken for it; every other step is noted when it is done and changes nothing if it is
done again.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from core.errors import CheckpointMismatch
from core.files import make_folder, write_json

FOLDER, FORMAT = "selftraining", 1


@dataclass(frozen=True, slots=True)
class Trainee:
    """How teacher or student is trained: encoder (None: the usual one of the preset), preset, and recipe (None: that
    of the self-training).
    """

    encoder: str | None = None
    preset: str = "default"
    recipe: str | None = None


@dataclass(slots=True)
class RoundRecord:
    """One round. `teacher` is the run that judged, `label_round` the round of pseudo-labels, `spec` the training.

    `judged` items were without a label of a person, and `kept` labels, by class, were written. `proposed` is the round
    of pseudo-labels from before its acceptance on. `snapshot` is what the student learns from.
    """

    number: int
    teacher: str
    snapshot: str
    withdrawn: bool = False  # the pseudo-labels of the round before
    judged: int | None = None
    label_round: int | None = None
    kept: dict[str, int] = field(default_factory=dict)
    spec: dict[str, Any] | None = None
    done: bool = False
    proposed: int | None = None

    @property
    def label_rounds(self) -> set[int]:
        """The rounds of pseudo-labels that it names."""
        return {number for number in (self.proposed, self.label_round) if number is not None}

    @property
    def student(self) -> str:
        """The run id of the student; "" before its training was planned."""
        return str(self.spec["run_id"]) if self.spec else ""


@dataclass(slots=True)
class Record:
    """All rounds of one self-training. `spec` is the training of the teacher; None if a finished run teaches.

    `gold` names the gold set that the students must not see, "" for none.
    """

    path: Path
    asked: dict[str, Any]
    spec: dict[str, Any] | None = None
    teacher: str = ""
    rounds: list[RoundRecord] = field(default_factory=list)
    gold: str = ""

    @property
    def label_rounds(self) -> set[int]:
        """The rounds of pseudo-labels that it names."""
        return {number for one in self.rounds for number in one.label_rounds}

    @property
    def done(self) -> int:
        """How many rounds are done."""
        return sum(one.done for one in self.rounds)

    def differs(self, asked: Mapping[str, Any]) -> list[str]:
        """The names of what is asked for otherwise now. A run that is named as teacher is no other teacher."""
        names = [name for name, value in asked.items() if self.asked.get(name) != value]
        return [name for name in names if name != "teacher" or not self.teacher or asked[name] != self.teacher]

    def save(self) -> None:
        """Write the record."""
        make_folder(self.path.parent)
        values = asdict(self)
        del values["path"]
        write_json(self.path, {"format": FORMAT, **values}, indent=1)


def record_path(home: Path, snapshot: str) -> Path:
    """Where the record of the self-training on a snapshot is."""
    return home / FOLDER / f"{snapshot}.json"


def read_record(path: Path) -> Record | None:
    """The record; None if there is none, `CheckpointMismatch` if it cannot be read."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if values.pop("format") != FORMAT:
            raise ValueError("unknown format")
        rounds = [RoundRecord(**one) for one in values.pop("rounds")]
        return Record(path, rounds=rounds, **values)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointMismatch(
            "{path} cannot be read ({error}): remove it and freeze a new snapshot for another self-training",
            path=path,
            error=error,
        ) from error


def named_rounds(home: Path) -> dict[int, RoundRecord]:
    """Id of a round of pseudo-labels -> the round that made it, of all self-trainings whose records can be read."""
    named: dict[int, RoundRecord] = {}
    for path in sorted((home / FOLDER).glob("*.json")):
        try:
            record = read_record(path)
        except CheckpointMismatch:
            continue
        named |= {number: one for one in (record.rounds if record else ()) for number in one.label_rounds}
    return named
