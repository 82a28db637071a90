"""Two components that play audio: `player` (a recording and its utterances) and `review` (one utterance, by key).

The Review page has its own screen: core/ui/widgets/review_screen.py. Times are ms from the start of the recording;
audio comes from a same-origin path such as `/audio/recording/12`. Both bundles are read from `assets/player` (sources,
licences and build script lie there) and run without a network. They show hostile text through `textContent`; what they
send is checked here. Neither reads the store: the page passes what to show and handles the answer. A page has at most
one `review`: its keys work wherever the focus is.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import streamlit as st

from core.errors import InputError
from core.messages import SchemeName
from core.ui import identity
from core.ui.i18n import _

ASSETS = Path(__file__).resolve().parents[3] / "assets" / "player"
RESERVED_KEYS = "sze"
Kind = Literal["decision", "skip", "undo"]
KINDS: tuple[Kind, ...] = ("decision", "skip", "undo")
_REMEMBERED = 64
LONGEST_TEXT = 2000

# English texts of both components; each is translated by gettext unless a page passes its own.
STRINGS: dict[str, str] = {
    "audio_failed": "The audio could not be loaded.",
    "autoplay": "Autoplay",
    "blocked": "The browser wants a key or a click before it plays sound.",
    "changes": "Changes",
    "close": "close",
    "draft_drop": "drop the draft",
    "draft_older": "You began this on an earlier version; it is not saved:",
    "draft_take": "go on with it",
    "edit": "Edit the text",
    "empty_text": "The text is empty.",
    "incomplete": "A label is missing.",
    "key_move": "previous, next utterance",
    "key_pause": "play, pause",
    "key_play": "play the utterance",
    "key_seek": "a second back, on",
    "keys": "Keys",
    "leave": "done",
    "loading": "Loading the audio …",
    "no_audio": "There is no audio.",
    "optional": "optional",
    "pause": "Pause",
    "play": "Play",
    "regions": "Utterances",
    "replay": "listen again",
    "revert": "undo the edit",
    "review": "Review of one utterance",
    "save": "save",
    "saving": "Saving …",
    "several": "several, then Enter",
    "skip": "skip",
    "text": "Text of the utterance",
    "tone_caller": "Caller",
    "tone_danger": "Danger",
    "tone_plain": "",
    "tone_taker": "Call taker",
    "tone_unsure": "",
    "undo": "undo the last decision",
    "write": "write what you hear",
    "zoom": "Zoom",
    "zoom_in": "Zoom in",
    "zoom_out": "Zoom out",
}


@dataclass(frozen=True, slots=True)
class Chip:
    """A short text below the row of a region. `tone`: danger, unsure (dashed), differ (double edge) or plain."""

    text: str
    tone: str = "plain"


@dataclass(frozen=True, slots=True)
class Region:
    """An utterance `[start_ms, end_ms)`. `tone`: caller, taker, danger, unsure or plain; `badge`: a text in its row.

    `speaker` replaces the speaker that `tone` names; `note` is a remark after the text; `chips` stand below the row.
    """

    id: str
    start_ms: int
    end_ms: int
    text: str
    tone: str = "plain"
    badge: str = ""
    speaker: str = ""
    note: str = ""
    chips: tuple[Chip, ...] = ()


@dataclass(frozen=True, slots=True)
class Edit:
    """A changed text of the region `id`."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One class and its key: a letter or digit, "" for clicks only. `color`: a CSS colour beside the title."""

    code: str
    title: str
    key: str
    color: str = ""


@dataclass(frozen=True, slots=True)
class ChoiceGroup:
    """The classes of one scheme; `current` is the code chosen so far.

    In a `multi` group a key adds or removes its class, and only Enter saves. Codes are joined by `|` in the order of
    `choices`, both in `current` and in the event.
    """

    name: str
    title: str
    choices: tuple[Choice, ...]
    current: str | None = None
    required: bool = True
    multi: bool = False


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """The item on the screen. `audio_url` is a WAV of this utterance only; the diff compares `text` with `original`.

    `context` is the text before and after it; `error` is the reason why the last event for this item was refused.
    """

    id: int
    version: int
    audio_url: str | None
    text: str
    original: str
    readonly: bool = False
    context: tuple[str, str] = ("", "")
    note: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class ReviewEvent:
    """A curator's action on the item that was on the screen. `text` is None if it was not changed."""

    kind: Kind
    item: int
    version: int
    nonce: str
    labels: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None
    spent_ms: int = 0


def component(name: str, *kinds: str) -> Callable[..., Any]:
    """Return the component of the bundle `name`; its root has the CSS classes gw-`name` and gw-`kind` for each kind."""
    classes = " ".join(["gw", *(f"gw-{kind}" for kind in (*kinds, name))])
    return st.components.v2.component(
        f"gwidama_{name}",
        html=f'<div class="{classes}" role="group" tabindex="-1"></div>',
        css=(ASSETS / "style.css").read_text("utf-8"),
        js=(ASSETS / "dist" / f"{name}.js").read_text("utf-8"),
    )


_PLAYER = component("player")
_REVIEW = component("review")


def _translated(own: Mapping[str, str] | None) -> dict[str, str]:
    return {name: _(text) if text else "" for name, text in STRINGS.items()} | dict(own or {})


def _do_nothing() -> None:
    """Do nothing. Streamlit lists a trigger in the result only if it has a callback."""


