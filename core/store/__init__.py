"""The store: it takes records and returns records. Only this package uses SQLAlchemy; no session or SQL leaves it.

`open_store(url)` migrates the database and returns a `Store` with twenty-six parts: `corpus`, `review`, `proposals`,
`ledger` (snapshots, runs, predictions), `board` (jobs), `schemes` (of the workspace), `transfer` (export, and import of
an export), `scan` (reads the whole corpus for checks), `bulk` (labels or tags many utterances at once), `views` (saved
searches), `texts` (reads texts for an index), `leases` (which curator has which utterances), `queues` (ranked lists),
`cards` (what is shown next to an utterance), `remarks`, `cleanings` (cleaning runs by step), `in_use` (which run serves
a scheme), `deliveries` (what was imported for each source), `fusion` (the weights of text and voice), `keys` (of the
REST service), `changes` (whether the database was written), `candidates` (chooses among the proposals of one kind),
`derivations` (how derived utterances were made), `voices` (derived recordings), `rounds` (of pseudo-labels, with
their audits) and `waiting` (counts what waits for a person). Each call is one transaction. Audio files and model
weights stay on disk.
"""

from dataclasses import dataclass

from core.store.board import Board
from core.store.changes import Changes, is_settled
from core.store.corpus.compare import Comparison
from core.store.corpus.corpus import Corpus
from core.store.corpus.deliveries import Deliveries, Delivery
from core.store.corpus.derivations import Derivations, Parent
from core.store.corpus.insert import ELSEWHERE, NEW_SPEAKER
from core.store.corpus.scan import CorpusScan, ScannedSample
from core.store.corpus.texts import Texts
from core.store.corpus.touched import Touched
from core.store.corpus.transfer import RunPrediction, Transfer, UtteranceExtras
from core.store.corpus.voices import DERIVED, DerivedVoice, TakenOut, VoiceBatch, Voices
from core.store.engine import engine_for, migrate
from core.store.fusion import FusionWeight, FusionWeights
from core.store.in_use import RunChoice, RunsInUse
from core.store.keys import ApiKey, ApiKeys
from core.store.ledger import Ledger, OldProbability
from core.store.proposals.candidates import NO_FLAG, Candidates, Choice, Decision
from core.store.proposals.outcomes import Outcome
from core.store.proposals.proposals import Batch, NewProposal, Proposals
from core.store.proposals.runs import CleaningRuns, UpdatedProposal
from core.store.review.answers import Tally
from core.store.review.bulk import Bulk
from core.store.review.cards import Cards, UtteranceContext
from core.store.review.decisions import Review
from core.store.review.leases import Leases
from core.store.review.queue_order import COUNTED, QueueRequest
from core.store.review.ranked import QueueInfo, Queues, Ranked, StoredList
from core.store.review.remarks import Remarks
from core.store.review.waiting import BlindAnswers, Disputes, Open, Waiting
from core.store.rounds.rounds import NewRound, Rounds
from core.store.schemes import Schemes, StoredScheme
from core.store.views import Views

__all__ = [
    "COUNTED", "DERIVED", "ELSEWHERE", "NEW_SPEAKER", "NO_FLAG", "ApiKey", "ApiKeys", "Batch", "BlindAnswers", "Board",
    "Bulk", "Candidates", "Cards", "Changes", "Choice", "CleaningRuns", "Comparison", "Corpus", "CorpusScan",
    "Decision", "Deliveries", "Delivery", "Derivations", "DerivedVoice", "Disputes", "FusionWeight", "Leases", "Ledger",
    "NewProposal", "NewRound", "OldProbability", "Open", "Outcome", "Parent", "Proposals", "QueueInfo", "QueueRequest",
    "Queues", "Ranked", "Remarks", "Review", "Rounds", "RunChoice", "RunPrediction", "RunsInUse", "ScannedSample",
    "Schemes", "Store", "StoredList", "StoredScheme", "TakenOut", "Tally", "Texts", "Touched", "Transfer",
    "UpdatedProposal", "UtteranceContext", "UtteranceExtras", "Views", "VoiceBatch", "Voices", "Waiting", "is_settled",
    "open_store",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Store:
    """All parts of one open database; see the docstring of this package."""

    corpus: Corpus
    review: Review
    proposals: Proposals
    ledger: Ledger
    board: Board
    schemes: Schemes
    transfer: Transfer
    scan: CorpusScan
    bulk: Bulk
    views: Views
    texts: Texts
    leases: Leases
    queues: Queues
    cards: Cards
    remarks: Remarks
    cleanings: CleaningRuns
    in_use: RunsInUse
    deliveries: Deliveries
    fusion: FusionWeights
    keys: ApiKeys
    changes: Changes
    candidates: Candidates
    derivations: Derivations
    voices: Voices
    rounds: Rounds
    waiting: Waiting


def open_store(url: str) -> Store:
    """Open the database of an SQLAlchemy URL and migrate it to the newest schema."""
    migrate(url)
    engine = engine_for(url)
    return Store(
        Corpus(engine), Review(engine), Proposals(engine), Ledger(engine), Board(engine), Schemes(engine),
        Transfer(engine), CorpusScan(engine), Bulk(engine), Views(engine), Texts(engine), Leases(engine),
        Queues(engine), Cards(engine), Remarks(engine), CleaningRuns(engine),
        RunsInUse(engine), Deliveries(engine), FusionWeights(engine), ApiKeys(engine), Changes(engine),
        Candidates(engine), Derivations(engine), Voices(engine), Rounds(engine), Waiting(engine),
    )  # fmt: skip
