"""The picture of a call over time, made from a prediction document."""

from collections.abc import Mapping
from typing import Any

from core.schemes import SCHEMES, Scheme
from core.ui.i18n import _, language
from core.ui.panels.predict import answers
from core.ui.panels.predict.card import segments
from core.ui.widgets import chart_table, charts
from core.ui.widgets.call_chart import Stretch, Words, call_chart


def show(document: Mapping[str, Any], duration_ms: int, key: str) -> None:
    """Draw the running danger curve and one ribbon for each scheme that has one class an utterance."""
    rows = ribbons(document)
    if not rows:
        return
    main = segments.main([scheme.name for scheme, _rows in rows])
    curve = SCHEMES[main] if SCHEMES[main].critical else None
    alarm_ms = document["verdict"].get(main, {}).get("first_alarm_ms")
    words = Words(
        _("Danger as the call unfolds"), _("highest so far"), _("first alarm"), _("seconds"), _("Cannot tell"),
        _("{s} s"),
    )  # fmt: skip
    figure = call_chart(rows, curve, alarm_ms=alarm_ms, duration_ms=duration_ms, language=language(), words=words,
                        ink=charts.text_color())  # fmt: skip
    chart_table.show(figure, _("The call over time"), f"chart-{key}", table=False)  # the utterances are a table


def ribbons(document: Mapping[str, Any]) -> list[tuple[Scheme, list[Stretch]]]:
    """Return the stretches of each scheme, in the order of the schemes; a multi scheme has no ribbon."""
    timed = [utterance for utterance in document["utterances"] if utterance["start_ms"] is not None]
    names = answers.ordered(name for utterance in timed for name in utterance["judgements"])
    return [
        (
            SCHEMES[name],
            [
                Stretch(
                    u["start_ms"],
                    u["end_ms"],
                    judgement["probabilities"],
                    sure=not judgement.get("abstained"),
                    counts=answers.means_something(judgement),
                )
                for u in timed
                if (judgement := u["judgements"].get(name))
            ],
        )
        for name in names
        if name in SCHEMES and SCHEMES[name].kind == "single"
    ]
