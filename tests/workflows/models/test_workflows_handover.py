"""core.workflows.handover: a run leaves as a zip and predicts the same elsewhere; hostile ones are refused whole."""

import json
import shutil
import stat
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from judged_pool import judge
from training_corpus import TELLING
from workflow_data import import_calls, import_sentences, trained

from core import schemes
from core.errors import CheckpointMismatch, Conflict, CoreError, InputError
from core.files import sha256
from core.ingest.run_package import MOST_FILES
from core.workflows.corpus import export as corpus_export
from core.workflows.corpus.schemes import propose, read_bytes, save
from core.workflows.evaluation import evaluate
from core.workflows.handover.export import export_run
from core.workflows.handover.imports import import_run, imported
from core.workflows.handover.model_card import model_card
from core.workflows.imports import aihub119
from core.workflows.models import in_use, runs, train
from core.workflows.predict import predict
from core.workflows.pseudo_labels.pool import open_pool
from core.workflows.snapshots import snapshot
from core.workflows.workspace import Workspace, open_workspace

pytestmark = pytest.mark.integration

WEIGHTS, TARGETS = "model/weights.safetensors", "model/targets.json"
TEXTS = [f"할머니가 {TELLING['danger']}", f"오늘은 {TELLING['normal']}", "불이 났어요 빨리요"]


@pytest.fixture
def other(ws: Workspace, tmp_path: Path) -> Iterator[Workspace]:
    """A second, empty workspace."""
    home = tmp_path / "other"
    yield open_workspace(replace(ws.settings, home=home, database_url=f"sqlite:///{home / 'gwidama.db'}"))
    schemes.publish(None, [])


@pytest.fixture
def package(ws: Workspace, tmp_path: Path) -> Path:
    """The zip of a run."""
    path = tmp_path / "run.zip"
    export_run(ws, trained(ws, tmp_path), path)
    return path


def probabilities(ws: Workspace, run: str) -> np.ndarray:
    judged = [predict.predict_text(ws, text, [run])["utterances"][0]["judgements"] for text in TEXTS]
    return np.array([list(j["danger"]["probabilities"].values()) for j in judged])


def contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


def packed(path: Path, files: dict[str, bytes], folder: str = "run/") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(folder + name, content)
    return path


def changed(files: dict[str, bytes], **documents: Callable[[dict[str, Any]], object]) -> dict[str, bytes]:
    """The files of a package after `documents[name]` changed a JSON document; the list of hashes is left out."""
    new = {name: content for name, content in files.items() if name != "handover.json"}
    for name, change in documents.items():
        document = json.loads(new[f"{name}.json"])
        change(document)
        new[f"{name}.json"] = json.dumps(document).encode()
    return new


def nothing_came(ws: Workspace) -> bool:
    left = [p.name for p in ws.settings.runs.iterdir()] if ws.settings.runs.exists() else []
    return runs.every(ws) == [] and set(left) <= {".import.lock"} and ws.store.schemes.list() == []


def test_a_run_predicts_the_same_in_another_workspace(ws: Workspace, other: Workspace, tmp_path: Path) -> None:
    run = trained(ws, tmp_path)
    before = probabilities(ws, run)
    done = export_run(ws, run, tmp_path / "run.zip")
    assert done["sha256"] == sha256(tmp_path / "run.zip")
    came = import_run(other, tmp_path / "run.zip")
    assert (came.run.id, came.state, came.scheme, came.run.state) == (run, "added", "known", "done")
    assert np.abs(probabilities(other, run) - before).max() < 1e-9
    assert predict.predict_text(other, TEXTS[0])["utterances"][0]["judgements"]["danger"]["chosen"] is False
    assert came.run.metrics == ws.store.ledger.run(run).metrics
    assert import_run(other, tmp_path / "run.zip").state == "known"
    assert import_run(ws, tmp_path / "run.zip").state == "known", "at home, too"
    again = export_run(other, run, tmp_path / "again.zip")
    assert {k: v for k, v in again["files"].items() if k != "handover.json"} == {
        k: v for k, v in done["files"].items() if k != "handover.json"
    }


