"""The store: records in, records out. SQLAlchemy lives only in this package; no session or SQL leaves it.

`open_store(url)` migrates the database and gives five small doors: `corpus`, `review`, `proposals`, `ledger`
(snapshots, runs, predictions) and `board` (jobs). Each call is one transaction. Audio and weights stay on disk.
"""

from dataclasses import dataclass

from core.store.board import Board
from core.store.corpus import Corpus
from core.store.engine import engine_for, migrate
from core.store.ledger import Ledger
from core.store.proposals import NewProposal, Proposals
from core.store.review import Review

__all__ = ["Board", "Corpus", "Ledger", "NewProposal", "Proposals", "Review", "Store", "open_store"]


@dataclass(frozen=True, slots=True)
class Store:
    corpus: Corpus
    review: Review
    proposals: Proposals
    ledger: Ledger
    board: Board


def open_store(url: str) -> Store:
    """The store behind an SQLAlchemy URL, brought to the newest schema."""
    migrate(url)
    engine = engine_for(url)
    return Store(Corpus(engine), Review(engine), Proposals(engine), Ledger(engine), Board(engine))
