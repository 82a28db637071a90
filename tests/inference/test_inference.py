import json
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save
from training_corpus import TELLING, danger_items, danger_snapshot, text_spec, voice_snapshot, voice_spec

from core.audio import cut, decode
from core.errors import CheckpointMismatch, InputError, NotEnoughData
from core.files import sha256
from core.inference.predictor import Predictor, cached, load
from core.models.values import Sample
from core.runs.folder import read_predictions
from core.snapshots.format import read
from core.training.engine import train

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    danger_snapshot(home / "snapshots" / "d1")
    voice_snapshot(home, home / "snapshots" / "v1", recordings=16)
    train(text_spec(home, "text"), lambda progress: None)
    train(voice_spec(home, "voice", epochs="3"), lambda progress: None)
    return home


@pytest.fixture
def text(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained / "runs" / "text", tmp_path / "text"))


@pytest.fixture(scope="module")
def voice(trained: Path) -> Predictor:
    return load(trained / "runs" / "voice")


def waves_of(home: Path, n: int = 6) -> list[np.ndarray]:
    items = [i for i in read(home / "snapshots" / "v1").items if i.speaker == "caller"][:n]
    return [cut(decode(home / str(i.audio), "t").wave, 16_000, i.start_ms or 0, i.end_ms or 0) for i in items]


def test_it_says_what_it_is(text: Path, voice: Predictor) -> None:
    predictor = load(str(text))
    assert (predictor.run_id, predictor.scheme, predictor.modality) == ("text", "danger", "text")
    assert predictor.codes == ("normal", "danger")
    assert (voice.scheme, voice.modality) == ("sentiment", "voice")
    assert len(voice.codes) == 4


def test_it_judges_as_training_did(trained: Path, voice: Predictor) -> None:
    predictor = load(trained / "runs" / "text")
    texts = {i.id: i.text for i in read(trained / "snapshots" / "d1").items}
    rows = read_predictions(trained / "runs" / "text")
    np.testing.assert_allclose(predictor.predict_texts([texts[r["id"]] for r in rows]), [r["probs"] for r in rows])
    items = {i.id: i for i in read(trained / "snapshots" / "v1").items}
    rows = read_predictions(trained / "runs" / "voice")
    waves = [
        cut(decode(trained / str(items[r["id"]].audio), "t").wave, 16_000, items[r["id"]].start_ms or 0,
            items[r["id"]].end_ms or 0)
        for r in rows
    ]  # fmt: skip
    np.testing.assert_allclose(voice.predict_waves(waves), [r["probs"] for r in rows], atol=1e-5)


def test_one_at_a_time_equals_all_at_once(text: Path, trained: Path, voice: Predictor) -> None:
    predictor = load(text)
    texts = [i.text for i in danger_items(12, seed=8)]
    together = predictor.predict_texts(texts)
    assert together.shape == (12, 2)
    np.testing.assert_allclose(together.sum(axis=1), 1)
    np.testing.assert_allclose(np.vstack([predictor.predict_texts([t]) for t in texts]), together, atol=1e-5)
    waves = waves_of(trained)
    many = voice.predict_waves(waves)
    assert many.shape == (6, 4)
    np.testing.assert_allclose(np.vstack([voice.predict_waves([w]) for w in waves]), many, atol=1e-5)
    assert predictor.predict_texts([]).shape == (0, 2)
    assert voice.predict_waves([]).shape == (0, 4)


def test_texts_are_cleaned_as_the_card_says_and_calibrated(text: Path) -> None:
    predictor = load(text)
    plain, dirty = "어머니가 쓰러졌어요 지금", "\ufeff어머니가   쓰러졌어요\u200b\n지금 "
    np.testing.assert_array_equal(predictor.predict_texts([dirty]), predictor.predict_texts([plain]))
    raw = np.exp(predictor.model.logits([plain])["danger"])[0]
    t = predictor.card.calibration.temperature
    assert t != 1
    np.testing.assert_allclose(predictor.predict_texts([plain])[0], raw ** (1 / t) / (raw ** (1 / t)).sum())
    for empty in ("", "  \n", "\u200b"):
        with pytest.raises(InputError, match="empty after cleaning"):
            predictor.predict_texts(["불이야", empty])


def test_explain_names_the_telling_word(text: Path) -> None:
    contributions = load(text).explain(f"버스에서  친구가 {TELLING['danger']}\n")
    assert contributions[0][0] in TELLING["danger"]
    assert contributions[0][1] > 0


def test_the_wrong_modality_is_refused(text: Path, voice: Predictor) -> None:
    with pytest.raises(InputError, match="run text judges text, it was given voice"):
        load(text).predict_waves([np.zeros(16_000, dtype=np.float32)])
    for call in (lambda: voice.predict_texts(["불이야"]), lambda: voice.explain("불이야")):
        with pytest.raises(InputError, match="run voice judges voice, it was given text"):
            call()
    with pytest.raises(NotEnoughData):
        voice.predict_waves([np.zeros(0, dtype=np.float32)])


