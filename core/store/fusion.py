"""How much text and voice weigh where both judge a scheme, because a person chose it: one row a scheme at most."""

from dataclasses import asdict, dataclass

from sqlalchemy import Engine, delete, insert, select

from core.store.engine import reading, writing
from core.store.schema import fusion_weight


@dataclass(frozen=True, slots=True)
class FusionWeight:
    """`text` is the share of the text in [0, 1]; the voice has the rest."""

    scheme: str
    text: float
    chosen_by: str
    chosen_at: str


class FusionWeights:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def choose(self, weight: FusionWeight) -> None:
        """Let `weight` count for its scheme from now on."""
        with writing(self._engine) as connection:
            connection.execute(delete(fusion_weight).where(fusion_weight.c.scheme == weight.scheme))
            connection.execute(insert(fusion_weight), [asdict(weight)])

    def forget(self, scheme: str) -> None:
        """Let the usual weights count for a scheme again; without a choice this changes nothing."""
        with writing(self._engine) as connection:
            connection.execute(delete(fusion_weight).where(fusion_weight.c.scheme == scheme))

    def list(self) -> list[FusionWeight]:
        """Return what people chose, sorted by scheme."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(fusion_weight).order_by(fusion_weight.c.scheme)).mappings()
            return [FusionWeight(**row) for row in rows]
