"""The model card of a run: a Korean text that says what the run learned from, how it was scored and where it is weak.

It is Markdown. What comes from data (names, licences, class titles) is escaped, so that it stays text. An imported run
keeps the card that came with it.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.errors import CheckpointMismatch, InputError
from core.ingest.run_package import MODEL_CARD
from core.records import RunInfo, SnapshotInfo, Source
from core.runs.card import Card, read_card
from core.runs.environment import environment
from core.runs.folder import RunFolder
from core.schemes import Scheme, scheme
from core.schemes.target import Target
from core.snapshots.format import Snapshot, read
from core.snapshots.freeze import RARE
from core.workflows.evaluation.scored import under
from core.workflows.workspace import Workspace

SIDES = {"train": "학습", "validation": "검증", "test": "시험"}
MODALITIES = {"text": "텍스트", "voice": "음성", "both": "텍스트와 음성"}
INPUTS = {
    "text": "같거나 거의 같은 텍스트와 같은 녹음은 한 데이터에만 있습니다.",
    "voice": "같은 사람과 같은 소리는 한 데이터에만 있습니다. 같은 텍스트는 여러 데이터에 있을 수 있습니다.",
    "both": "같거나 거의 같은 텍스트와 같은 녹음은 한 데이터에만 있습니다.",
}
SCORES = {"accuracy": "정확도", "macro_f1": "매크로 F1", "weighted_f1": "가중 F1"}
SHOWN_CHARS = 100_000  # of a card on a page: an imported one may have any length
FEW_TESTED = 30  # a class with fewer test items has a score that says little


@dataclass(frozen=True, slots=True)
class Facts:
    """What a card tells. `snapshot` and `frozen` are None where the snapshot cannot be read, `trouble` says why."""

    run: RunInfo
    card: Card
    metrics: Mapping[str, Any]
    snapshot: SnapshotInfo | None
    frozen: Snapshot | None
    sources: tuple[Source, ...]
    trouble: str = ""


def model_card(ws: Workspace, run_id: str) -> str:
    """The card of a finished run, as Markdown. `InputError` for a run that is not finished."""
    run = ws.store.ledger.run(run_id)
    if run.state != "done":
        raise InputError("run {run_id} is not finished; it has no model card yet", run_id=run_id)
    delivered = ws.run_folder(run_id) / MODEL_CARD
    if delivered.is_file():
        return delivered.read_text(encoding="utf-8", errors="replace")
    return "\n".join(_lines(facts(ws, run))) + "\n"


def facts(ws: Workspace, run: RunInfo) -> Facts:
    """Collect what the card tells, from the run, its snapshot and the sources of the snapshot's utterances."""
    folder = RunFolder(ws.run_folder(run.id))
    card, metrics = read_card(folder.path), folder.metrics()
    entry = next((info for info in ws.store.ledger.snapshots() if info.name == run.snapshot), None)
    if entry is None:
        return Facts(run, card, metrics, None, None, (), "스냅샷이 이 작업 공간에 없습니다")
    try:
        frozen = read(ws.snapshot_folder(entry.name))
    except CheckpointMismatch as error:
        return Facts(run, card, metrics, entry, None, (), str(error))
    if frozen.sha256 != card.snapshot_sha256:
        return Facts(run, card, metrics, entry, None, (), "폴더에 다른 스냅샷이 있습니다")
    used = {utterance.source_id for utterance in ws.store.corpus.utterances([item.id for item in frozen.items])}
    sources = tuple(source for source in ws.store.corpus.sources() if source.id in used)
    return Facts(run, card, metrics, entry, frozen, sources)


def _lines(about: Facts) -> Iterator[str]:
    yield f"# 모델 카드: {escaped(about.run.id)}"
    views = [_under(about, target) for target in about.card.targets]
    yield from _model(about)
    yield from _data(about)
    for view in views:
        yield from _classes(view, scheme(view.run.scheme))
    yield from _split(about)
    yield from _scores(views)
    yield from _limits(about, views)
    yield from _origin(about)


def _under(about: Facts, target: Target) -> Facts:
    """The facts about one Target: its scores, its counts of classes, its calibration."""
    run = under(about.run, target.name)
    card = replace(about.card, targets=(target,), calibrations={target.name: about.card.calibrations[target.name]})
    metrics = {**about.metrics, **about.metrics.get("targets", {}).get(target.name, {})}
    info = about.snapshot
    if info is not None:
        info = replace(info, counts={**info.counts, **info.counts.get("targets", {}).get(target.name, {})})
    return replace(about, run=run, card=card, metrics=metrics, snapshot=info)


