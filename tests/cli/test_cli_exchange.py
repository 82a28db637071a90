"""core.cli.corpus.exchange: export and its way back, as scripts use them."""

import json
from pathlib import Path

import pytest
from cli_driver import answer, failure, run
from store_data import AT
from workflow_data import import_calls, import_sentences

from core.workflows.snapshots import snapshot
from core.workflows.workspace import Workspace


@pytest.mark.parametrize("verb", ["export", "ingest own", "ingest labelstudio"])
def test_every_verb_takes_json(verb: str) -> None:
    printed = run(*verb.split(), "--help")
    assert printed.exit_code == 0
    assert "--json" in printed.stdout


def test_export_by_format_filter_and_snapshot(ws: Workspace, tmp_path: Path) -> None:
    import_sentences(ws, tmp_path, 60)
    target = tmp_path / "out.parquet"
    assert answer("export", target, "--filter", "danger=위험") == {"file": str(target), "utterances": 30}
    snapshot.create(ws, "s1", "danger")
    n = ws.store.ledger.snapshot("s1").counts["n"]
    target = tmp_path / "auto"
    assert answer("export", target, "--snapshot", "s1", "--format", "autotrain")["utterances"] == n
    assert {path.name for path in target.iterdir()} == {"train.csv", "valid.csv", "test.csv"}
    target = tmp_path / "seeds.csv"
    assert answer("export", target, "--format", "seeds") == {
        "file": str(target), "utterances": 0, "left_out": {"a sentence on its own": 60},
    }  # fmt: skip
    assert "a sentence on its own" in run("export", target, "--format", "seeds").stdout


def test_tags_and_sources_go_out_and_filter(ws: Workspace, tmp_path: Path) -> None:
    import_sentences(ws, tmp_path, 6)
    ws.store.bulk.tag([1, 2], "검토, 나중", "ann", AT)
    (source,) = ws.store.corpus.sources()
    target = tmp_path / "out.jsonl"
    for pairs, n in [(["tag=검토, 나중"], 2), ([f"source={source.name}"], 6), ([f"source={source.id}", "tag=x"], 0)]:
        given = [word for pair in pairs for word in ("--filter", pair)]
        assert answer("export", target, *given)["utterances"] == n
    assert answer("export", target)["utterances"] == 6
    rows = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert [row["_tags"] for row in rows] == ['["검토, 나중"]'] * 2 + [None] * 4
    text = ws.store.corpus.utterance(1).text
    part = text.replace(" ", "")[:4]
    assert answer("search", part, "--filter", "spacing=true", "--filter", "tag=검토, 나중")["utterances"][0]["id"] == 1
    assert answer("search", part, "--filter", "tag=x")["total"] == 0
    assert "more than once" in failure("search", part, "--filter", "text=x")
    assert run("search", part, "--filter", "tag").exit_code == 2


def test_what_export_refuses(ws: Workspace, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    for arguments, line in [
        ([out, "--filter", "mood=x"], "unknown filter key 'mood'; known: text, speaker, origin, chars, danger"),
        ([out, "--filter", "danger=maybe"], "unknown danger class 'maybe'"),
        ([out, "--format", "xls"], "unknown export format 'xls'; known: csv, jsonl"),
        ([out, "--snapshot", "s9"], "no snapshot 's9'; there are: none"),
        ([tmp_path / "a", "--format", "autotrain"], "autotrain needs sides and one label a row: name a snapshot"),
        ([tmp_path, "--format", "hf"], "exists already; a folder is not replaced"),
    ]:
        assert line in failure("export", *arguments)
    wrong = run("export", out, "--filter", "danger", "--json")
    assert (wrong.exit_code, wrong.stdout) == (2, "")
    assert not out.exists()


def test_exports_come_back(ws: Workspace, tmp_path: Path) -> None:
    import_calls(ws, tmp_path, 2)
    for name, verb in (("out.csv", "own"), ("out.json", "labelstudio")):
        assert answer("export", tmp_path / name)["utterances"] == 6
        assert answer("ingest", verb, tmp_path / name) == {
            "added": 0, "known": 6, "notes": {}, "skipped": [], "rejects": None, "proposed": [],
        }  # fmt: skip
    rows = [{"key": "new", "text": "불", "tone": "loud"}, {"text": "불"}]
    (tmp_path / "more.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    result = answer("ingest", "own", tmp_path / "more.jsonl")
    assert (result["added"], result["proposed"]) == (1, ["tone"])
    assert result["skipped"] == [{"where": "more.jsonl, line 2", "reason": "key is missing"}]
    assert "not found" in failure("ingest", "own", tmp_path / "none.csv")
    assert "not found" in failure("ingest", "labelstudio", tmp_path / "none.json")
    assert "1 utterances added" not in run("ingest", "own", tmp_path / "more.jsonl").stdout
