"""Embeddings of voices: `python -m bench.embed [--clips 36] [--size large|base]`.

The seed's way (wav2vec2, one utterance at a time, float32, mean over frames) and ours (in float32, bf16 and int8) embed
the same utterances in turns. bf16, in masked batches of like length, pays where the processor has AMX or on a graphics
card; int8, an utterance at a time, on other processors with VNNI. The network has the true size of
kresnik/wav2vec2-large-xlsr-korean (24 layers x 1024, 315 million parameters) and random weights, since no hub is
reachable here; speed does not depend on the weights. An utterance is some spoken digits of one speaker (FSDD), 0.6 to
4 s long. Then Whisper's encoder, if its weights are installed: a window of 30 s a clip against the windows in use.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import results

SPOKEN = Path(__file__).resolve().parents[2] / "shared" / "data" / "fsdd" / "recordings"
SHORTEST_S, LONGEST_S = 0.6, 4.0
SIZES = {"large": (24, 1024, 16, 4096), "base": (12, 768, 12, 3072)}
TURNS = 3
PRECISIONS = ("float32", "bf16", "int8")

Waves = list[NDArray[np.float32]]
Way = Callable[[Waves], NDArray[np.float32]]


def utterances(count: int) -> Waves:
    """`count` utterances of 0.6 to 4 s, float32, 16 kHz: digits of one speaker, one after the other."""
    from core.audio.gate import decode

    rng = np.random.default_rng(0)
    speakers = sorted({path.stem.split("_")[1] for path in SPOKEN.glob("*.wav")})
    made: Waves = []
    while len(made) < count:
        files = sorted(SPOKEN.glob(f"*_{speakers[len(made) % len(speakers)]}_*.wav"))
        samples = rng.uniform(SHORTEST_S, LONGEST_S) * 16_000
        digits: Waves = []
        while sum(map(len, digits)) < samples:
            path = files[int(rng.integers(len(files)))]
            digits.append(decode(path, path.name).wave)
        made.append(np.concatenate(digits)[: int(samples)])
    return made


def save_encoder(folder: Path, size: str) -> int:
    """Save a wav2vec2 of a true size with random weights; its number of parameters."""
    import torch
    from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2Model

    torch.manual_seed(0)
    layers, hidden, heads, inner = SIZES[size]
    config = Wav2Vec2Config(
        num_hidden_layers=layers, hidden_size=hidden, num_attention_heads=heads, intermediate_size=inner,
        feat_extract_norm="layer", do_stable_layer_norm=True, conv_bias=True, layerdrop=0.0,
    )  # fmt: skip
    model = Wav2Vec2Model(config)
    model.save_pretrained(folder)
    Wav2Vec2FeatureExtractor(do_normalize=True, return_attention_mask=True).save_pretrained(folder)
    return sum(parameter.numel() for parameter in model.parameters())


def seed_way(folder: Path) -> Way:
    """One utterance at a time, float32, the mean over its frames, as the seed's notebook does it."""
    import torch
    from transformers import Wav2Vec2FeatureExtractor, Wav2Vec2Model

    extractor = Wav2Vec2FeatureExtractor.from_pretrained(folder)
    model: Any = Wav2Vec2Model.from_pretrained(folder).eval()

    def vectors(waves: Waves) -> NDArray[np.float32]:
        with torch.no_grad():
            rows = [
                model(**extractor(wave, sampling_rate=16_000, return_tensors="pt")).last_hidden_state.mean(dim=1)
                for wave in waves
            ]
        return np.asarray(torch.cat(rows).numpy(), np.float32)

    return vectors