def test_a_plain_folder_of_a_run_can_be_imported(ws: Workspace, other: Workspace, tmp_path: Path) -> None:
    run = trained(ws, tmp_path)
    import_sentences(ws, tmp_path)
    judge(ws, run)
    pool = ws.run_folder(run) / "pool"
    pool.mkdir(exist_ok=True)
    for number in range(MOST_FILES + 1):  # of a large corpus
        (pool / f"part-{number:06d}.parquet").write_bytes(b"PAR1")
    shutil.copytree(ws.run_folder(run), tmp_path / "copied")
    assert import_run(other, tmp_path / "copied").state == "added"
    assert np.abs(probabilities(other, run) - probabilities(ws, run)).max() < 1e-9
    assert not (other.run_folder(run) / "predictions-pool.parquet").exists()
    assert not (other.run_folder(run) / "pool").exists()
    (tmp_path / "copied" / "model" / "pool").mkdir()  # only the pool of the run itself is left where it is
    (tmp_path / "copied" / "model" / "pool" / "part-000000.parquet").write_bytes(b"PAR1")
    with pytest.raises(CoreError, match=r"model/pool/part-000000\.parquet: is no file of a run"):
        import_run(other, tmp_path / "copied")


def test_a_run_in_a_folder_named_pool_can_be_imported(ws: Workspace, other: Workspace, tmp_path: Path) -> None:
    run = trained(ws, tmp_path)
    shutil.copytree(ws.run_folder(run), tmp_path / "packed" / "pool")
    assert import_run(other, tmp_path / "packed").state == "added"


def test_no_text_and_no_key_of_an_utterance_leaves(ws: Workspace, package: Path) -> None:
    files = contents(package)
    assert set(files) == {
        "card.json", "model/weights.safetensors", "model/targets.json", "metrics.json", "config.toml",
        "history.jsonl", "scheme.toml", "MODEL_CARD.md", "predictions.parquet", "handover.json",
    }  # fmt: skip
    utterances = list(ws.store.corpus.every(evaluate_filter()))
    (package.parent / "p.parquet").write_bytes(files["predictions.parquet"])
    rows = pq.read_table(package.parent / "p.parquet").to_pylist()
    keys = {utterance.key for utterance in utterances}
    assert [row["id"] for row in rows] == list(range(len(rows)))
    assert all(len(row["key"]) == 16 and row["key"] not in keys for row in rows)
    for name, content in files.items():
        assert not any(utterance.text.encode() in content for utterance in utterances), name
        assert str(ws.settings.home).encode() not in content, name


def evaluate_filter() -> Any:
    from core.filters import Filter

    return Filter()


def test_what_needs_the_snapshot_says_that_it_is_not_here(other: Workspace, package: Path) -> None:
    run = import_run(other, package).run
    assert imported(other, run)
    assert snapshot.every(other) == []
    _, metrics = evaluate.report(other, run.id)
    assert metrics["test"]["n"] > 0
    cell = evaluate.cell(other, run.id, "danger", "danger")
    assert cell.mistakes == ()
    assert str(cell.trouble) == f"snapshot {run.snapshot} is not in this workspace: its run was imported without it"
    for needs in (
        lambda: train.plan(other, "text", run.snapshot),
        lambda: corpus_export.deliver(other, "csv", evaluate_filter(), run.snapshot, lambda done, total: None),
    ):
        with pytest.raises(CoreError, match="is not in this workspace: its run was imported without it"):
            needs()


def test_an_imported_run_judges_unlabelled_utterances(other: Workspace, package: Path, tmp_path: Path) -> None:
    run = import_run(other, package).run.id
    import_calls(other, tmp_path / "calls", 1)
    assert judge(other, run) == 3
    assert len(open_pool(other, run, "danger").ids) == 3


def test_an_imported_run_does_not_take_over_from_a_run_trained_here(
    other: Workspace, package: Path, tmp_path: Path
) -> None:
    own = trained(other, tmp_path)
    files = changed(contents(package), card=lambda card: card.update(created_at="2099-01-01T00:00:00+00:00"))
    run = import_run(other, packed(tmp_path / "late.zip", files)).run.id
    assert [item.run.id for item in in_use.serving(other)] == [own]
    in_use.use(other, run, "ann")
    assert [item.run.id for item in in_use.serving(other)] == [run]


