"""core.workflows.corpus.schemes: files, limits of proposed schemes, and that each process knows new schemes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import BadRecord, Conflict, InputError, NotEnoughData, UnknownName
from core.records import NewUtterance, SnapshotInfo
from core.schemes import SCHEMES
from core.schemes.files import to_toml
from core.settings import ROOT
from core.workflows.corpus import schemes
from core.workflows.models import train
from core.workflows.overview.summary import overview
from core.workflows.review import desk
from core.workflows.snapshots import snapshot
from core.workflows.workspace import Workspace, open_workspace

AT = "2026-01-01T00:00:00+00:00"
MOOD = """
name = "mood"
ko = "기분"

[[label]]
code = "good"
ko = "좋음"

[[label]]
code = "bad"
ko = "나쁨"
"""
MORE = '\n[[label]]\ncode = "none"\nko = "없음"\n'


def toml(path: Path, text: str = MOOD) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def add(ws: Workspace, *texts: str, **labels: str) -> None:
    source = ws.store.corpus.add_source("s", "test", "ours", "0", AT)
    ws.store.corpus.add_sentences(source, [NewUtterance(text, text, text, labels=labels) for text in texts], AT)


# --- files -----------------------------------------------------------------------------------------------------------


def test_a_file_is_added_and_grows(ws: Workspace, tmp_path: Path) -> None:
    made = schemes.save(ws, schemes.read_file(toml(tmp_path / "mood.toml")), "ann")
    assert (made.codes, made.state) == (("good", "bad"), "active")
    again = schemes.save(
        ws, schemes.read_file(toml(tmp_path / "mood.toml", MOOD.replace("좋음", "아주 좋음") + MORE)), "ann"
    )
    assert SCHEMES["mood"] == again
    assert [x.ko for x in again.labels] == ["아주 좋음", "나쁨", "없음"]
    with pytest.raises(InputError, match="class 'none' of place 3 is gone"):
        schemes.save(ws, schemes.read_file(toml(tmp_path / "mood.toml")), "ann")
    assert schemes.write_file("mood", tmp_path / "out.toml") == again
    assert schemes.read_file(tmp_path / "out.toml") == again
    assert schemes.write_file("danger", tmp_path / "danger.toml") == SCHEMES["danger"]
    with pytest.raises(Conflict, match="scheme 'danger' comes with Gwidama and stays as it is; choose another name"):
        schemes.save(ws, schemes.read_file(tmp_path / "danger.toml"), "ann")


def test_the_use_of_a_scheme_says_how_much_and_who_made_it(ws: Workspace) -> None:
    assert schemes.use(ws, "danger").made is None
    schemes.save(ws, schemes.read_bytes(MOOD.encode(), "mood.toml"), "ann")
    add(ws, "가", "나", mood="good")
    add(ws, "다")
    use = schemes.use(ws, "mood")
    assert (use.counts["targets"], use.counts["labelled"], use.counts["good"], use.counts["bad"]) == (3, 2, 2, 0)
    assert use.made is not None
    assert (use.made.created_by, use.made.version) == ("ann", 1)
    schemes.save(ws, schemes.read_bytes((MOOD + MORE).encode(), "mood.toml"), "ben")
    grown = schemes.use(ws, "mood")
    assert grown.made is not None
    assert (grown.made.created_by, grown.made.version, grown.counts["none"]) == ("ann", 2, 0)


def test_what_cannot_be_read_is_named(ws: Workspace, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.toml: cannot be read: No such file"):
        schemes.read_file(tmp_path / "none.toml")
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        schemes.read_file(tmp_path)
    with pytest.raises(InputError, match=r"기분\.toml: is not UTF-8 \(byte 21\); TOML always is"):
        schemes.read_bytes(MOOD.encode("cp949"), "기분.toml")
    with pytest.raises(BadRecord, match=r"기분\.toml, label 2, code: 'good' is the code of two classes"):
        schemes.read_bytes(MOOD.replace('"bad"', '"good"').encode(), "기분.toml")
    with pytest.raises(InputError, match="cannot be written: No such file or directory"):
        schemes.write_file("danger", tmp_path / "no" / "where.toml")


# --- proposed --------------------------------------------------------------------------------------------------------


def test_found_values_are_proposed_reviewed_and_confirmed(ws: Workspace) -> None:
    made = schemes.propose(ws, "기분", ["좋다", "나쁘다"])
    assert (made.name, made.codes, made.state, made.kind) == ("기분", ("좋다", "나쁘다"), "proposed", "single")
    assert overview(ws).next_steps == ("import",)
    add(ws, "하나", "둘", 기분=made.parse("좋다"))
    assert overview(ws).next_steps[0] == "schemes"
    assert ws.store.corpus.progress()["기분"]["좋다"] == 2
    ann = desk.Desk("ann", ("기분",), "all")
    (card,) = desk.take(ws, ann, 1)
    desk.decide(ws, ann, card.utterance.id, card.utterance.version, {"기분": "나쁘다"})
    way_out = "only proposed: look at its classes and confirm it .*`python -m core schemes confirm 기분`"
    with pytest.raises(InputError, match=way_out):
        snapshot.create(ws, "s1", "기분")
    with pytest.raises(Conflict, match="ann has labelled under '기분'"):
        schemes.reject(ws, "기분", "bob")
    assert schemes.confirm(ws, "기분", "bob").state == "active"
    assert SCHEMES["기분"].state == "active"
    assert snapshot.create(ws, "s1", "기분", "50/50/0").counts["n"] == 2
    with pytest.raises(InputError, match="scheme 기분 is settled already"):
        schemes.confirm(ws, "기분", "bob")
    with pytest.raises(UnknownName, match="unknown scheme of this workspace 'meh'; known: 기분"):
        schemes.confirm(ws, "meh", "bob")


def test_training_refuses_a_snapshot_of_a_scheme_that_is_not_settled_or_not_its_own(ws: Workspace) -> None:
    schemes.propose(ws, "topic", ["a", "b"], multi=True)
    ws.store.ledger.add_snapshot(SnapshotInfo("s1", "topic", "0", AT, {}))
    with pytest.raises(InputError, match="scheme topic is only proposed"):
        train.plan(ws, "danger-text", "s1")
    schemes.confirm(ws, "topic", "ann")
    with pytest.raises(InputError, match="recipe danger-text learns danger, the snapshot holds topic"):
        train.plan(ws, "danger-text", "s1")
    with pytest.raises(NotEnoughData, match="snapshot s2: no labelled item is left to freeze under scheme topic"):
        snapshot.create(ws, "s2", "topic")


def test_a_proposed_scheme_grows_and_a_settled_one_makes_way(ws: Workspace) -> None:
    assert schemes.propose(ws, "danger", ["정상", "DANGER"]) is SCHEMES["danger"]
    other = schemes.propose(ws, "danger", ["정상", "모름"])
    assert (other.name, other.codes) == ("danger-2", ("정상", "모름"))
    assert schemes.propose(ws, "danger", ["새것"]).codes == ("정상", "모름", "새것")
    schemes.confirm(ws, "danger-2", "ann")
    assert schemes.propose(ws, "danger", ["모름"]).name == "danger-2"
    assert schemes.propose(ws, "danger", ["더 새것"]).name == "danger-3"
    assert schemes.propose(ws, "danger", ["정상"], multi=True).name == "danger-4", "another kind"
    assert schemes.propose(ws, "urgency", ["상"], level="recording").name == "urgency"
    assert schemes.propose(ws, "urgency", ["상"]).name == "urgency-2", "another level"
    assert schemes.propose(ws, "tags", {"나", "가", "다"}, multi=True).parse("다|가") == "가|다"
    assert SCHEMES["danger"].codes == ("normal", "danger")


def test_what_cannot_be_proposed_is_named(ws: Workspace) -> None:
    with pytest.raises(InputError, match="scheme x: no value was found to make a class of"):
        schemes.propose(ws, "x", ["", "  "])
    with pytest.raises(InputError, match="'두 낱말' is no name"):
        schemes.propose(ws, "두 낱말", ["a"])
    with pytest.raises(InputError, match=r"300 different values, .* is this a column of labels"):
        schemes.propose(ws, "x", map(str, range(300)))
    with pytest.raises(InputError, match=r"holds \'\|\'"):
        schemes.propose(ws, "x", ["a|b"], multi=True)
    assert ws.store.schemes.list() == []
    with pytest.raises(Conflict, match="scheme 'danger' comes with Gwidama and stays"):
        schemes.reject(ws, "danger", "ann")


def test_a_proposed_scheme_stays_proposed_when_its_titles_are_mended(ws: Workspace) -> None:
    made = schemes.propose(ws, "x", ["a"])
    changed = schemes.change(
        ws, schemes.read_bytes(to_toml(made).replace('ko = "x"', 'ko = "제목"').encode(), "x.toml"), "ann"
    )
    assert (changed.ko, changed.state, SCHEMES["x"].ko) == ("제목", "proposed", "제목")


# --- every process ---------------------------------------------------------------------------------------------------

LISTENER = """
import sys
from core.schemes import SCHEMES
from core.workflows.workspace import open_workspace
for line in sys.stdin:
    open_workspace()
    one = SCHEMES.get(line.strip())
    print(None if one is None else f"{one.state} {' '.join(one.codes)}", flush=True)
"""


@pytest.mark.slow
def test_a_process_that_started_earlier_sees_what_another_one_added(ws: Workspace, tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", LISTENER], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None

        def ask(name: str) -> str:
            other.stdin.write(f"{name}\n")  # type: ignore[union-attr]
            other.stdin.flush()  # type: ignore[union-attr]
            return other.stdout.readline().strip()  # type: ignore[union-attr]

        assert ask("mood") == "None"
        schemes.propose(ws, "mood", ["good"])
        assert ask("mood") == "proposed good"
        schemes.propose(ws, "mood", ["bad"])
        assert ask("mood") == "proposed good bad"
        command = [sys.executable, "-m", "core", "schemes", "confirm", "mood", "--json"]
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        assert json.loads(result.stdout)["state"] == "active"
        assert ask("mood") == "active good bad"
        assert SCHEMES["mood"].state == "proposed", "this process has not looked yet"
        open_workspace()
        assert SCHEMES["mood"].state == "active"
        schemes.propose(ws, "gone", ["a"])
        assert ask("gone") == "proposed a"
        schemes.reject(ws, "gone", "ann")
        assert ask("gone") == "None"
