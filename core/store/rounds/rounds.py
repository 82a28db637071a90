"""Proposes, accepts and withdraws rounds of pseudo-labels, and keeps the audits that they rest on.

`accept` writes a silver label and a Revision for each prediction, in one transaction; `withdraw` takes back what is
still silver. A label that a person gave is never overwritten and never taken back. Nothing here reads a pool.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Engine, null, select, update
from sqlalchemy.exc import IntegrityError

from core.errors import Conflict, InputError, NotFound
from core.files import sha256
from core.messages import Word
from core.records import Audit, AuditItem, Round, RoundState, Weight
from core.schemes import scheme
from core.store.engine import insert_id, insert_many, reading, writing
from core.store.rounds import audited, desk, labels
from core.store.rounds.tables import audit, audit_item, label_round
from core.store.schema import label

STATES: Mapping[RoundState, Word] = {
    "proposed": Word("proposed"), "accepted": Word("accepted"), "withdrawn": Word("withdrawn"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class NewRound:
    """What a round rests on, before the store gives it an id; the fields are those of `Round`."""

    scheme: str
    run_id: str
    thresholds: Mapping[str, Any]
    weight: Weight = 1.0
    audit_id: int | None = None
    override: str | None = None

    @property
    def basis(self) -> dict[str, Any]:
        """What its acceptance rests on, as columns."""
        weight = dict(self.weight) if isinstance(self.weight, Mapping) else float(self.weight)
        return {"audit_id": self.audit_id, "override": self.override, "weight": weight}

    @property
    def open_key(self) -> str:
        """The SHA-256 of run, scheme and thresholds."""
        parts = [self.scheme, self.run_id, dict(self.thresholds)]
        return sha256(json.dumps(parts, ensure_ascii=False, sort_keys=True).encode())


class Rounds:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # -- rounds

    def propose(
        self, new: NewRound, curator: str, at: str, *, kept_sha256: str | None = None, keep: bool = False
    ) -> Round:
        """Return the open round of these thresholds; add it if there is none.

        A round that `curator` proposed gets this audit, override and weight, unless `keep`; that of another person
        stays as it is. `kept_sha256` (see `kept_hash`) says what the thresholds keep. A verdict goes that was measured
        with another weight, or for other predictions.
        """
        values = {
            "scheme": scheme(new.scheme).name, "run_id": new.run_id, "thresholds": dict(new.thresholds), **new.basis,
            "state": "proposed", "made_at": at, "made_by": curator, "counts": {}, "open_key": new.open_key,
            "override_by": curator if new.override else None, "kept_sha256": kept_sha256,
        }  # fmt: skip
        same = label_round.c.open_key == new.open_key
        with writing(self._engine) as connection:
            known = connection.scalar(select(label_round.c.id).where(same))
            if known is None:
                try:
                    with connection.begin_nested():
                        return _round(connection, insert_id(connection, label_round, values))
                except IntegrityError:  # somebody proposed it at the same moment (PostgreSQL)
                    known = connection.scalar(select(label_round.c.id).where(same))
                    if known is None:
                        raise
            current = _round(connection, known)
            mine = new.basis if current.made_by == curator and not keep else {}
            return _renew(connection, current, mine, curator, kept_sha256)

    def get(self, round_id: int) -> Round:
        """Return one round; `NotFound` if there is none."""
        with reading(self._engine) as connection:
            return _round(connection, round_id)

    def list(self, scheme_name: str | None = None, run_id: str | None = None) -> Sequence[Round]:
        """Return the rounds, the newest first; each argument narrows them."""
        c = label_round.c
        query = select(label_round).order_by(c.id.desc())
        query = query if scheme_name is None else query.where(c.scheme == scheme_name)
        query = query if run_id is None else query.where(c.run_id == run_id)
        with reading(self._engine) as connection:
            return [_record(dict(row)) for row in connection.execute(query).mappings()]

    def accept(
        self, round_id: int, utterance_ids: Sequence[int], codes: Sequence[str], curator: str, at: str, *,
        basis: NewRound | None = None, notes: Mapping[str, int] | None = None,
    ) -> Round:  # fmt: skip
        """Give each utterance (or its recording, as the scheme labels) its code as a silver label of the round.

        `basis`: the audit, override and weight that were checked; the round has them from now on, whoever changed it
        meanwhile. `notes` go into the counts. Targets that have a label, or whose label a person took off or rejected,
        skipped utterances and those out of the corpus stay as they are and are counted.
        `Conflict` if the round is not proposed any more, `InputError` if nothing would be written; then nothing is.
        """
        with writing(self._engine) as connection:
            current = _move(connection, round_id, "proposed", "accepted")
            checked = basis.basis if basis else {}
            current = _renew(connection, current, checked, curator, kept_hash(utterance_ids, codes))
            counts = labels.write(connection, current, utterance_ids, codes, curator, at)
            if not counts["written"]:
                raise InputError(
                    "round {round_id} has nothing to accept: of {kept:,} predictions {labelled:,} were labelled by "
                    "people, {silver:,} have a machine's label already, of {decided:,} people took it off or rejected "
                    "it, {reviewed:,} are on a curator's screen, and {unfit:,} are skipped or out of the corpus",
                    round_id=round_id,
                    **counts,
                )
            counts |= dict(notes or {})
            return _set(connection, round_id, counts=counts, open_key=None, accepted_by=curator, accepted_at=at)

    def withdraw(self, round_id: int, curator: str, at: str) -> Round:
        """Take back every label of the round that is still a machine's; those that people gave since stay.

        `Conflict` if the round is not accepted.
        """
        with writing(self._engine) as connection:
            current = _move(connection, round_id, "accepted", "withdrawn")
            counts = {**current.counts, "withdrawn": labels.take_back(connection, current, curator, at)}
            return _set(connection, round_id, counts=counts)

    def set_verdict(self, round_id: int, verdict: Mapping[str, Any], gold_sha256: str | None = None) -> Round:
        """Store what the ablation gate measured, with the hash of its gold set."""
        with writing(self._engine) as connection:
            return _set(connection, round_id, verdict=dict(verdict), gold_sha256=gold_sha256)

    def weights(self, scheme_name: str) -> dict[int, Weight]:
        """Return round id -> weight of its labels in training, for the accepted rounds of a scheme."""
        return {item.id: item.weight for item in self.list(scheme_name) if item.state == "accepted"}

    def rounds_of(self, scheme_name: str) -> dict[int, int]:
        """Return target id -> id of the round that made its label, for the silver labels of a scheme."""
        c = label.c
        level = scheme(scheme_name).level
        query = select(c.target_id, c.round_id).where(
            c.level == level, c.scheme == scheme_name, c.grade == "silver", c.round_id.is_not(None)
        )
        with reading(self._engine) as connection:
            return {int(target): int(number) for target, number in connection.execute(query)}

    def desk_runs(self, scheme_name: str) -> dict[int, str]:
        """Return target id -> id of the run whose pseudo-label was accepted there alone, without a round."""
        with reading(self._engine) as connection:
            return desk.runs(connection, scheme(scheme_name))

    # -- audits

    def add_audit(
        self, run_id: str, scheme_name: str, thresholds: Mapping[str, Any], seed: int, strata: Mapping[str, int],
        items: Sequence[AuditItem], curator: str, at: str,
    ) -> Audit:  # fmt: skip
        """Add an audit with its items; the `audit_id` of the items is replaced by that of the new audit."""
        values = {
            "run_id": run_id, "scheme": scheme(scheme_name).name, "thresholds": dict(thresholds), "seed": seed,
            "strata": dict(strata), "made_at": at, "made_by": curator,
        }  # fmt: skip
        columns = tuple(column.name for column in audit_item.columns)
        with writing(self._engine) as connection:
            number = insert_id(connection, audit, values)
            rows = [asdict(item) | {"audit_id": number} for item in items]
            insert_many(connection, audit_item, columns, [tuple(row[name] for name in columns) for row in rows])
            return _audit(connection, number)

    def audit(self, audit_id: int) -> Audit:
        """Return one audit; `NotFound` if there is none."""
        with reading(self._engine) as connection:
            return _audit(connection, audit_id)

    def audits(self, run_id: str | None = None, scheme_name: str | None = None) -> Sequence[Audit]:
        """Return the audits, the newest first; each argument narrows them."""
        c = audit.c
        query = select(audit).order_by(c.id.desc())
        query = query if scheme_name is None else query.where(c.scheme == scheme_name)
        query = query if run_id is None else query.where(c.run_id == run_id)
        with reading(self._engine) as connection:
            return [Audit(**row) for row in connection.execute(query).mappings()]

    def items(self, audit_id: int) -> Sequence[AuditItem]:
        """Return the items of an audit, by utterance id."""
        query = select(audit_item).where(audit_item.c.audit_id == audit_id).order_by(audit_item.c.utterance_id)
        with reading(self._engine) as connection:
            return [AuditItem(**row) for row in connection.execute(query).mappings()]

    def answers(self, audit_id: int) -> dict[int, str]:
        """Return utterance id -> code that people answered to an item of the audit; see `audited.human_answers`."""
        with reading(self._engine) as connection:
            answers = audited.human_answers(connection, _audit(connection, audit_id))
        return {number: code for number, (code, _) in answers.items()}

    def answered_by(self, audit_id: int) -> dict[str, int]:
        """Return curator -> how many answers of the audit are that person's."""
        with reading(self._engine) as connection:
            answers = audited.human_answers(connection, _audit(connection, audit_id))
        return dict(sorted(Counter(who for _, who in answers.values()).items()))