def test_another_run_with_the_same_id_is_refused_by_name(other: Workspace, package: Path, tmp_path: Path) -> None:
    run = import_run(other, package).run.id
    before = probabilities(other, run)
    files = changed(contents(package), card=lambda card: card["calibrations"]["danger"].update(temperature=9.0))
    with pytest.raises(Conflict, match=rf"x\.zip: this workspace has another run called {run}"):
        import_run(other, packed(tmp_path / "x.zip", files))
    assert (probabilities(other, run) == before).all()


# --- schemes ---------------------------------------------------------------------------------------------------------

MOOD = b"""
name = "mood"
ko = "\xea\xb8\xb0\xeb\xb6\x84"
level = "utterance"
kind = "single"
[[label]]
code = "normal"
ko = "\xeb\xb3\xb4\xed\x86\xb5"
[[label]]
code = "danger"
ko = "\xeb\x82\x98\xec\x81\xa8"
"""


def of_mood(files: dict[str, bytes]) -> dict[str, bytes]:
    """The package as a run of the workspace's own scheme `mood`."""
    from safetensors.numpy import load, save

    arrays = {name.replace(".danger", ".mood"): array for name, array in load(files[WEIGHTS]).items()}
    made = {WEIGHTS: save(arrays), TARGETS: files[TARGETS].replace(b'"danger",\n', b'"mood",\n', 1)}

    def rename(card: dict[str, Any]) -> None:
        card["targets"][0]["name"] = "mood"
        card["calibrations"] = {"mood": card["calibrations"]["danger"]}
        card["files"] = {name: sha256(content) for name, content in made.items()}

    return changed(files, card=rename) | made | {"scheme.toml": MOOD}


def test_an_unknown_scheme_comes_along_as_proposed(other: Workspace, package: Path, tmp_path: Path) -> None:
    files = of_mood(contents(package))
    came = import_run(other, packed(tmp_path / "mood.zip", files))
    assert (came.scheme, schemes.scheme("mood").state) == ("proposed", "proposed")
    assert predict.predict_text(other, TEXTS[0])["utterances"][0]["judgements"]["mood"]["label"] == "danger"
    with pytest.raises(Conflict, match=f"run {came.run.id} predicts 'mood'; a scheme with a run stays"):
        other.store.schemes.reject("mood", "ann", came.run.started_at)


def test_an_unknown_scheme_without_its_file_is_refused(other: Workspace, package: Path, tmp_path: Path) -> None:
    files = {name: content for name, content in of_mood(contents(package)).items() if name != "scheme.toml"}
    with pytest.raises(
        InputError, match=r"scheme mood is not in this workspace, and the run came without scheme\.toml"
    ):
        import_run(other, packed(tmp_path / "mood.zip", files))
    assert nothing_came(other)


def test_a_scheme_with_other_classes_here_is_refused_with_what_differs(
    other: Workspace, package: Path, tmp_path: Path
) -> None:
    save(other, replace(read_bytes(MOOD, "m"), labels=read_bytes(MOOD, "m").labels[::-1]), "ann")
    wanted = "scheme mood has other classes or another order here. Here: danger, normal. In the run: normal, danger"
    with pytest.raises(InputError, match=wanted):
        import_run(other, packed(tmp_path / "mood.zip", of_mood(contents(package))))
    assert runs.every(other) == []


def test_a_scheme_of_another_level_is_refused(other: Workspace, package: Path, tmp_path: Path) -> None:
    propose(other, "mood", ["normal", "danger"], level="recording")
    with pytest.raises(InputError, match="scheme mood labels each recording here and each utterance in the run"):
        import_run(other, packed(tmp_path / "mood.zip", of_mood(contents(package))))
    assert runs.every(other) == []


# --- hostile packages ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("/etc/card.json", "its name is absolute"),
        ("\\card.json", "its name is absolute"),
        ("run/../../evil.json", r"its name leaves the archive \('\.\.'\)"),
        ("C:/run/x.json", "its name holds a drive letter"),
        ("run/model.pkl", "is no file of a run; weights are read as safetensors only"),
        ("run/pytorch_model.bin", "is no file of a run"),
        ("run/deeper/metrics.json", "lies beside the run or below it"),
        ("elsewhere/notes.json", "lies beside the run or below it"),
    ],
)
def test_a_member_that_no_run_has_refuses_the_package(
    other: Workspace, package: Path, tmp_path: Path, name: str, reason: str
) -> None:
    path = packed(tmp_path / "evil.zip", contents(package))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, b"{}")
    with pytest.raises(InputError, match=reason):
        import_run(other, path)
    assert nothing_came(other)
    assert not (tmp_path / "evil.json").exists()


