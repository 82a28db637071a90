"""The strip above a call that is being played: what is known now, how far the call is, when the first alarm came.

Every text is escaped. A shape and words say what the colour says. Takes finished texts and knows no document.
"""

from dataclasses import dataclass
from html import escape

import streamlit as st

from core.ui.widgets.verdicts import Kind

STYLE = """<style>
.gw-live { display: grid; grid-template-columns: 5fr 3fr 3fr; gap: .75rem; word-break: keep-all; }
.gw-live > div { --tone: light-dark(#475569, #a9b6c9); padding: .7rem 1rem; border-radius: .6rem;
  border: 1px solid color-mix(in srgb, var(--tone) 45%, transparent); border-left: 8px solid var(--tone);
  background: color-mix(in srgb, var(--tone) 7%, transparent); }
.gw-live .is-danger { --tone: light-dark(#c81e1e, #ff8080); border-width: 2px; border-left-width: 12px; }
.gw-live .is-clear { --tone: light-dark(#0b7350, #4fd1a1); }
.gw-live .is-unsure { border-style: dashed; border-left-width: 8px; background: none; }
.gw-live h4 { margin: 0; padding: 0; font-size: .85rem; font-weight: 600; opacity: .85; }
.gw-live p { margin: .1rem 0 0; font-size: 1.7rem; font-weight: 800; line-height: 1.25; color: var(--tone);
  font-variant-numeric: tabular-nums; }
.gw-live p small { font-size: .9rem; font-weight: 600; }
.gw-live i { display: block; height: .45rem; margin-top: .45rem; border-radius: 99px; overflow: hidden;
  border: 1px solid var(--tone); }
.gw-live i b { display: block; height: 100%; background: var(--tone); transition: width .5s linear; }
@media (prefers-reduced-motion: reduce) { .gw-live i b { transition: none; } }
@media (max-width: 60rem) { .gw-live { grid-template-columns: 1fr; } }
</style>"""


@dataclass(frozen=True, slots=True)
class State:
    """What is known at one moment of a call. `share` of the call has been heard; `live`: it goes on.

    `first` is how far the call was, or what is said instead, when the first alarm came; `alarmed`: there was one.
    """

    kind: Kind
    scheme: str
    answer: str
    time_title: str
    at: str
    duration: str
    share: float
    first_title: str
    first: str
    alarmed: bool
    state: str
    live: bool


def show(state: State) -> None:
    """Show the strip."""
    answer = escape(state.answer)
    bar = f'<i aria-hidden="true"><b style="width:{min(max(state.share, 0.0), 1.0):.1%}"></b></i>'
    tone = "is-danger" if state.alarmed else ""
    now = f'<h4>{escape(state.scheme)} · {escape(state.state)}</h4><p aria-live="polite">{answer}</p>'
    place = (
        f"<h4>{escape(state.time_title)}</h4><p>{escape(state.at)} <small>/ {escape(state.duration)}</small></p>{bar}"
    )
    first = f"<h4>{escape(state.first_title)}</h4><p>{escape(state.first)}</p>"
    st.html(
        f'{STYLE}<section class="gw-live" data-live="{str(state.live).lower()}">'
        f'<div class="is-{state.kind}">{now}</div><div>{place}</div><div class="{tone}">{first}</div></section>'
    )