def player(
    *,
    audio_url: str | None,
    duration_ms: int,
    regions: Sequence[Region],
    selected: int | str | None = None,
    strings: Mapping[str, str] | None = None,
    key: str,
    height: int = 120,
    on_edit: Callable[[Edit], None] | None = None,
) -> str | None:
    """Show the waveform with its utterances, each playable exactly; return the id of the region just chosen, else None.

    `selected` is a position in `regions` or an id; `height` of the waveform is in pixels; `strings` replaces
    entries of `STRINGS`. Without `audio_url` the regions can still be chosen. With `on_edit`, the text of a region can
    be changed in its row; `on_edit` is called before the page's body runs.
    """
    ids = [region.id for region in regions]
    if isinstance(selected, str):
        selected = ids.index(selected) if selected in ids else None
    data = {
        "audio_url": audio_url,
        "duration_ms": duration_ms,
        "regions": [asdict(region) for region in regions],
        "selected": selected,
        "strings": _translated(strings),
        "height": height,
        "editable": on_edit is not None,
    }

    def edited() -> None:
        edit = parse_edit(st.session_state[key]["edit"], ids)
        if on_edit is not None:
            on_edit(edit)

    result = _PLAYER(key=key, data=data, on_region_change=_do_nothing, on_edit_change=edited)
    return result.region if result.region in ids else None


def parse_edit(value: object, ids: Sequence[str]) -> Edit:
    """Check a changed text that the browser sent. `InputError` if it has another form or names no region.

    >>> parse_edit({"id": "0", "text": " 불이 났어요 "}, ["0"])
    Edit(id='0', text='불이 났어요')
    """
    match value:
        case {"id": str(region), "text": str(text)} if region in ids and len(text) <= LONGEST_TEXT:
            return Edit(region, " ".join(text.split()))
    raise InputError("player: malformed edit")


def review(
    *,
    item: ReviewItem,
    groups: Sequence[ChoiceGroup],
    can_edit: bool = True,
    can_skip: bool = True,
    can_undo: bool = True,
    strings: Mapping[str, str] | None = None,
    key: str,
    on_event: Callable[[ReviewEvent], None] | None = None,
) -> ReviewEvent | None:
    """Show one utterance to hear, correct and label by keys. Each event is delivered exactly once.

    With `on_event`, the event is passed to it before the page's body runs, so that the same run shows the next item;
    the function returns None. Without `on_event`, the event is returned: handle it, then call `st.rerun()`. After an
    event the component waits for another (id, version), or for the same one in a later run with `item.error` set.
    `InputError` if two choices have the same key, or if a choice uses a key of a command.
    """
    check_keys(groups)
    memory = st.session_state.setdefault(f"{key}:review", {"session": uuid4().hex, "nonces": []})
    data = {
        "item": asdict(item),
        "groups": [asdict(group) for group in groups],
        "commands": {"edit": can_edit and not item.readonly, "skip": can_skip, "undo": can_undo},
        "strings": _translated(strings),
        "session": memory["session"],
        "place": f"{identity.place()}.{key}",
        "echo": memory["nonces"][-1] if memory["nonces"] else "",
    }

    def first_time(kind: Kind, value: object) -> ReviewEvent | None:
        event = parse_event(kind, value, groups)
        if event.nonce in memory["nonces"]:
            return None
        memory["nonces"] = [*memory["nonces"], event.nonce][-_REMEMBERED:]
        return event

    def hand_over(kind: Kind) -> Callable[[], None]:
        def changed() -> None:
            event = first_time(kind, st.session_state[key][kind])
            if on_event is not None and event is not None:
                on_event(event)

        return changed if on_event is not None else _do_nothing

    result = _REVIEW(key=key, data=data, **{f"on_{kind}_change": hand_over(kind) for kind in KINDS})
    for kind in KINDS:
        value = result[kind]
        if value is not None and on_event is None:
            return first_time(kind, value)
    return None


def check_keys(groups: Sequence[ChoiceGroup]) -> None:
    """Raise `InputError` if two choices have the same key, or if a choice uses a key of a command."""
    taken = dict.fromkeys(RESERVED_KEYS, "a command")
    for group in groups:
        for choice in group.choices:
            pressed, name = choice.key.lower(), f"{group.name}:{choice.code}"
            if not pressed:
                continue
            if len(pressed) != 1 or not (pressed.isascii() and pressed.isalnum()):
                raise InputError(
                    "the key of {name} is {key!r}; it must be one letter a-z or digit",
                    name=SchemeName(name),
                    key=choice.key,
                )
            if pressed in taken:
                raise InputError(
                    "the key {key!r} of {name} is taken by {other}",
                    key=choice.key,
                    name=SchemeName(name),
                    other=SchemeName(taken[pressed]),
                )
            taken[pressed] = name


def parse_event(kind: Kind, value: object, groups: Sequence[ChoiceGroup] = ()) -> ReviewEvent:
    """Check what the browser sent and return it. `InputError` if it has another form or names an unknown class.

    >>> parse_event("skip", {"item": 7, "version": 1, "nonce": "a1", "spent_ms": 900}).item
    7
    """
    codes = {group.name: [choice.code for choice in group.choices] for group in groups}
    several = {group.name for group in groups if group.multi}
    match value:
        case {"item": int(item), "version": int(version), "nonce": str(nonce), "spent_ms": int(spent), **more}:
            labels, text = more.get("labels", {}), more.get("text")
        case _:
            raise InputError("review: malformed {kind}", kind=kind)
    if not (isinstance(labels, dict) and (text is None or isinstance(text, str))):
        raise InputError("review: malformed {kind}", kind=kind)
    for name, code in labels.items():
        codes_sent = str(code).split("|") if name in several else [code]
        if codes_sent != [known for known in codes.get(name, ()) if known in codes_sent]:
            raise InputError("review: {kind} names the unknown class {name}:{code}", kind=kind, name=name, code=code)
    return ReviewEvent(kind, item, version, nonce, labels, text, spent)