def test_links_bombs_and_large_files_are_refused(other: Workspace, package: Path, tmp_path: Path) -> None:
    files = contents(package)
    link = packed(tmp_path / "link.zip", {k: v for k, v in files.items() if k != "metrics.json"})
    with zipfile.ZipFile(link, "a") as archive:
        member = zipfile.ZipInfo("run/metrics.json")
        member.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(member, "/etc/passwd")
    with pytest.raises(InputError, match="a link or special file"):
        import_run(other, link)
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("run/card.json", files["card.json"])
        archive.writestr("run/MODEL_CARD.md", b"a" * 21_000_000)
    with pytest.raises(InputError, match="looks like a bomb"):
        import_run(other, bomb)
    large = packed(tmp_path / "large.zip", files | {"MODEL_CARD.md": b"a" * 20_000_001})
    with pytest.raises(InputError, match="20,000,001 bytes, more than the 20,000,000 allowed"):
        import_run(other, large)
    many = packed(tmp_path / "many.zip", {f"{n}.json": b"{}" for n in range(60)})
    with pytest.raises(InputError, match="more than 50 files"):
        import_run(other, many)
    folder = tmp_path / "linked"
    folder.mkdir()
    (folder / "card.json").symlink_to("/etc/passwd")
    with pytest.raises(InputError, match="a link that leaves the folder"):
        import_run(other, folder)
    assert nothing_came(other)


def test_what_is_no_run_is_refused_clearly(other: Workspace, tmp_path: Path) -> None:
    (tmp_path / "hub").mkdir()
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        (tmp_path / "hub" / name).write_bytes(b"{}")
    (tmp_path / "text.zip").write_text("no zip")
    (tmp_path / "empty").mkdir()
    for path, reason in [
        ("hub", r"hub: not a run of Gwidama but a Hugging Face checkpoint \(no card\.json\)"),
        ("text.zip", "text.zip: is neither a zip nor a folder"),
        ("empty", "empty: not a run of Gwidama: expected one card.json, found 0"),
        ("gone.zip", "gone.zip: no such file or folder"),
    ]:
        with pytest.raises(InputError, match=reason):
            import_run(other, tmp_path / path)
    assert nothing_came(other)


def drop(*names: str) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    return lambda files: {k: v for k, v in files.items() if k not in names}


def card(**values: Any) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    return lambda files: changed(files, card=lambda document: document.update(values))


def targets(**values: Any) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    return lambda files: changed(files, card=lambda document: document["targets"][0].update(values))


