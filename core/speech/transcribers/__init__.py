"""Speech to text: the table of transcribers, what a transcript is, and the guards that keep invented words out.

`transcript` holds the shapes, `listening` the way from a recording to transcripts, which all share, and `guards` the
rules that decide whether a reading is believed. Each other file is one recogniser; its `make(settings)` loads nothing.
"""

from core.plugins import Backend
from core.speech.weights import INSTALL

OFF = "off"  # no transcriber, because a person wants none
DEFAULT = "whisper"

TRANSCRIBERS: dict[str, Backend] = {
    "whisper": Backend("core.speech.transcribers.faster:make", ("faster_whisper",), INSTALL),
    "whisper-transformers": Backend(
        "core.speech.transcribers.transformers_whisper:make", ("transformers",), "pip install transformers==5.23.0"
    ),
    "sensevoice": Backend(
        "core.speech.transcribers.sensevoice:make", ("sherpa_onnx",), "pip install sherpa-onnx==2.0.1"
    ),
    "endpoint": Backend("core.speech.transcribers.endpoint:make", ("openai",), "pip install openai==3.52.0"),
}
