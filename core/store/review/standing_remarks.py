"""Says in SQL which flags stand and which comments are open; filters, queues and counts share this one definition.

A flag stands until the utterance is unflagged or flagged again. A comment is open until somebody decides on the
utterance by hand, after it and not undone: bulk actions, accepted suggestions and steps of cleaning answer no comment.
"""

from sqlalchemy import ColumnElement, exists

from core.records import BY_HAND
from core.store.schema import remark, revision

_Conditions = list[ColumnElement[bool]]


def flagged() -> _Conditions:
    """Return the conditions of a remark that is the standing flag of its utterance."""
    c, later = remark.c, remark.alias()
    same = (later.c.utterance_id == c.utterance_id, later.c.kind.in_(("flag", "unflag")), later.c.id > c.id)
    return [c.kind == "flag", ~exists().where(*same)]


def commented(is_open: bool) -> _Conditions:
    """Return the conditions of a remark that is a comment, and an open one if `is_open`."""
    c, later, undoing = remark.c, revision.alias(), revision.alias()
    chosen: _Conditions = [c.kind == "comment"]
    if is_open:
        undone = exists().where(undoing.c.undoes == later.c.id)
        by_hand = (later.c.utterance_id == c.utterance_id, later.c.at > c.at, later.c.act.in_(BY_HAND))
        chosen.append(~exists().where(*by_hand, ~undone))
    return chosen
