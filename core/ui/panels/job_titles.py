"""What a job and a recipe are called on the screen, what the state of a job is called, and why it failed, in words."""

import re

from core.messages import Message
from core.records import Job
from core.ui.i18n import N_, _
from core.ui.translation import translate

KINDS = {
    "import": N_("Import"),
    "train": N_("Training"),
    "quality": N_("Quality check"),
    "clean": N_("Cleaning"),
    "augment": N_("Augmentation of texts"),
    "augment-voice": N_("Augmentation of voices"),
    "leakmeter": N_("Leak meter"),
    "label-errors": N_("Search for label errors"),
    "predict-batch": N_("Prediction of many files"),
    "transcribe": N_("Transcription"),
    "letter-errors": N_("Measurement of letter errors"),
    "pseudo-label": N_("Prediction of what is unlabelled"),
    "pseudo-label-gate": N_("Gate of pseudo-labels"),
    "map": N_("Map of the corpus"),
    "demo": N_("Preparing the demo"),
}
RECIPES = {
    "audio-class": N_("Class of a sound"),
    "both": N_("Any scheme, text and voice"),
    "danger-text": N_("Danger, text"),
    "emotion-selftrain": N_("Emotion, text, self-training"),
    "emotion-text": N_("Emotion, text"),
    "emotion-voice": N_("Emotion, voice"),
    "text": N_("Any scheme, text"),
    "urgency-crossmodal": N_("Urgency, text and voice"),
    "urgency-text": N_("Urgency, text"),
    "voice": N_("Any scheme, voice"),
}
JOB_STATES = {
    "queued": N_("queued"),
    "running": N_("running"),
    "done": N_("done"),
    "failed": N_("failed"),
    "cancelled": N_("cancelled"),
}
# The name of the class of an unexpected error, as the worker writes it in front of the error's own text.
UNEXPECTED = re.compile(r"[A-Z]\w*(Error|Exception|Iteration|Interrupt|Exit): ?.*", re.DOTALL)
NO_MEMORY = ("MemoryError", "OutOfMemoryError")


def job_title(job: Job) -> str:
    """Return the title of `job` in the reader's language; names that people gave stay as they are.

    The stored title repeats the kind in English where a job works on nothing that has a name.
    """
    kind = _(KINDS[job.kind]) if job.kind in KINDS else job.kind
    subject = "" if job.title == job.kind else job.title.removeprefix("leak meter · ")
    if files := re.fullmatch(r"(\d+) files", subject):
        subject = _("{n} files").format(n=files[1])
    recipe, dot, rest = subject.partition(" · ")
    subject = f"{recipe_title(recipe)}{dot}{rest}"
    return f"{kind} · {subject}" if subject else kind


def recipe_title(name: str) -> str:
    """Return what a recipe of the program is called in the reader's language; another recipe keeps its name."""
    return _(RECIPES[name]) if name in RECIPES else name


def is_unexpected(job: Job) -> bool:
    """Return whether a job failed by an error that the program did not foresee; its text is technical then."""
    error = job.error or ""
    return not isinstance(error, Message) and UNEXPECTED.fullmatch(error) is not None


def failure(job: Job) -> str:
    """Return why a job failed, in words of the reader's language, as plain text."""
    error = job.error or ""
    if error.startswith(NO_MEMORY):
        return _("The memory of this machine was not enough. Close other programs or choose less data, then try again.")
    if is_unexpected(job):
        return _("It stopped by an error that was not foreseen. What it stored before is kept. Try again; if it stops "
                 "again, hand the technical details to whoever runs this server.")  # fmt: skip
    return translate(error) if error else _("It stopped, and no reason was written down.")