def kept_hash(utterance_ids: Sequence[int], codes: Sequence[str]) -> str:
    """Return the SHA-256 of predictions, in any order: utterance ids with their codes."""
    rows = sorted((int(number), code) for number, code in zip(utterance_ids, codes, strict=True))
    return sha256(json.dumps(rows, ensure_ascii=False).encode())


def _renew(
    connection: Connection, current: Round, basis: Mapping[str, Any], curator: str, kept_sha256: str | None
) -> Round:
    """Write another basis, and drop a verdict that says nothing about it or about the predictions of `kept_sha256`."""
    known = connection.scalar(select(label_round.c.kept_sha256).where(label_round.c.id == current.id))
    values = dict(basis)
    if "override" in basis and basis["override"] != current.override:
        values["override_by"] = curator if basis["override"] else None
    if kept_sha256 is not None:
        values["kept_sha256"] = kept_sha256
    moved = kept_sha256 is not None and known is not None and known != kept_sha256
    if moved or ("weight" in basis and basis["weight"] != current.weight):
        values |= {"verdict": null(), "gold_sha256": None}
    return _set(connection, current.id, **values) if values else current


def _record(row: Mapping[str, Any]) -> Round:
    return Round(**{name: value for name, value in row.items() if name not in ("open_key", "kept_sha256")})