def in_turns(ways: dict[str, Way], waves: Waves) -> tuple[dict[str, list[float]], dict[str, NDArray[np.float32]]]:
    """Processor seconds of every turn, and the vectors, by way; each way runs once before the clock starts."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    made: dict[str, NDArray[np.float32]] = {}
    for way in ways.values():
        way(waves[:2])
    for _ in range(TURNS):
        for name, way in ways.items():
            start = time.process_time()
            made[name] = way(waves)
            seconds[name].append(time.process_time() - start)
    return seconds, made


def shown(seconds: dict[str, list[float]], plain: str, names: dict[str, str], sound_s: float) -> list[tuple[str, str]]:
    """Rows with the rate of every way, and the ratio of each to the way `plain`."""
    rows = []
    for name, title in names.items():
        rate = sound_s / float(np.median(seconds[name]))
        rows.append((title, f"{rate:.1f} x real time ({np.median(seconds[name]):.1f} s)"))
    for name, title in names.items():
        if name != plain:
            ratios = [a / b for a, b in zip(seconds[plain], seconds[name], strict=True)]
            turns = ", ".join(f"{ratio:.2f}" for ratio in ratios)
            rows.append((f"{title}, ratio", f"{np.median(ratios):.2f} times (turns: {turns})"))
    return rows


def wav2vec2_rows(waves: Waves, size: str) -> list[tuple[str, str]]:
    """The seed's way against ours, with a network of a true size."""
    import torch

    from core.speech import precision, wav2vec2

    torch.set_num_threads(1)  # processor seconds of one thread: other work on the machine moves them least
    with tempfile.TemporaryDirectory() as folder:
        parameters = save_encoder(Path(folder), size)
        ways: dict[str, Way] = {"seed": seed_way(Path(folder))}
        for name in PRECISIONS:
            ways[name] = partial(_embedded, wav2vec2.load.__wrapped__(folder, name))
        seconds, made = in_turns(ways, waves)
    names = {"seed": "one by one, float32 (the seed)"} | {name: f"ours, {name}" for name in PRECISIONS}
    return [
        ("network", f"wav2vec2-{size}, {parameters / 1e6:.0f} million parameters, random weights"),
        ("precision that `auto` tries here", precision.likely("auto")),
        *shown(seconds, "seed", names, sum(map(len, waves)) / 16_000),
        *((f"cosine of {name} with the seed's, lowest / mean", same(made["seed"], made[name])) for name in PRECISIONS),
    ]


def same(one: NDArray[np.float32], other: NDArray[np.float32]) -> str:
    """The cosine of the rows of two tables, lowest / mean."""
    cosine = (one * other).sum(axis=1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)
    return f"{cosine.min():.5f} / {cosine.mean():.5f}"


def _embedded(encoder: Any, waves: Waves) -> NDArray[np.float32]:
    """The pooled vectors by a loaded encoder."""
    from core.speech import wav2vec2

    return wav2vec2.embedded(waves, encoder).pooled


def whisper_rows(waves: Waves) -> list[tuple[str, str]]:
    """A window of 30 s a clip against the windows in use."""
    from core.settings import settings
    from core.speech import weights, whisper

    if not weights.installed(settings()):
        return [("Whisper", f"not measured, its weights are not installed: {weights.INSTALL}")]
    used = whisper.window_s

    def plain(clips: Waves) -> NDArray[np.float32]:
        whisper.window_s = lambda samples: whisper.LONGEST_S
        try:
            return whisper.vectors(clips)
        finally:
            whisper.window_s = used

    seconds, made = in_turns({"plain": plain, "ours": whisper.vectors}, waves)
    names = {"plain": "Whisper base int8, a window of 30 s a clip", "ours": "Whisper base int8, the windows in use"}
    return [
        *shown(seconds, "plain", names, sum(map(len, waves)) / 16_000),
        ("cosine of the two, lowest / mean", same(made["plain"], made["ours"])),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=16)
    parser.add_argument("--size", choices=SIZES, default="large")
    given = parser.parse_args()
    waves = utterances(given.clips)
    rows = wav2vec2_rows(waves, given.size) + whisper_rows(waves[: max(6, given.clips // 3)])
    lengths = np.array([len(wave) for wave in waves]) / 16_000
    note = (
        f"{len(waves)} utterances of {lengths.min():.1f} to {lengths.max():.1f} s, {lengths.sum():.0f} s in all "
        f"(Whisper: the first {max(6, given.clips // 3)}); {TURNS} turns, medians, one thread, processor seconds. "
        "`auto` takes bf16 on a graphics card or a processor with AMX, int8 on one with VNNI if a trial keeps the "
        "vectors, else float32."
    )
    command = f"python -m bench.embed --clips {given.clips} --size {given.size}"
    results.write("Embeddings of voices", command, rows, note)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