def metrics(change: Callable[[dict[str, Any]], object]) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    return lambda files: changed(files, metrics=change)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (drop(WEIGHTS, TARGETS), r"model/ is missing; the run is not complete"),
        (lambda f: drop("handover.json", WEIGHTS)(f), r"weights\.safetensors is missing"),
        (drop("metrics.json"), r"metrics\.json is missing"),
        (lambda f: f | {"metrics.json": b"{}"}, r"metrics\.json: is not the file that handover\.json lists"),
        (lambda f: f | {"handover.json": b"{}"}, "is not of the format gwidama-run-1"),
        (lambda f: drop("handover.json")(f) | {"card.json": b"{"}, r"card\.json: is not JSON"),
        (lambda f: drop("handover.json")(f) | {"card.json": b"[]"}, r"card\.json: is not a JSON object"),
        (lambda f: drop("handover.json")(f) | {WEIGHTS: b"x"}, "SHA-256 differs"),
        (lambda f: drop("handover.json")(f) | {"model/more.json": b"{}"}, r"more\.json is no file that card\.json"),
        (card(format=3), "is not a card of format 2"),
        (card(run_id="../evil"), r"run_id is '\.\./evil', which no run has"),
        (card(run_id=".hidden"), "run_id is"),
        (card(run_id=3), "run_id is not a short text"),
        (card(snapshot="![x](http://y)"), "snapshot is"),
        (card(created_at="later"), "created_at is 'later'"),
        (card(modality="smell"), "modality is 'smell', which no run has"),
        (targets(codes=["danger", "normal"]), "scheme danger has other classes or another order here"),
        (targets(codes=[1, 2]), "targets is not a list of targets with their classes"),
        (targets(kind="both"), "targets is not a list of targets with their classes"),
        (targets(kind="multi"), "scheme danger has other classes or another order here"),
        (card(cleaning=[1]), "codes and cleaning are not lists of texts"),
        (card(architecture="nosuch"), "this version has no architecture nosuch"),
        (card(architecture="heads"), "does not fit the configuration"),
        (card(encoder="../../etc passwd"), "encoder is"),
        (card(base={"name": ["x"]}), "base is not a table"),
        (card(files={"../evil.json": "0" * 64}), "files is not a table"),
        (card(calibrations={"danger": {"method": "temperature"}}), "calibration does not hold a temperature"),
        (card(calibrations={}), "calibrations is not a table"),
        (metrics(lambda m: m.pop("test")), "test does not hold the scores of the run's classes"),
        (metrics(lambda m: m["test"].update(n="many")), "test does not hold the scores"),
        (metrics(lambda m: m["test"]["per_class"].pop()), "test does not hold the scores"),
        (metrics(lambda m: m["test"].update(notes=[{"what": "![](http://x)", "classes": []}])), "does not hold"),
        (metrics(lambda m: m["test"]["accuracy"].update(value=float("nan"))), "is not JSON"),
        (metrics(lambda m: m["calibration"].update(n=10**400)), "calibration does not hold"),
        (metrics(lambda m: m.update(environment=["x"])), "environment is not a table"),
    ],
)
def test_a_damaged_run_is_refused_whole(
    other: Workspace, package: Path, tmp_path: Path, damage: Callable[[dict[str, bytes]], dict[str, bytes]], reason: str
) -> None:
    with pytest.raises((InputError, CheckpointMismatch), match=reason):
        import_run(other, packed(tmp_path / "x.zip", damage(contents(package))))
    assert nothing_came(other)


# --- the model card --------------------------------------------------------------------------------------------------


def test_the_model_card_tells_data_split_scores_and_limits(ws: Workspace, tmp_path: Path) -> None:
    run = trained(ws, tmp_path)
    text = model_card(ws, run)
    info = ws.store.ledger.snapshot("s1")
    test = ws.store.ledger.run(run).metrics["test"]
    for wanted in (
        f"# 모델 카드: {run.replace('_', chr(92) + '_')}", info.sha256, "## 데이터", "## 분할", "## 점수", "## 환경",
        f"n = {test['n']:,}, 그룹 {test['n_groups']:,}개", f"| 정확도 | {test['accuracy']['value']:.3f}",
        "같거나 거의 같은 텍스트", "시험 데이터가", "보정했습니다", "- sentences: ours", "python 3.", "numpy ",
        "귀담아 ",
    ):  # fmt: skip
        assert wanted in text, wanted


def test_hostile_names_stay_text_in_the_model_card(ws: Workspace, tmp_path: Path) -> None:
    aihub119.ingest_sentences(
        ws, Path(shutil.copy(_sentences(tmp_path), tmp_path / "evil.csv")), "a|b <script>", "![x](http://y)\n# big"
    )
    snapshot.create(ws, "s1", "danger")
    spec = train.plan(ws, "danger-text", "s1")
    train.run(ws, spec)
    text = model_card(ws, spec.run_id)
    assert "- a\\|b \\<script\\>: \\!\\[x\\]\\(http://y\\) \\# big" in text


def _sentences(folder: Path) -> Path:
    from workflow_data import sentence_file

    return sentence_file(folder / "plain.csv")


def test_a_run_that_is_not_finished_is_not_handed_over(ws: Workspace, tmp_path: Path) -> None:
    import_sentences(ws, tmp_path)
    snapshot.create(ws, "s1", "danger")
    run = train.plan(ws, "danger-text", "s1")
    train._put_run(ws, run, "s1", "failed")
    with pytest.raises(InputError, match="is not finished; it cannot be handed over"):
        export_run(ws, run.run_id, tmp_path / "x.zip")
    with pytest.raises(InputError, match="is not finished; it has no model card yet"):
        model_card(ws, run.run_id)
    assert not (tmp_path / "x.zip").exists()
