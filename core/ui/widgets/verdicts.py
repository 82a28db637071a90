"""The verdict of a call as cards that are read within seconds: a shape, words, a colour, a bar.

The first card is large. A filled triangle is an alarm, a circle all clear, a dashed diamond "cannot tell". Every text
is escaped, because titles of a workspace's schemes are hostile. Takes finished texts and knows no document.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

import streamlit as st

Kind = Literal["danger", "clear", "class", "unsure"]

STYLE = """<style>
.gw-verdicts { display: grid; gap: .75rem; word-break: keep-all;
  grid-template-columns: minmax(20rem, 5fr) minmax(18rem, 4fr); }
.gw-verdicts > :only-child { grid-column: 1 / -1; }
.gw-verdict { --tone: light-dark(#475569, #a9b6c9);
  display: grid; grid-template-columns: auto 1fr; gap: .1rem 1rem; align-items: center; align-content: center;
  padding: .8rem 1.1rem; border: 1px solid color-mix(in srgb, var(--tone) 45%, transparent);
  border-left: 8px solid var(--tone);
  border-radius: .6rem; background: color-mix(in srgb, var(--tone) 7%, transparent); }
.gw-verdict.is-danger { --tone: light-dark(#c81e1e, #ff8080); border-width: 2px; border-left-width: 14px;
  background: color-mix(in srgb, var(--tone) 13%, transparent); }
.gw-verdict.is-clear { --tone: light-dark(#0b7350, #4fd1a1); }
.gw-verdict.is-unsure { border-style: dashed;
  border-left: 8px solid color-mix(in srgb, var(--tone) 45%, transparent); background: none; }
.gw-shape { --size: 2.3rem; display: grid; place-items: center; width: var(--size); height: var(--size);
  font-weight: 900; line-height: 1; font-size: calc(var(--size) * .52);
  color: light-dark(#fff, #10151f); background: var(--tone); }
.is-first .gw-shape { --size: 5.2rem; }
.is-danger .gw-shape { clip-path: polygon(50% 4%, 100% 96%, 0 96%); padding-top: calc(var(--size) * .3); }
.is-clear .gw-shape { border-radius: 50%; }
.is-class .gw-shape { border-radius: .35rem; transform: scale(.8); }
.is-unsure .gw-shape { color: var(--tone); background: none; border: 2px dashed var(--tone); border-radius: .3rem;
  transform: rotate(45deg) scale(.74); }
.is-unsure .gw-shape > b { transform: rotate(-45deg); }
.gw-scheme { font-size: .85rem; font-weight: 600; opacity: .85; }
.gw-answer { margin: 0; font-size: 1.3rem; font-weight: 800; line-height: 1.25; color: var(--tone); }
.is-first .gw-answer { font-size: 2.5rem; }
.gw-answer small { font-size: .62em; font-weight: 700; color: inherit; margin-left: .35em; white-space: nowrap; }
.gw-sure { height: .5rem; max-width: 26rem; margin: .3rem 0; border-radius: 99px; overflow: hidden;
  border: 1px solid var(--tone); }
.gw-sure > i { display: block; height: 100%; background: var(--tone); }
.gw-lead { font-weight: 600; }
.gw-fine { font-size: .82rem; opacity: .85; overflow-wrap: anywhere; }
.gw-rest { display: grid; gap: .75rem; align-content: stretch; }
@media (max-width: 60rem) { .gw-verdicts { grid-template-columns: 1fr; } }
</style>"""

_SIGNS: dict[Kind, str] = {"danger": "!", "clear": "✓", "class": "", "unsure": "?"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """One answer: scheme, class, confidence from 0 to 1 (None: no answer), sentences that lead, and small print."""

    kind: Kind
    scheme: str
    answer: str
    confidence: float | None
    share: str = ""
    leads: tuple[str, ...] = ()
    fine: tuple[str, ...] = ()


def show(verdicts: Sequence[Verdict], label: str) -> None:
    """Show the verdicts, the first one large. `label` names the group for a screen reader."""
    if not verdicts:
        return
    first, rest = verdicts[0], verdicts[1:]
    others = f'<div class="gw-rest">{"".join(card_html(verdict) for verdict in rest)}</div>' if rest else ""
    body = f"{card_html(first, ' is-first')}{others}"
    st.html(f'{STYLE}<div class="gw-verdicts" role="group" aria-label="{escape(label, quote=True)}">{body}</div>')


def card_html(verdict: Verdict, more: str = "") -> str:
    """Return the HTML of one card; every text in it is escaped."""
    share = f"<small>{escape(verdict.share)}</small>" if verdict.share else ""
    bar = ""
    if verdict.confidence is not None:
        bar = f'<div class="gw-sure" aria-hidden="true"><i style="width:{verdict.confidence:.1%}"></i></div>'
    lines = [f'<div class="gw-lead">{escape(text)}</div>' for text in verdict.leads]
    lines += [f'<div class="gw-fine">{escape(text)}</div>' for text in verdict.fine]
    return (
        f'<article class="gw-verdict is-{verdict.kind}{more}" data-kind="{verdict.kind}">'
        f'<div class="gw-shape" aria-hidden="true"><b>{_SIGNS[verdict.kind]}</b></div><div>'
        f'<div class="gw-scheme">{escape(verdict.scheme)}</div>'
        f'<div class="gw-answer">{escape(verdict.answer)}{share}</div>{bar}{"".join(lines)}</div></article>'
    )