def _model(about: Facts) -> Iterator[str]:
    card = about.card
    yield ""
    yield f"- 학습 방법: `{card.recipe}`, 인코더: `{card.encoder}`, 읽는 것: {MODALITIES[card.modality]}"
    for target in card.targets:
        chosen = scheme(target.name)
        classes = ", ".join(f"{escaped(chosen.label(code).ko)}(`{code}`)" for code in target.codes)
        yield f"- 라벨 체계: {escaped(chosen.ko)}(`{target.name}`). 클래스 순서: {classes}"
    if card.base:
        licence = escaped(str(card.base.get("licence") or "")) or "적혀 있지 않습니다"
        yield f"- 사전 학습 모델: `{escaped(str(card.base.get('name', '')))}`, 라이선스: {licence}"
    yield f"- 텍스트 정제: {escaped(', '.join(card.cleaning)) or '없음'}"
    yield f"- 설정: {', '.join(escaped(f'{name}={value}') for name, value in card.config.items())}"
    yield f"- 만든 시각: {card.created_at}, 가중치 SHA-256: `{card.weights_sha256}`"


def _data(about: Facts) -> Iterator[str]:
    yield ""
    yield "## 데이터"
    yield ""
    yield f"- 스냅샷: `{escaped(about.card.snapshot)}`, 내용 해시 SHA-256: `{about.card.snapshot_sha256}`"
    if about.trouble:
        yield f"- 스냅샷의 내용을 읽을 수 없습니다: {escaped(about.trouble)}"
    if about.snapshot is None:
        return
    counts = about.snapshot.counts
    unit = "통화" if counts.get("unit") == "call" else "발화"
    yield f"- {unit} {counts['n']:,}개, 그중 골드 라벨 {counts['gold']:,}개"
    yield from _lineage(about.card)


def _lineage(card: Card) -> Iterator[str]:
    """Which rounds of pseudo-labels the run learnt from, with the runs that made them."""
    if own := card.lineage.get("selftraining"):
        yield (
            f"- 자기 학습 {own['round']}회차의 학생 모델: 스냅샷 `{escaped(str(own['snapshot']))}`에서 시작했고, "
            f"교사는 `{escaped(str(own['teacher']))}`입니다."
        )
    for made in card.lineage.get("rounds", ()):
        if made["round"] is None:
            run = made["run"] and escaped(str(made["run"]))
            maker = f"`{run}`의 예측을 하나씩 수락한" if run else "어느 모델이 붙였는지 모르는"
            yield f"- 의사라벨 {made['n']:,}개: {maker} 것으로, 사람이 붙인 라벨이 아닙니다."
            continue
        yield (
            f"- 의사라벨 {made['n']:,}개(회차 {made['round']}): `{escaped(str(made['run']))}`의 예측을 수락한 것으로, "
            f"사람이 붙인 라벨이 아닙니다. 가중치: {escaped(str(made['weight']))}"
        )


def _classes(about: Facts, chosen: Scheme) -> Iterator[str]:
    """How many items of each class are on each side."""
    if about.snapshot is None:
        return
    counts = about.snapshot.counts
    yield ""
    titles = [escaped(chosen.label(code).ko) for code in about.card.codes]
    yield f"| {escaped(chosen.ko)} | {' | '.join(titles)} |"
    yield "|---|" + "---|" * len(titles)
    for side, classes in counts["sides"].items():
        yield f"| {SIDES[side]} | {' | '.join(f'{classes.get(code, 0):,}' for code in about.card.codes)} |"


def _split(about: Facts) -> Iterator[str]:
    yield ""
    yield "## 분할"
    yield ""
    groups = about.snapshot.counts["report"].get("groups_by_side", {}) if about.snapshot else {}
    if groups:
        yield f"- 그룹 수: {', '.join(f'{SIDES[side]} {n:,}' for side, n in groups.items())}"
    yield "- 어떤 그룹도 학습 데이터와 검증·시험 데이터에 나뉘어 있지 않습니다."
    if about.frozen is not None:
        yield f"- {INPUTS[about.frozen.inputs]}"


def _scores(views: Sequence[Facts]) -> Iterator[str]:
    yield ""
    yield "## 점수"
    if views[0].metrics.get("unfair_test"):
        yield from _refused(views[0].metrics["unfair_test"])
        return
    for view in views:
        chosen = scheme(view.run.scheme)
        yield from ["", f"### {escaped(chosen.ko)}"] if len(views) > 1 else []
        yield from _scores_of(view, chosen)


