"""The store: records in, records out. SQLAlchemy lives only in this package; no session or SQL leaves it.

`open_store(url)` migrates the database and gives sixteen small doors: `corpus`, `review`, `proposals`, `ledger`
(snapshots, runs, predictions), `board` (jobs), `schemes` (the workspace's own), `transfer` (exports and their way
back), `audit` (the whole corpus once, for checks), `bulk` (many utterances at once), `views` (saved searches), `texts`
(for an index of them), `leases` (who works on what), `queues` (ranked lists), `cards` (what is shown beside an
utterance), `remarks` and `cleanings` (runs by step). Each call is one transaction. Audio and weights stay on disk.
"""

from dataclasses import dataclass

from core.store.board import Board
from core.store.corpus.corpus import Corpus
from core.store.corpus.scan import Audit
from core.store.corpus.texts import Texts
from core.store.corpus.transfer import Beside, Judged, Transfer
from core.store.engine import engine_for, migrate
from core.store.ledger import Ledger, OldProbability
from core.store.proposals.fates import Fate
from core.store.proposals.proposals import Batch, NewProposal, Proposals
from core.store.proposals.runs import Cleanings, Remade
from core.store.review.answers import Tally
from core.store.review.bulk import Bulk
from core.store.review.cards import About, Cards
from core.store.review.decisions import Review
from core.store.review.leases import Leases
from core.store.review.queue_order import Ask
from core.store.review.ranked import QueueInfo, Queues, Ranked
from core.store.review.remarks import Remarks
from core.store.schemes import Kept, Schemes
from core.store.views import Views

__all__ = [
    "About", "Ask", "Audit", "Batch", "Beside", "Board", "Bulk", "Cards", "Cleanings", "Corpus", "Fate", "Judged",
    "Kept", "Leases", "Ledger", "NewProposal", "OldProbability", "Proposals", "QueueInfo", "Queues", "Ranked", "Remade",
    "Remarks", "Review", "Schemes", "Store", "Tally", "Texts", "Transfer", "Views", "open_store",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Store:
    corpus: Corpus
    review: Review
    proposals: Proposals
    ledger: Ledger
    board: Board
    schemes: Schemes
    transfer: Transfer
    audit: Audit
    bulk: Bulk
    views: Views
    texts: Texts
    leases: Leases
    queues: Queues
    cards: Cards
    remarks: Remarks
    cleanings: Cleanings


def open_store(url: str) -> Store:
    """The store behind an SQLAlchemy URL, brought to the newest schema."""
    migrate(url)
    engine = engine_for(url)
    return Store(
        Corpus(engine), Review(engine), Proposals(engine), Ledger(engine), Board(engine), Schemes(engine),
        Transfer(engine), Audit(engine), Bulk(engine), Views(engine), Texts(engine), Leases(engine), Queues(engine),
        Cards(engine), Remarks(engine), Cleanings(engine),
    )  # fmt: skip
