"""The arms of a gate: the labels of people with none, half and all of the pseudo-labels of a round on the training
side, and the same gold set. No arm holds a machine's label of another round.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from core.errors import NotEnoughData
from core.records import Round
from core.schemes import scheme
from core.snapshots.freeze import build
from core.snapshots.items import Items
from core.snapshots.students import with_pseudo_labels
from core.snapshots.weights import with_weights, without_weights
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
    """The pseudo-labels of a round as `items` of the training side, with their weights, and the `base` of all arms.

    The base holds the labels of people, variants made from items with such labels, and the gold set. `given` is how
    many items have a label of the round, `left_out` how many of them are too near to a held-out item. `dropped` counts
    the machine's labels in the snapshot that are not in the base.
    """

    items: Items
    base: Items
    given: int
    left_out: int
    dropped: int


def silver_of(ws: Workspace, measured: Measured) -> Silver:
    """The pseudo-labels of the round: its labels if it is accepted, else what its thresholds keep of the pool.

    An item that has a label of a person, or today of another round, is not among them. `NotEnoughData` if none are
    left, or if people labelled no training item.
    """
    made, view = measured.round, measured.frozen
    gathered = Gathering(ws, [trainable(made.scheme)], view.inputs, False, view.unit)
    if made.state != "accepted":
        _pretend_accepted(gathered, made, _kept(ws, made))
    fresh = build(
        "gate", trainable(made.scheme), gathered.items(), ALL_IN_TRAINING, view.seed, now(), view.plan,
        inputs=view.inputs, marks=gathered.marks, unit=view.unit, lineages=gathered.lineages,
    ).items  # fmt: skip
    fresh = with_weights(fresh, view.targets, gathered.weights)
    base = _of_people(measured, gathered)
    keys = {key for key, number in gathered.rounds[made.scheme].items() if number == made.id}
    joined, left_out = with_pseudo_labels(base, fresh, keys, view.inputs != "voice")
    own = joined.take(range(len(base), len(joined)))
    if not len(own):
        raise NotEnoughData(
            "round {round_id} has no pseudo-label that a student could learn from: {left_out:,} are too near to a "
            "held-out item",
            round_id=made.id,
            left_out=left_out,
        )
    dropped = len(measured.learnt) + len(measured.gold) - len(base)
    return Silver(own, base, len(own) + left_out, left_out, dropped)


def arms(measured: Measured, silver: Silver) -> dict[str, Items]:
    """The items of each arm by its name; half is in all."""
    order = np.array(_in_hash_order(silver.items, measured.spec.seed), dtype=np.int64)
    return {
        name: Items.join(silver.base, silver.items.take(np.sort(order[: round(share * len(order))])))
        for name, share in SHARES.items()
    }


def _of_people(measured: Measured, gathered: Gathering) -> Items:
    """The items with labels of people, the variants of these, and the gold set; all count 1."""
    gold_keys = {key for key, gold in zip(measured.learnt.column("key"), measured.learnt.column("gold"), strict=True)
                 if gold}  # fmt: skip
    kept = gold_keys | _variants(gathered, gold_keys)
    learnt = measured.learnt.take([row for row, key in enumerate(measured.learnt.column("key")) if key in kept])
    if "train" not in learnt.column("side"):
        raise NotEnoughData(
            "snapshot {snapshot} has no training item that a person labelled, so there is no student without "
            "pseudo-labels to compare with",
            snapshot=measured.frozen.name,
        )
    return without_weights(Items.join(learnt, measured.gold))


def _variants(gathered: Gathering, sources: Collection[str]) -> set[str]:
    """The keys of the items that were made from an item of `sources`."""
    return {key for key, lineage in gathered.lineages.items() if lineage.keys and lineage.keys[-1] in sources}


def _in_hash_order(items: Items, seed: int) -> list[int]:
    """The rows in an order whose every beginning has all classes in the shares that they have among the items.

    Within a class the order depends on the seed and the groups only, so that no group of a class is cut but one.
    """
    digests = {group: blake2b(f"{seed}\x1f{group}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
               for group in set(items.column("group"))}  # fmt: skip
    columns = zip(items.column("code"), items.column("group"), items.column("key"), strict=True)
    of_class: dict[str, list[tuple[bytes, str, int]]] = {}
    for row, (code, group, key) in enumerate(columns):
        of_class.setdefault(code, []).append((digests[group], key, row))
    placed = [
        ((place + 0.5) / len(rows), code, row)
        for code, rows in of_class.items()
        for place, (_, _, row) in enumerate(sorted(rows))
    ]
    return [row for _, _, row in sorted(placed)]


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