def _refused(mark: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    if mark["n"] is None:
        yield "의사라벨을 만든 모델이 시험 데이터를 보았는지 알 수 없어서 점수를 적지 않습니다."
    else:
        yield (
            f"의사라벨을 만든 모델이 시험 데이터 {mark['of']:,}개 가운데 {mark['n']:,}개를 이미 보았으므로 점수를 적지 "
            "않습니다."
        )


def _scores_of(about: Facts, chosen: Scheme) -> Iterator[str]:
    test = about.metrics["test"]
    yield ""
    drawn = "대괄호는 그룹을 다시 뽑아 구한 95% 신뢰구간입니다."
    yield f"시험 데이터 n = {test['n']:,}, 그룹 {test['n_groups']:,}개. {drawn}"
    yield ""
    yield "| 점수 | 값 |"
    yield "|---|---|"
    for key, title in SCORES.items():
        yield f"| {title} | {_score(test[key])} |"
    yield ""
    yield "| 클래스 | n | 재현율 | 정밀도 | F1 |"
    yield "|---|---|---|---|---|"
    for row in test["per_class"]:
        values = " | ".join(_score(row[key]) for key in ("recall", "precision", "f1"))
        yield f"| {escaped(chosen.label(row['code']).ko)} | {row['n']:,} | {values} |"
    if calls := about.metrics.get("by_recording"):
        yield ""
        yield f"통화별(n = {calls['n']:,}): 정확도 {_score(calls['accuracy'])}, 매크로 F1 {_score(calls['macro_f1'])}"
    for part, scores in about.metrics.get("ablation", {}).items():
        yield ""
        yield f"{MODALITIES[part]}만 읽을 때: 매크로 F1 {_score(scores['macro_f1'])}"
    calibration = about.card.calibration
    yield ""
    yield (
        f"확신도는 {SIDES[calibration.fitted_on]} 데이터(n = {calibration.n:,})에서 온도 {calibration.temperature:.3f}"
        f"로 보정했습니다. ECE는 보정 전 {calibration.ece_before:.3f}, 보정 후 {calibration.ece_after:.3f}입니다."
    )


def _limits(about: Facts, views: Sequence[Facts]) -> Iterator[str]:
    yield ""
    yield "## 알려진 한계"
    yield ""
    few = [line for view in views for line in _few(view, scheme(view.run.scheme))]
    lines = [*few, *_leaks(about), *_unusual(about)]
    yield from lines or ["- 숫자로 드러난 한계는 없습니다. 학습 데이터와 다른 데이터의 점수는 알 수 없습니다."]


def _few(about: Facts, chosen: Scheme) -> Iterator[str]:
    sides = about.snapshot.counts["sides"] if about.snapshot else {}
    for code in about.card.codes:
        if sides and (n := sides["train"].get(code, 0)) < RARE:
            yield f"- {escaped(chosen.label(code).ko)}: 학습 데이터가 {n}개뿐입니다."
    for row in about.metrics["test"]["per_class"]:
        if row["n"] < FEW_TESTED:
            name = escaped(chosen.label(row["code"]).ko)
            yield f"- {name}: 시험 데이터가 {row['n']}개뿐이라 이 클래스의 점수를 믿기 어렵습니다."
        if row["n"] and not row["recall"]["value"]:
            yield f"- {escaped(chosen.label(row['code']).ko)}: 시험 데이터에서 하나도 맞히지 못했습니다."


def _leaks(about: Facts) -> Iterator[str]:
    if persons := about.metrics.get("persons_on_several_sides"):
        yield f"- 화자 {persons}명이 여러 데이터에 있습니다. 음성으로 잰 점수는 실제보다 높습니다."
    if official := about.metrics.get("official"):
        yield "- 공개된 분할을 따랐습니다. 그 분할의 결함이 점수에 들어 있습니다."
        if official["did"] == "keep" and (n := official["train"] + official["validation"]):
            yield f"- 공개된 분할에서 뒤의 데이터와 겹치는 항목 {n:,}개를 그대로 두었습니다."


def _unusual(about: Facts) -> Iterator[str]:
    report = about.snapshot.counts["report"] if about.snapshot else {}
    if (conflicts := report.get("conflicts")) and conflicts["texts"]:
        yield f"- 같은 텍스트 {conflicts['texts']:,}개에 서로 다른 클래스가 붙어 있었습니다({conflicts['rows']:,}행)."
    if about.frozen is not None and (n := Counter(item.gold for item in about.frozen.items)[False]):
        yield f"- 골드가 아닌 항목 {n:,}개(기계가 붙인 라벨, 증강한 변형)가 학습 데이터에 있습니다."


def _origin(about: Facts) -> Iterator[str]:
    recorded = about.metrics.get("environment")
    yield ""
    yield "## 환경"
    yield ""
    yield f"- 귀담아 {escaped(about.card.code_version)}"
    if not recorded:
        yield "- 학습할 때의 환경은 기록되지 않았습니다. 아래는 이 카드를 만든 환경입니다."
    yield f"- {', '.join(escaped(f'{name} {number}') for name, number in (recorded or environment()).items())}"
    yield ""
    yield "## 출처와 라이선스"
    yield ""
    for source in about.sources:
        yield f"- {escaped(source.name)}: {escaped(source.licence) or '라이선스가 적혀 있지 않습니다'}"
    if not about.sources:
        yield "- 스냅샷을 읽을 수 없어 출처를 적지 못했습니다."


def _score(score: Mapping[str, float | None]) -> str:
    value, low, high = score["value"], score["low"], score["high"]
    if value is None:
        return "–"
    return f"{value:.3f}" if low is None or high is None else f"{value:.3f} [{low:.3f}, {high:.3f}]"


def escaped(text: str) -> str:
    """`text` on one line, with every character escaped that means something in Markdown or HTML.

    >>> escaped("a|b ![x](http://y)<b>")
    'a\\\\|b \\\\!\\\\[x\\\\]\\\\(http://y\\\\)\\\\<b\\\\>'
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return re.sub(r"([\\`*_{}\[\]()<>#!|~&])", r"\\\1", line)
