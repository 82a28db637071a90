"""The arms of a gate: the labels of people with none, half and all of the pseudo-labels of a round on the training
side, and the same gold set.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from core.errors import NotEnoughData
from core.records import Round
from core.schemes import scheme
from core.snapshots.freeze import build
from core.snapshots.items import Items
from core.snapshots.students import with_pseudo_labels
from core.snapshots.weights import with_weights
from core.thresholds import Thresholds, keep
from core.workflows.corpus.schemes import trainable
from core.workflows.pseudo_labels.ablation.plan import Measured
from core.workflows.pseudo_labels.pool import open_pool
from core.workflows.snapshots.samples import Gathering
from core.workflows.workspace import Workspace, now

SHARES = {"none": 0.0, "half": 0.5, "all": 1.0}
ALL_IN_TRAINING = (1.0, 0.0, 0.0)


@dataclass(frozen=True, eq=False)
class Silver:
    """The pseudo-labels of a round as `items` of the training side, with their weights.

    `given` is how many items have a label of the round, `left_out` how many of them are too near to a held-out item.
    """

    items: Items
    given: int
    left_out: int


def people(measured: Measured) -> Items:
    """What all arms share: the snapshot without the pseudo-labels of the round, and the gold set."""
    return Items.join(measured.learnt, measured.gold)


def silver_of(ws: Workspace, measured: Measured) -> Silver:
    """The pseudo-labels of the round: its labels if it is accepted, else what its thresholds keep of the pool.

    An item that has a label already, of a person or of another round, is not among them. `NotEnoughData` if none are
    left.
    """
    made, view, base = measured.round, measured.frozen, people(measured)
    gathered = Gathering(ws, [trainable(made.scheme)], view.inputs, False, view.unit)
    if made.state != "accepted":
        _pretend_accepted(gathered, made, _kept(ws, made))
    fresh = build(
        "gate", trainable(made.scheme), gathered.items(), ALL_IN_TRAINING, view.seed, now(), view.plan,
        inputs=view.inputs, marks=gathered.marks, unit=view.unit, lineages=gathered.lineages,
    ).items  # fmt: skip
    fresh = with_weights(fresh, view.targets, gathered.weights)
    keys = {key for key, number in gathered.rounds[made.scheme].items() if number == made.id}
    without = _without(base, keys)
    joined, left_out = with_pseudo_labels(without, fresh, keys, view.inputs != "voice")
    own = joined.take(range(len(without), len(joined)))
    if not len(own):
        raise NotEnoughData(
            "round {round_id} has no pseudo-label that a student could learn from: {left_out:,} are too near to a "
            "held-out item",
            round_id=made.id,
            left_out=left_out,
        )
    return Silver(own, len(own) + left_out, left_out)


def arms(measured: Measured, silver: Items) -> dict[str, Items]:
    """The items of each arm by its name; half is in all."""
    base = _without(people(measured), set(silver.column("key")))
    order = np.array(_in_hash_order(silver, measured.spec.seed), dtype=np.int64)
    return {
        name: Items.join(base, silver.take(np.sort(order[: round(share * len(order))])))
        for name, share in SHARES.items()
    }


def _without(items: Items, keys: set[str]) -> Items:
    """The items without machine's labels of `keys`: a snapshot may have been frozen after the round was accepted."""
    columns = zip(items.column("key"), items.column("gold"), strict=True)
    return items.take([row for row, (key, gold) in enumerate(columns) if gold or key not in keys])


def _in_hash_order(items: Items, seed: int) -> list[int]:
    """The rows in an order that depends on the seed and their groups only, so that no group is cut but one."""
    digests = {group: blake2b(f"{seed}\x1f{group}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
               for group in set(items.column("group"))}  # fmt: skip
    columns = zip(items.column("group"), items.column("key"), strict=True)
    return [row for _, row in sorted(((digests[group], key), row) for row, (group, key) in enumerate(columns))]


def _kept(ws: Workspace, made: Round) -> dict[int, str]:
    """Id of the utterance, or recording, that a label would belong to -> code that the thresholds keep."""
    opened = open_pool(ws, made.run_id, made.scheme)
    mask = keep(opened.scores, Thresholds.from_json(made.thresholds))
    codes = dict(zip(opened.ids[mask].tolist(), opened.codes(mask), strict=True))
    if scheme(made.scheme).level == "utterance" or not codes:
        return codes
    turns = ws.store.corpus.utterances(list(codes))
    return {turn.recording_id: codes[turn.id] for turn in turns if turn.recording_id is not None}


def _pretend_accepted(gathered: Gathering, made: Round, codes: Mapping[int, str]) -> None:
    """Let what is gathered see the labels that accepting the round would write; nothing is written."""
    grades = gathered.grades[made.scheme]
    new = {number: code for number, code in codes.items() if number not in grades}
    grades |= {number: (code, "silver") for number, code in new.items()}
    gathered.rounds_of[made.scheme] |= dict.fromkeys(new, made.id)
    gathered.round_weights[made.scheme] |= {made.id: made.weight}
