"""The weights of text and voice that a person chose for a scheme; until then the text weighs .7 and the voice .3."""

from core.schemes import scheme
from core.store import FusionWeight
from core.workflows.predict.judging.serving import SEED_WEIGHT, checked, read
from core.workflows.workspace import Workspace, now

__all__ = ["SEED_WEIGHT", "choose", "chosen", "forget"]


def chosen(ws: Workspace) -> dict[str, float]:
    """Scheme -> the share of the text, for each scheme with a choice."""
    return dict(read(ws).weights)


def choose(ws: Workspace, name: str, text: float, who: str) -> None:
    """Let the text weigh `text` in scheme `name` from now on, on every face. `InputError` outside [0, 1]."""
    ws.store.fusion.choose(FusionWeight(scheme(name).name, checked(text), who, now()))


def forget(ws: Workspace, name: str) -> None:
    """Let the usual weights count again."""
    ws.store.fusion.forget(scheme(name).name)
