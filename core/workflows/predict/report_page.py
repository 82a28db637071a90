"""A report of prediction documents as one HTML file to read, send and print: it needs no network and runs no script.

Every text is escaped, because texts and file names are hostile. `translate` turns a `Message`, a scheme or a class into
the reader's language; without it the report is in English. Alarms stand first. What cannot be told is said, with its
reason, and never shown as a class.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from typing import Any

from core.abstention import unjudged
from core.messages import ClassName, Message, SchemeName
from core.schemes import SCHEMES, split_codes
from core.text.clock import clock
from core.workflows.predict.summary import Summary, alarm_scheme, by_risk, critical_probability, is_alarm, summary

Document = Mapping[str, Any]
Translate = Callable[[str], str]
CURVE_PX = (1000, 120)  # width and height of the drawing of a call
STYLE = """
:root { color-scheme: light dark; --ink: light-dark(#16202e, #e6ebf2); --soft: light-dark(#5b6777, #9aa7b8);
  --line: light-dark(#d5dbe3, #334155); --paper: light-dark(#fff, #10151f); --alarm: light-dark(#c81e1e, #ff8080);
  --calm: light-dark(#2563eb, #7aa2ff); --tint: light-dark(#fdecec, #3a1a1d); }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 2rem 1.5rem 3rem; color: var(--ink); background: var(--paper);
  font: 15px/1.55 system-ui, "Noto Sans KR", "Apple SD Gothic Neo", "Malgun Gothic", NanumGothic, sans-serif;
  word-break: keep-all; overflow-wrap: anywhere; }
h1 { font-size: 1.7rem; margin: 0; } h2 { font-size: 1.2rem; margin: 0 0 .6rem; }
p { margin: .3rem 0; } small, .soft { color: var(--soft); }
table { width: 100%; border-collapse: collapse; margin: .8rem 0; font-size: .92rem; }
th { text-align: left; color: var(--soft); font-weight: 600; }
th, td { padding: .4rem .6rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.n, th.n { white-space: nowrap; font-variant-numeric: tabular-nums; }
section { margin-top: 2.2rem; padding-top: 1.2rem; border-top: 2px solid var(--line); }
.cards { display: flex; flex-wrap: wrap; gap: .7rem; margin: .6rem 0; }
.card { flex: 1 1 13rem; border: 1px solid var(--line); border-radius: .5rem; padding: .6rem .9rem; }
.card b { display: block; font-size: 1.35rem; } .card.alarm { border: 2px solid var(--alarm); background: var(--tint); }
.card.alarm b, .alarm-text { color: var(--alarm); font-weight: 700; }
.card.unsure { border-style: dashed; } .unsure-text { font-style: italic; color: var(--soft); }
tr.alarm td { background: var(--tint); }
svg { display: block; width: 100%; height: auto; margin: .6rem 0 .2rem; }
svg .axis { stroke: var(--line); } svg text { fill: var(--soft); font-size: 13px; }
svg .calm { fill: var(--calm); } svg .alarm { fill: var(--alarm); }
svg .unsure { fill: none; stroke: var(--soft); stroke-dasharray: 4 3; }
footer { margin-top: 2.5rem; font-size: .85rem; color: var(--soft); }
@media print { :root { color-scheme: light; } body { max-width: none; padding: 0; font-size: 10.5pt; }
  section { break-before: page; } section:first-of-type { break-before: auto; } tr, .card, svg { break-inside: avoid; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } @page { margin: 16mm; } }
"""


def html(documents: Sequence[Document], made_at: str, language: str = "en", translate: Translate | None = None) -> str:
    """The report of `documents`; `made_at` says when in words, `language` is the code for the reader's browser."""
    say = translate or english
    rows = sorted(
        ((summary(document), document) for document in documents), key=lambda pair: by_risk(pair[0].as_json())
    )
    title = escape(say(Message("Prediction report")))
    made = say(Message("Made on {at}", at=made_at))
    alarms = sum(row.alarm for row, _ in rows)
    counts = say(Message("{n} inputs, {alarms} with an alarm", n=len(rows), alarms=alarms))
    body = "".join(
        (
            f"<h1>{title}</h1><p class='soft'>{escape(made)} · {escape(counts)}</p>",
            _list([row for row, _ in rows], say) if len(rows) > 1 else "",
            *(_section(row, document, say) for row, document in rows),
            f"<footer>{escape(say(_CAVEAT))}</footer>",
        )
    )
    head = f"<meta charset='utf-8'><meta name='viewport' content='width=device-width'><title>{title}</title>"
    head += f"<style>{STYLE}</style>"
    return f"<!doctype html><html lang='{escape(language)}'><head>{head}</head><body>{body}</body></html>"


_CAVEAT = Message(
    "A model said this; a person decides. Probabilities are calibrated on the validation data of each run. "
    "The report holds what was said in the call: handle it as personal data."
)
CANNOT_TELL = Message("Cannot tell")
_SPEAKERS = {"caller": Message("Caller"), "taker": Message("Call taker")}
_MARK = {True: " class=alarm", False: ""}  # of a row of a table


def english(text: str) -> str:
    """A message, or the title of a scheme or class, in English."""
    if isinstance(text, Message) and text.fields:
        fields = {name: english(value) if isinstance(value, str) else value for name, value in text.fields.items()}
        return text.template.format(**fields)
    if isinstance(text, SchemeName) and text in SCHEMES:
        return SCHEMES[text].title("en")
    if isinstance(text, ClassName) and text.scheme in SCHEMES:
        return SCHEMES[text.scheme].label(text).title("en")
    return str(text)


def _list(rows: Sequence[Summary], say: Translate) -> str:
    """The table of all inputs, the riskiest first."""
    titles = (Message("Input"), Message("Risk"), Message("First alarm"), Message("Length"))
    head = "".join(f"<th>{escape(say(title))}</th>" for title in titles)
    body = "".join(
        f"<tr{_MARK[row.alarm]}><td>{escape(row.source)}</td><td class=n>{escape(_risk(row, say))}</td><td class=n>"
        f"{clock(row.first_alarm_ms)}</td><td class=n>{clock(row.duration_ms)}</td></tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _risk(row: Summary, say: Translate) -> str:
    if row.risk is None:
        return say(CANNOT_TELL)
    return f"{say(ClassName(row.risk.scheme, row.risk.code))} {row.risk.value:.0%}"


def _section(row: Summary, document: Document, say: Translate) -> str:
    chosen = alarm_scheme(document)
    verdicts = dict(document.get("call", {})) | dict(document.get("verdict", {}))
    alarm = ""
    if row.first_alarm_ms is not None:
        text = say(Message("First alarm after {time}", time=clock(row.first_alarm_ms)))
        alarm = f"<p class='alarm-text'>{escape(text)}</p>"
    names = sorted(verdicts, key=lambda name: chosen is None or name != chosen.name)
    cards = "".join(_card(name, verdicts[name], say) for name in names)
    curve = _curve(document, chosen.name, say) if chosen else ""
    head = f"<h2>{escape(document['source'])}</h2>{alarm}<div class='cards'>{cards}</div>"
    return f"<section>{head}{curve}{_turns(document, say)}</section>"


def _card(name: str, verdict: Mapping[str, Any], say: Translate) -> str:
    scheme = SCHEMES.get(name)
    alarm = scheme is not None and is_alarm(verdict, scheme)
    kind = "unsure" if verdict.get("abstained") else "alarm" if alarm else ""
    lines = [say(Message("run {run}", run=verdict["run"]))] if verdict["run"] else []
    if recall := _recall(name, verdict.get("recall"), say):
        lines.append(recall)
    small = "".join(f"<p><small>{escape(line)}</small></p>" for line in lines)
    title, answer = escape(say(SchemeName(name))), escape(_answer(name, verdict, say))
    return f"<div class='card {kind}'><small>{title}</small><b>{answer}</b>{_reason(verdict, say)}{small}</div>"


def _recall(name: str, recall: Mapping[str, Any] | None, say: Translate) -> str:
    """The recall of the run for its critical class, with its interval; "" where it is not known."""
    if not recall or recall.get("value") is None or recall.get("low") is None:
        return ""
    return say(
        Message(
            "recall of {name} {value:.0%} ({low:.0%} to {high:.0%}, n = {n})", name=ClassName(name, recall["class"]),
            value=recall["value"], low=recall["low"], high=recall["high"], n=recall["n"],
        )
    )  # fmt: skip


def _answer(name: str, judgement: Mapping[str, Any], say: Translate) -> str:
    if judgement.get("abstained"):
        return say(CANNOT_TELL)
    titles = [say(ClassName(name, code)) for code in split_codes(judgement["label"])]
    return f"{', '.join(titles)} {judgement['confidence']:.0%}"


def _reason(judgement: Mapping[str, Any], say: Translate) -> str:
    reason = judgement.get("reason")
    return f"<p class='unsure-text'>{escape(say(reason))}</p>" if judgement.get("abstained") and reason else ""


def _curve(document: Document, name: str, say: Translate) -> str:
    """The probability of the critical class, a bar for each utterance; "" without times."""
    turns = [u for u in document["utterances"] if u["start_ms"] is not None and u["end_ms"]]
    if not turns:
        return ""
    width, height = CURVE_PX
    last = max(u["end_ms"] for u in turns)
    bars = "".join(_bars(turns, name, width / last, height))
    lines = "".join(f"<line class='axis' x1='0' x2='{width}' y1='{y}' y2='{y}'/>" for y in (1, height / 2, height))
    y = height + 16
    ends = f"<text x='0' y='{y}'>0:00</text><text x='{width}' y='{y}' text-anchor='end'>{clock(last)}</text>"
    caption = say(Message("Probability of {name} over the call", name=ClassName(name, SCHEMES[name].critical)))
    picture = f"<svg viewBox='0 0 {width} {height + 20}' role='img' aria-label='{escape(caption)}'>"
    return f"{picture}{lines}{bars}{ends}</svg><small>{escape(caption)}</small>"


def _bars(turns: Sequence[Mapping[str, Any]], name: str, scale: float, height: int) -> Iterator[str]:
    scheme = SCHEMES[name]
    for turn in turns:
        judgement = turn["judgements"].get(name)
        p = critical_probability(judgement, scheme)
        kind = "unsure" if p is None or (judgement or {}).get("abstained") else "calm"
        kind = "alarm" if is_alarm(judgement, scheme) else kind
        tall = height if p is None else max(2.0, p * height)
        x, wide = turn["start_ms"] * scale, max(2.0, (turn["end_ms"] - turn["start_ms"]) * scale - 1)
        yield f"<rect class='{kind}' x='{x:.1f}' y='{height - tall:.1f}' width='{wide:.1f}' height='{tall:.1f}'/>"


def _turns(document: Document, say: Translate) -> str:
    titles = (Message("Time"), Message("Speaker"), Message("Text"), Message("Judgement"))
    head = "".join(f"<th>{escape(say(title))}</th>" for title in titles)
    chosen = alarm_scheme(document)
    rows = []
    for turn in document["utterances"]:
        alarm = chosen is not None and is_alarm(turn["judgements"].get(chosen.name), chosen)
        when = f"{clock(turn['start_ms'])} – {clock(turn['end_ms'])}" if turn["start_ms"] is not None else ""
        cells, who = "<br>".join(_judged(turn, say)), turn.get("speaker") or ""
        speaker = say(_SPEAKERS[who]) if who in _SPEAKERS else who
        rows.append(
            f"<tr{_MARK[alarm]}><td class=n>{when}</td><td>{escape(speaker)}</td>"
            f"<td>{escape(turn['text'] or '')}</td><td>{cells}</td></tr>"
        )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>" if rows else ""


def _judged(turn: Mapping[str, Any], say: Translate) -> Iterator[str]:
    for name, judgement in turn["judgements"].items():
        answer = f"{say(SchemeName(name))}: {_answer(name, judgement, say)}"
        yield _unsure(answer, judgement.get("reason"), say) if judgement.get("abstained") else escape(answer)
    for name, code in turn.get("abstained", {}).items():
        yield _unsure(f"{say(SchemeName(name))}: {say(CANNOT_TELL)}", unjudged(code, turn["text"]), say)


def _unsure(answer: str, reason: str | None, say: Translate) -> str:
    """What cannot be told, and why."""
    return f"<span class='unsure-text'>{escape(answer + (f' ({say(reason)})' if reason else ''))}</span>"
