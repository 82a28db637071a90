"""Which run serves a scheme, because a person chose it: at most one for each scheme and modality."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Engine, delete, insert, select

from core.records import RunInfo
from core.store.engine import reading, writing
from core.store.schema import run_in_use


@dataclass(frozen=True, slots=True)
class RunChoice:
    """A person's choice of the run that serves a scheme by one modality."""

    scheme: str
    modality: Literal["text", "voice"]
    run_id: str
    chosen_by: str
    chosen_at: str


class RunsInUse:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def choose(self, run: RunInfo, by: str, at: str) -> RunChoice:
        """Let `run` serve its scheme and modality from now on, in place of the run that did."""
        choice = RunChoice(run.scheme, run.modality, run.id, by, at)
        same = (run_in_use.c.scheme == run.scheme, run_in_use.c.modality == run.modality)
        with writing(self._engine) as connection:
            connection.execute(delete(run_in_use).where(*same))
            values = {name: getattr(choice, name) for name in choice.__slots__}
            connection.execute(insert(run_in_use).values(values))
        return choice

    def list(self) -> list[RunChoice]:
        """Return what people chose, sorted by scheme and modality."""
        query = select(run_in_use).order_by(run_in_use.c.scheme, run_in_use.c.modality)
        with reading(self._engine) as connection:
            return [RunChoice(**row) for row in connection.execute(query).mappings()]
