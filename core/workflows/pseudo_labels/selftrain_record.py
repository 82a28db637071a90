"""The record of a self-training on the disk, from which one that was killed goes on: `selftraining/<snapshot>.json`.

`asked` is what a person asked for, `teacher` the run that teaches first, `rounds` what each round did. A training is
noted with its run id before it begins, so that it goes on under that id; every other step is noted when it is done and
changes nothing if it is done again.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from core.errors import CheckpointMismatch
from core.files import make_folder, write_json

FOLDER, FORMAT = "selftraining", 1


@dataclass(slots=True)
class RoundRecord:
    """One round. `teacher` is the run that judged, `label_round` the round of pseudo-labels, `spec` the training.

    `judged` items were without a label of a person, and `kept` of them, by class, became pseudo-labels. `snapshot` is
    what the student learns from.
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

    @property
    def student(self) -> str:
        """The run id of the student; "" before its training was planned."""
        return str(self.spec["run_id"]) if self.spec else ""


@dataclass(slots=True)
class Record:
    """All rounds of one self-training. `spec` is the training of the teacher; None if a finished run teaches."""

    path: Path
    asked: dict[str, Any]
    spec: dict[str, Any] | None = None
    teacher: str = ""
    rounds: list[RoundRecord] = field(default_factory=list)

    @property
    def done(self) -> int:
        """How many rounds are done."""
        return sum(one.done for one in self.rounds)

    @property
    def labelled(self) -> bool:
        """Whether pseudo-labels were accepted."""
        return any(one.label_round is not None for one in self.rounds)

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