def edit(folder: Path, **changes: object) -> None:
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps(card | changes, ensure_ascii=False))


WEIGHTS = "model/weights.safetensors"


def target(codes: Sequence[str], name: str = "danger") -> dict[str, object]:
    return {"name": name, "codes": [*codes], "kind": "single", "level": "utterance"}


def put_weights(folder: Path, data: bytes) -> None:
    """Replace the weights of a run, and their hash in its card."""
    (folder / WEIGHTS).write_bytes(data)
    edit(folder, files=json.loads((folder / "card.json").read_text())["files"] | {WEIGHTS: sha256(data)})


@pytest.mark.parametrize("name", ["card.json", WEIGHTS, "model/targets.json"])
def test_a_missing_file_is_named(text: Path, name: str) -> None:
    (text / name).unlink()
    with pytest.raises(CheckpointMismatch, match=f"{name} is missing"):
        load(text)


@pytest.mark.parametrize("name", [WEIGHTS, "model/targets.json"])
def test_changed_files_are_refused(text: Path, name: str) -> None:
    data = bytearray((text / name).read_bytes())
    data[-1] ^= 1
    (text / name).write_bytes(bytes(data))
    with pytest.raises(CheckpointMismatch, match=f"{name} .*SHA-256 differs"):
        load(text)


def test_a_file_that_the_card_does_not_name_is_refused(text: Path) -> None:
    (text / "model" / "tokenizer.json").write_text("{}")
    with pytest.raises(CheckpointMismatch, match=r"tokenizer\.json is no file that card\.json describes"):
        load(text)
    (text / "model" / "tokenizer.json").unlink()
    edit(text, files={"../card.json": "0" * 64})
    with pytest.raises(CheckpointMismatch, match="lies outside the run"):
        load(text)


def test_changed_codes_are_refused(text: Path) -> None:
    calibrations = json.loads((text / "card.json").read_text())["calibrations"]
    edit(text, targets=[target(["danger", "normal"])])
    with pytest.raises(CheckpointMismatch, match="are not those of scheme danger"):
        load(text)
    edit(text, targets=[target(["danger", "normal"], "of-ours")], calibrations={"of-ours": calibrations["danger"]})
    with pytest.raises(CheckpointMismatch, match="trained for other classes"):
        load(text)
    edit(text, targets=[target(["normal"])], calibrations=calibrations)
    with pytest.raises(CheckpointMismatch, match="trained for other classes"):
        load(text)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 99}, "not a card of format 2"),
        ({"calibrations": {"danger": {"method": "guess"}}}, "odd field"),
        ({"calibrations": {}}, "odd field"),
        ({"targets": []}, "odd field"),
        ({"surplus": 1}, "odd field"),
        ({"architecture": "bert"}, "this version has no architecture bert"),
        ({"architecture": "conv-bilstm"}, "does not fit the configuration"),
        ({"config": {"min_n": 9}}, "min_n 9"),
    ],
)
def test_an_odd_card_is_refused(text: Path, changes: dict[str, object], message: str) -> None:
    edit(text, **changes)
    with pytest.raises(CheckpointMismatch, match=message):
        load(text)
    (text / "card.json").write_text("{half")
    with pytest.raises(CheckpointMismatch, match="is not JSON"):
        load(text)


def test_weights_of_another_shape_are_refused(text: Path) -> None:
    arrays = load_file(text / WEIGHTS)
    arrays["coef.danger"] = arrays["coef.danger"][:, 1:].copy()
    put_weights(text, save(arrays))
    with pytest.raises(CheckpointMismatch, match="do not fit 2 classes"):
        load(text)


def test_weights_that_are_no_safetensors_are_refused(text: Path) -> None:
    put_weights(text, b"\x80\x04K\x01.")
    with pytest.raises(CheckpointMismatch, match="does not fit the configuration"):
        load(text)


