"""Measures live prediction on the demo workspace: a call of 60 s, a sentence, a changed text, moved weights.

`python -m bench.predict` builds the demo in a temporary folder and writes a section of RESULTS.md; `--home FOLDER`
takes a demo workspace that is there. The call is made of calls of the demo, whose words are given. A speech recogniser
is measured too where one is installed, with `--speech FILE` on people who speak: none understands the demo's voices.
"""

import argparse
import gc
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from bench.process import timed
from bench.results import quantile, write
from core.audio import Audio, decode
from core.filters import Filter
from core.inference.predictor import Predictor
from core.workflows.predict import predict, why
from core.workflows.predict.judging.spans import Span
from core.workflows.workspace import Workspace, open_workspace

CALL_MS = 60_000
REPEATS = 15
SENTENCES = 1_000
GOAL_S = 2.0


def call_of(ws: Workspace, ms: int = CALL_MS) -> tuple[Audio, list[Span]]:
    """A call of `ms`, made of the recordings of the workspace, with the utterances and texts that were delivered."""
    waves: list[np.ndarray] = []
    spans: list[Span] = []
    at = 0
    turns = [turn for turn in ws.store.corpus.every(Filter()) if turn.recording_id is not None]
    for recording_id in dict.fromkeys(turn.recording_id for turn in turns):
        path = ws.audio_file(recording_id or 0)
        audio = decode(path, path.name)
        for turn in turns:
            if turn.recording_id == recording_id and at + (turn.end_ms or ms) <= ms:
                spans.append(Span(at + (turn.start_ms or 0), at + (turn.end_ms or 0), turn.text, turn.speaker))
        waves.append(audio.wave)
        at += audio.duration_ms
        if at >= ms:
            break
    wave = np.concatenate(waves)[: ms * audio.sample_rate_hz // 1000]
    return replace(audio, wave=wave, duration_ms=len(wave) * 1000 // audio.sample_rate_hz), spans


def seconds(act: Callable[[], object], repeats: int = REPEATS) -> list[float]:
    """How long each of `repeats` calls of `act` took."""
    return [timed(act) / 1000 for _ in range(repeats)]


def shown(took: list[float]) -> str:
    return f"{quantile(took, 0.5) * 1000:,.1f} ms (p95 {quantile(took, 0.95) * 1000:,.1f} ms)"


@contextmanager
def workspace(home: Path | None) -> Iterator[Workspace]:
    """The demo workspace in `home`, or a new one in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GWIDAMA_HOME"] = str(home or folder)
        # In a process of its own: its training would load the libraries whose loading is measured here.
        subprocess.run([sys.executable, "-m", "core", "demo"], check=True, stdout=subprocess.DEVNULL)
        yield open_workspace()


def measured(ws: Workspace) -> list[tuple[str, str]]:
    audio, spans = call_of(ws)
    wav = predict.playable(audio)
    cold = seconds(lambda: predict.warm_up(ws), 1)[0]
    judged = seconds(lambda: predict.predict_audio(ws, audio, "call", segments=spans))
    uploaded = seconds(lambda: predict.predict_audio(ws, wav, "call", segments=spans))
    found = seconds(lambda: predict.predict_audio(ws, wav, "call", transcriber=predict.OFF))
    paint = seconds(lambda: predict.playable(predict.read_audio(wav, "call")))
    document = predict.predict_audio(ws, audio, "call", segments=spans)
    edit = seconds(lambda: predict.judge_again(ws, document, audio, texts={0: f"불이 났어요 {time.perf_counter_ns()}"}))
    weights = seconds(lambda: predict.judge_again(ws, document, audio, weights={"danger": 0.5}))
    texts = [span.text or "" for span in spans if span.text]
    one = seconds(lambda: predict.predict_text(ws, texts[0]), 200)
    many = seconds(lambda: predict.predict_texts(ws, (texts * SENTENCES)[:SENTENCES]), 3)
    run = next(p.run_id for p in predict.predictors(ws) if p.modality == "text")
    why.nearest(ws, texts[0], run)
    near = seconds(lambda: why.nearest(ws, texts[0], run))
    gc.collect()
    copies = sum(type(each) is Predictor for each in gc.get_objects())
    verdict = "met" if quantile(uploaded, 0.95) < GOAL_S else "MISSED"
    return [
        ("models loaded and libraries warm, once a process", f"{cold:.1f} s"),
        (f"a call of {audio.duration_ms // 1000} s with {len(spans)} turns of text, decoded already", shown(judged)),
        ("the same from the bytes of a WAV", f"{shown(uploaded)}; goal {GOAL_S:.0f} s: {verdict}"),
        ("the same without words, turns found by voice activity", shown(found)),
        ("decoding and the WAV that the waveform is drawn from", shown(paint)),
        ("one turn of it edited, judged again", shown(edit)),
        ("the weights of text and voice moved", shown(weights)),
        ("a sentence", shown(one)),
        ("sentences in one batch", f"{SENTENCES / quantile(many, 0.5):,.0f} a second"),
        (f"the {why.NEAREST} nearest training utterances", shown(near)),
        ("copies of models in the process", f"{copies} for {len(predict.predictors(ws))} runs in use"),
        ("memory of the process at most", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024:,} MB"),
    ]  # fmt: skip


def transcribed(ws: Workspace, speech: Path | None) -> list[tuple[str, str]]:
    """The ratio to real time with transcription; says why where it was not measured."""
    audio = predict.read_audio(speech, speech.name) if speech else call_of(ws)[0]
    what = f"judged with transcription, {audio.duration_ms / 1000:.0f} s of {'speech' if speech else 'the demo call'}"
    heard = predict.predict_audio(ws, audio, "call")["transcriber"]
    if heard["state"] != "ok":
        return [(what, f"not measured: {heard['reason'] or 'no speech recogniser in this version'}")]
    took = quantile(seconds(lambda: predict.predict_audio(ws, audio, "call"), 3), 0.5)
    return [(what, f"{took:.1f} s by {heard['name']}: {audio.duration_ms / 1000 / took:.1f} times real time")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, help="a workspace with the demo in it")
    parser.add_argument("--speech", type=Path, help="a recording of people who speak, for the transcription")
    chosen = parser.parse_args()
    with workspace(chosen.home) as ws:
        write(
            "Live prediction",
            "python -m bench.predict",
            measured(ws) + transcribed(ws, chosen.speech),
            "A call is judged by all runs in use: danger and urgency by n-grams, the mood by the voice network. A page "
            'draws from what is decoded once. "Edited" judges only the turn that changed; moved weights need no '
            "model. Medians; nothing of the decoding or judging of another call is kept.",
        )


if __name__ == "__main__":
    main()
