"""Speech to text: the table of transcribers, what a transcript is, and the guards that keep invented words out.

`transcript` holds the shapes, `listening` the way from a recording to transcripts, which all share, and `guards` the
rules that decide whether a reading is believed. Each other file is one recogniser; its `make(settings)` loads nothing.
All need faster-whisper: the Silero network in it decides first where somebody speaks.
"""

from core.endpoints import INSTALL as INSTALL_CLIENT
from core.plugins import Backend
from core.speech.weights import INSTALL

OFF = "off"  # no transcriber, because a person wants none
DEFAULT = "whisper"
VAD, AND_VAD = "faster_whisper", " faster-whisper==1.2.1"

TRANSCRIBERS: dict[str, Backend] = {
    "whisper": Backend("core.speech.transcribers.faster:make", (VAD,), INSTALL),
    "whisper-transformers": Backend(
        "core.speech.transcribers.transformers_whisper:make",
        ("transformers", VAD),
        "pip install transformers==5.23.0" + AND_VAD,
    ),
    "sensevoice": Backend(
        "core.speech.transcribers.sensevoice:make", ("sherpa_onnx", VAD), "pip install sherpa-onnx==2.0.1" + AND_VAD
    ),
    "endpoint": Backend("core.speech.transcribers.endpoint:make", ("openai", VAD), INSTALL_CLIENT + AND_VAD),
}