def test_a_run_of_card_format_1_gives_what_it_gave(text: Path) -> None:
    """The folder as version 0.1.0 wrote it: one scheme, weights beside the card, scheme and classes in their header."""
    predictor = load(text)
    sentences = [item.text for item in danger_items(12, seed=8)]
    before = predictor.predict_texts(sentences)
    card = json.loads((text / "card.json").read_text())
    arrays = {name.removesuffix(".danger"): array for name, array in load_file(text / WEIGHTS).items()}
    data = save(arrays, metadata={"classes": json.dumps(["danger", "normal", "danger"])})
    shutil.rmtree(text / "model")
    (text / "weights.safetensors").write_bytes(data)
    new = ("architecture", "targets", "calibrations", "files", "preset", "base")
    old = {name: value for name, value in card.items() if name not in new} | {
        "format": 1, "scheme": "danger", "codes": ["normal", "danger"], "weights_sha256": sha256(data),
        "calibration": card["calibrations"]["danger"],
    }  # fmt: skip
    (text / "card.json").write_text(json.dumps(old))
    again = load(text)
    np.testing.assert_array_equal(again.predict_texts(sentences), before)
    assert again.explain("친구가 쓰러졌어요")
    assert (again.card.architecture, again.card.format, again.card.weights_sha256) == ("ngram", 1, sha256(data))
    data = save(arrays, metadata={"classes": json.dumps(["danger", "danger", "normal"])})
    (text / "weights.safetensors").write_bytes(data)
    (text / "card.json").write_text(json.dumps(old | {"weights_sha256": sha256(data)}))
    with pytest.raises(CheckpointMismatch, match="trained for other classes"):
        load(text)


def test_cached_until_the_card_changes(text: Path) -> None:
    first = cached(text)
    assert cached(str(text)) is first
    edit(text, created_at="later")
    assert cached(text).card.created_at == "later"
    (text / "card.json").unlink()
    with pytest.raises(CheckpointMismatch, match=r"card\.json is missing"):
        cached(text)


def change_card(folder: Path, **changes: object) -> None:
    card = json.loads((folder / "card.json").read_text("utf-8")) | changes
    (folder / "card.json").write_text(json.dumps(card), "utf-8")


def test_the_card_holds_where_the_run_cannot_tell(text: Path, trained: Path) -> None:
    predictor = load(text)
    rows = [row for row in read_predictions(text) if row["side"] == "validation"]
    held = predictor.card.limits
    assert (held["level"], held["fitted_on"], held["korean"], held["operating_points"]) == (0.9, "validation", True, {})
    right = sorted(row["probs"][("normal", "danger").index(row["gold"])] for row in rows)
    threshold = right[len(right) - int(np.ceil((len(right) + 1) * 0.9))]
    assert held["sets"] == {"danger": {"n": len(rows), "threshold": pytest.approx(threshold)}}
    assert (held["unfamiliar"]["by"], held["unfamiliar"]["n"]) == ("pairs", len(rows))
    assert 0.5 <= held["unfamiliar"]["threshold"] <= 0.9
    assert predictor.limits.thresholds == {"danger": pytest.approx(threshold)}
    texts = [item.text for item in read(trained / "snapshots" / "d1").items if item.side == "test"]
    assert [predictor.refuses(plain) for plain in texts] == [None] * len(texts)
    refused = [predictor.refuses(plain) for plain in ("🔥🔥", "ㅋㅋㅋ", "hello", "꿻뛟 쀍쑓퐗")]
    assert refused == ["empty", "empty", "not_korean", "unfamiliar"]


def test_a_run_of_an_earlier_version_gets_its_limits_from_its_folder(text: Path) -> None:
    fitted = load(text).limits
    change_card(text, limits={})
    computed = load(text).limits
    assert computed.thresholds == {"danger": pytest.approx(fitted.thresholds["danger"])}
    assert (computed.fitted_on, computed.farthest, computed.known) == ("default", 0.8, fitted.known)
    (text / "predictions.parquet").unlink()
    assert load(text).limits.thresholds == {}


@pytest.mark.parametrize("limits", [{"level": 1}, {"level": "x"}, {"level": 0.9, "sets": []}, "no"])
def test_limits_that_no_card_has_are_refused(text: Path, limits: object) -> None:
    change_card(text, limits=limits)
    with pytest.raises(CheckpointMismatch, match=r"card\.json lacks or has an odd field"):
        load(text)


def test_an_operating_point_of_the_card_is_the_alarm(text: Path) -> None:
    assert load(text).limits.operating_points.get("danger") is None
    change_card(text, limits={**load(text).card.limits, "operating_points": {"danger": 0.3}})
    assert load(text).limits.operating_points.get("danger") == 0.3
    assert load(text).limits.operating_points.get("urgency") is None


def test_a_voice_far_from_those_of_the_training_is_refused(trained: Path, voice: Predictor) -> None:
    waves = waves_of(trained)
    probs, codes = voice.assess([Sample("", wave) for wave in waves])
    np.testing.assert_allclose(probs["sentiment"], voice.predict_waves(waves))
    assert codes == [None] * len(waves)
    near = replace(voice, limits=replace(voice.limits, farthest=0.0))
    distance = voice.model.distance  # type: ignore[attr-defined]
    far = distance(near._prepared([Sample("", wave) for wave in waves]))
    assert near.assess([Sample("", wave) for wave in waves])[1] == [None if far is None else "unfamiliar"] * len(waves)


def test_many_threads_share_one_copy_of_a_run(text: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        copies = set(map(id, pool.map(cached, [text] * 32)))
    assert len(copies) == 1