def _round(connection: Connection, round_id: int) -> Round:
    row = connection.execute(select(label_round).where(label_round.c.id == round_id)).mappings().one_or_none()
    if row is None:
        raise NotFound("no round {round_id} of pseudo-labels", round_id=round_id)
    return _record(dict(row))


def _audit(connection: Connection, audit_id: int) -> Audit:
    row = connection.execute(select(audit).where(audit.c.id == audit_id)).mappings().one_or_none()
    if row is None:
        raise NotFound("no audit {audit_id}", audit_id=audit_id)
    return Audit(**row)


def _set(connection: Connection, round_id: int, **values: Any) -> Round:
    connection.execute(update(label_round).where(label_round.c.id == round_id).values(values))
    return _round(connection, round_id)


def _move(connection: Connection, round_id: int, of: RoundState, to: RoundState) -> Round:
    """Change the state of a round; of two calls at once one gets a `Conflict`."""
    here = (label_round.c.id == round_id, label_round.c.state == of)
    if not connection.execute(update(label_round).where(*here).values(state=to)).rowcount:
        now = _round(connection, round_id)
        raise Conflict(
            "round {round_id} is {state} already; only a round that is {needed} can be {to}",
            round_id=round_id, state=STATES[now.state], needed=STATES[of], to=STATES[to],
        )  # fmt: skip
    return _round(connection, round_id)
