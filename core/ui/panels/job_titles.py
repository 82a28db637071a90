"""What a job is called on the screen: its kind in words, then what it works on."""

import re

from core.records import Job
from core.ui.i18n import N_, _

KINDS = {
    "train": N_("Training"),
    "quality": N_("Quality check"),
    "clean": N_("Cleaning"),
    "augment": N_("Augmentation of texts"),
    "augment-voice": N_("Augmentation of voices"),
    "leakmeter": N_("Leak meter"),
    "label-errors": N_("Search for label errors"),
    "predict-batch": N_("Prediction of many files"),
    "transcribe": N_("Transcription"),
    "pseudo-label": N_("Prediction of what is unlabelled"),
    "pseudo-label-gate": N_("Gate of pseudo-labels"),
}


def job_title(job: Job) -> str:
    """Return the title of `job` in the reader's language; names of recipes and snapshots stay as they are.

    The stored title repeats the kind in English where a job works on nothing that has a name.
    """
    kind = _(KINDS[job.kind]) if job.kind in KINDS else job.kind
    subject = "" if job.title == job.kind else job.title.removeprefix("leak meter · ")
    if files := re.fullmatch(r"(\d+) files", subject):
        subject = _("{n} files").format(n=files[1])
    return f"{kind} · {subject}" if subject else kind
