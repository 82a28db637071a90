"""The titles of operations on texts and voices, and of reasons, in the reader's language."""

from core.records.derivation import VOICE
from core.ui import translation
from core.ui.i18n import N_, _
from core.workflows.augment.making import REASONS

OPERATIONS = {
    "synonym-replacement": N_("Synonyms"),
    "random-insertion": N_("Random insertion"),
    "random-swap": N_("Random swap"),
    "random-deletion": N_("Random deletion"),
    "punctuation-insertion": N_("Punctuation insertion"),
    "register-change": N_("Endings and register"),
    "dialect": N_("Dialect"),
    "transcription-noise": N_("Errors as of speech recognition"),
    "koeda-sr": N_("Synonyms by koeda"),
    "koeda-ri": N_("Random insertion by koeda"),
    "koeda-rs": N_("Random swap by koeda"),
    "koeda-rd": N_("Random deletion by koeda"),
    "koeda-eda": N_("Four operations in turn, by koeda"),
    "koeda-aeda": N_("Punctuation insertion by koeda"),
    "llm": N_("Language model"),
}
VOICES = {
    "speed": N_("Speed"),
    "pitch": N_("Pitch"),
    "gain": N_("Loudness"),
    "telephone": N_("Telephone band"),
    "noise": N_("Noise"),
    "reverberation": N_("Reverberation"),
    "specaugment": N_("Holes in time and frequency (SpecAugment)"),
}


def operation_title(name: str) -> str:
    """The title of an operation; an unknown one, of an earlier program, keeps its name."""
    if name.startswith(VOICE):
        return voice_title(name.removeprefix(VOICE))
    return _(OPERATIONS[name]) if name in OPERATIONS else name


def voice_title(name: str) -> str:
    """The title of a transform of voices, or of several joined by `+`."""
    return " + ".join(_(VOICES[part]) if part in VOICES else part for part in name.split("+"))


def reason_title(code: str) -> str:
    """Why a candidate was refused, or why a person should look at it."""
    return translation.translate(REASONS[code]) if code in REASONS else code
