"""The part of the Train page that freezes a snapshot. The address keeps the choices; what was frozen stays shown."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import streamlit as st

from core.records import SnapshotInfo
from core.schemes import SCHEMES
from core.ui import translation
from core.ui.frame import guard, workspace
from core.ui.i18n import N_, _
from core.ui.widgets import forms
from core.workflows.snapshots import snapshot
from core.workflows.snapshots.snapshot import Conflicts, Inputs, Official, Unit

INPUTS: dict[Inputs, str] = {"text": N_("Text"), "voice": N_("Voice alone"), "both": N_("Text and voice")}
CONFLICTS: dict[Conflicts, str] = {
    "keep": N_("Keep all, count them"),
    "drop": N_("Leave all of them out"),
    "majority": N_("Keep the class of the majority"),
}
OFFICIAL: dict[str, str] = {
    "": N_("not used"),
    "keep": N_("as published, repeats kept"),
    "clean": N_("clean, repeats left out"),
}
_OFFICIAL: dict[str, Official | None] = {"": None, "keep": "keep", "clean": "clean"}
UNITS: dict[Unit, str] = {"utterance": N_("An utterance"), "call": N_("A whole call, turns joined")}
SPLIT = "70/15/15"
SUGGESTED, FROZEN = "snapshot_suggested", "snapshot_frozen"
Value = TypeVar("Value", bound=str)


def panel() -> None:
    """Show the choices and the button, then the snapshot that was frozen last; an error stands beside the button."""
    known = snapshot.every(workspace())
    with st.expander(_("Freeze a snapshot"), icon=":material/ac_unit:", expanded=not known):
        first, second, third, fourth = st.columns([3, 3, 2, 2], vertical_alignment="bottom")
        schemes = _chosen_schemes()
        with first:
            name = _name(schemes, [info.name for info in known])
        second.multiselect(
            _("Schemes"), list(SCHEMES), format_func=forms.scheme_title, key="snapshot_schemes",
            help=_("Several schemes make one snapshot: an item without a label under one of them is masked there."),
        )  # fmt: skip
        forms.share("snapshot_schemes", schemes, list(SCHEMES)[:1])
        with third:
            split = _text(_("Split (train/validation/test, %)"), "snapshot_split", SPLIT)
        with fourth.popover(_("More settings"), icon=":material/tune:", width="stretch"):
            seed = _seed()
        inputs, conflicts, official, unit, sides_of = _more(known)
        with guard():
            if st.button(_("Freeze"), icon=":material/ac_unit:", key="freeze"):
                info = snapshot.create(
                    workspace(), name, schemes, split, seed, inputs=inputs, conflicts=conflicts,
                    official=_OFFICIAL[official], unit=unit, sides_of=sides_of or None,
                )  # fmt: skip
                st.session_state[FROZEN] = info.name
        _frozen()


def _chosen_schemes() -> list[str]:
    """Return the schemes that are chosen: before the first run those of the address, else the first one."""
    if "snapshot_schemes" not in st.session_state:
        asked = [name for name in st.query_params.get_all("snapshot_schemes") if name in SCHEMES]
        st.session_state["snapshot_schemes"] = asked or list(SCHEMES)[:1]
    schemes: list[str] = [name for name in st.session_state["snapshot_schemes"] if name in SCHEMES]
    st.session_state["snapshot_schemes"] = schemes  # a scheme that somebody has rejected meanwhile is gone
    return schemes


def _name(schemes: Sequence[str], taken: Iterable[str]) -> str:
    """Show the field of the name; it holds a suggestion that follows the schemes until a person types another name."""
    suggestion = suggested(schemes, taken, datetime.now(forms.reader_zone()))
    st.session_state.setdefault("snapshot_name", st.query_params.get("snapshot_name", ""))
    if st.session_state["snapshot_name"] in ("", st.session_state.get(SUGGESTED)):
        st.session_state["snapshot_name"] = suggestion
    st.session_state[SUGGESTED] = suggestion
    name = st.text_input(_("Name"), max_chars=60, key="snapshot_name")
    forms.share("snapshot_name", name, suggestion)
    return name


def suggested(schemes: Sequence[str], taken: Iterable[str], at: datetime) -> str:
    """Return a free name for a snapshot: its first scheme and the day.

    >>> suggested(["danger", "urgency"], ["danger-2026-12-01"], datetime(2026, 12, 1))
    'danger-2026-12-01-2'
    """
    stem, names, number = f"{schemes[0] if schemes else 'snapshot'}"[:40] + f"-{at:%Y-%m-%d}", set(taken), 1
    while (name := stem if number == 1 else f"{stem}-{number}") in names:
        number += 1
    return name


def _seed() -> int:
    asked = st.query_params.get("snapshot_seed", "")
    st.session_state.setdefault("snapshot_seed", int(asked) if asked.isdecimal() and len(asked) < 10 else 0)
    seed = int(st.number_input(_("Seed"), 0, 2**31, key="snapshot_seed"))
    forms.share("snapshot_seed", str(seed), "0")
    return seed


def _text(label: str, key: str, default: str) -> str:
    """Show a text field with a default; another text is stored in the address."""
    st.session_state.setdefault(key, st.query_params.get(key, default))
    text = st.text_input(label, key=key)
    forms.share(key, text, default)
    return text


def _choice(label: str, titles: Mapping[Value, str], key: str, help_text: str = "") -> Value:
    return forms.linked_choice(label, list(titles), key, lambda value: _(titles[value]), help=help_text or None)


def _more(known: Sequence[SnapshotInfo]) -> tuple[Inputs, Conflicts, str, Unit, str]:
    """Show the choices that most snapshots leave as they are; return inputs, conflicts, official, unit, sides of."""
    fifth, sixth, seventh, eighth, ninth = st.columns(5)
    with fifth:
        inputs = _choice(
            _("What the model reads"), INPUTS, "snapshot_inputs",
            _("Where the voice alone is read, texts may repeat, but no speaker stands on two sides."),
        )  # fmt: skip
    with sixth:
        conflicts = _choice(_("Equal texts of different classes"), CONFLICTS, "snapshot_conflicts")
    with seventh:
        official = _choice(
            _("Published split"), OFFICIAL, "snapshot_official",
            _("For data that was published with a split. What repeats across its sides is counted either way."),
        )  # fmt: skip
    with eighth:
        unit = _choice(_("One item is"), UNITS, "snapshot_unit",
                       _("Whole calls need labels of the recording, such as urgency."))  # fmt: skip
    with ninth:
        sides_of = forms.linked_choice(
            _("Sides"), ["", *(info.name for info in known)], "snapshot_sides",
            lambda name: _("as in {name}").format(name=name) if name else _("by group"),
            help=_("Pseudo-labels in it: keep the sides of the snapshot that their teacher has learnt from."),
        )  # fmt: skip
    return inputs, conflicts, official, unit, sides_of


def _frozen() -> None:
    """Show the snapshot that was frozen last, until another one is; its content hash is behind a button."""
    known = {info.name: info for info in snapshot.every(workspace())}
    if (info := known.get(st.session_state.get(FROZEN, ""))) is None:
        return
    st.success(_("Frozen: {name}").format(name=forms.plain(info.name)))
    composition(info)
    with st.popover(_("Technical details"), icon=":material/data_object:", width="content"):
        st.caption(_("Content hash: {sha}").format(sha=info.sha256))


def composition(info: SnapshotInfo) -> None:
    """Show groups and classes of each side under each scheme, then what was left out and why."""
    report = info.counts["report"]
    for name, counts in info.counts.get("targets", {info.scheme: info.counts}).items():
        groups = report.get("targets", {}).get(name, report)["groups_by_side"]
        if "targets" in info.counts:
            st.markdown(f"**{forms.plain(forms.scheme_title(name))}** · n = {counts['n']:,}")
        st.dataframe(
            [
                {_("Side"): forms.side_title(side), _("Groups"): groups[side]}
                | {forms.code_title(name, code): n for code, n in classes.items()}
                for side, classes in counts["sides"].items()
            ],
            hide_index=True,
        )
    for sentence in snapshot.explained(report):
        st.caption(forms.plain(translation.translate(sentence)))
