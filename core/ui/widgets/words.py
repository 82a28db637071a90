"""Words of a text that spoke for or against a decision: each with a sign, a line below it and its weight.

The text is hostile and is escaped.
"""

from collections.abc import Sequence
from html import escape

import streamlit as st

SHOWN = 10
STYLE = """<style>
.gw-words { line-height: 2.1; word-break: keep-all; }
.gw-word { --tone: light-dark(#c81e1e, #ff8080); display: inline-block; margin: 0 .3rem .3rem 0; padding: 0 .5em;
  line-height: 1.7; border-radius: .35rem; border-bottom: 3px solid var(--tone);
  background: color-mix(in srgb, var(--tone) var(--weight), transparent); }
.gw-word.is-against { --tone: light-dark(#1d4ed8, #7fb0ff); border-bottom-style: dashed; }
.gw-word small { opacity: .85; font-variant-numeric: tabular-nums; }
</style>"""


def show(spans: Sequence[tuple[str, float]], label: str) -> None:
    """Show the strongest pieces, each with its sign and weight: above 0 for the decision, below 0 against it.

    `label` is Markdown.
    """
    st.caption(label)
    st.html(words_html(spans, label))


def words_html(spans: Sequence[tuple[str, float]], label: str) -> str:
    """Return the pieces as HTML; every text in it is escaped."""
    most = max((abs(weight) for _piece, weight in spans), default=1.0) or 1.0
    pieces = "".join(_word(piece, weight, abs(weight) / most) for piece, weight in spans[:SHOWN])
    return f'{STYLE}<div class="gw-words" role="group" aria-label="{escape(label, quote=True)}">{pieces}</div>'


def _word(piece: str, weight: float, share: float) -> str:
    side, sign = ("for", "＋") if weight > 0 else ("against", "－")
    return (
        f'<span class="gw-word is-{side}" style="--weight:{8 + 32 * share:.0f}%">{sign} {escape(piece)} '
        f"<small>{weight:+.2f}</small></span>"
    )
