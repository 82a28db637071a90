"""Which run serves a scheme, because a person chose it: at most one for each scheme and modality."""

from dataclasses import asdict, dataclass
from typing import Literal

from sqlalchemy import Engine, delete, insert, select

from core.records import RunInfo
from core.store.engine import reading, writing
from core.store.schema import run_in_use


@dataclass(frozen=True, slots=True)
class RunChoice:
    """A person's choice of the run that serves a scheme by one modality."""

    scheme: str
    modality: Literal["text", "voice", "both"]
    run_id: str
    chosen_by: str
    chosen_at: str


class RunsInUse:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def choose(self, run: RunInfo, by: str, at: str) -> RunChoice:
        """Let `run` serve its schemes by its modality from now on, in place of the runs that did.

        Returns the choice for its first scheme.
        """
        choices = [RunChoice(name, run.modality, run.id, by, at) for name in run.schemes]
        same = (run_in_use.c.scheme.in_(run.schemes), run_in_use.c.modality == run.modality)
        with writing(self._engine) as connection:
            connection.execute(delete(run_in_use).where(*same))
            connection.execute(insert(run_in_use), [asdict(choice) for choice in choices])
        return choices[0]

    def list(self) -> list[RunChoice]:
        """Return what people chose, sorted by scheme and modality."""
        query = select(run_in_use).order_by(run_in_use.c.scheme, run_in_use.c.modality)
        with reading(self._engine) as connection:
            return [RunChoice(**row) for row in connection.execute(query).mappings()]
