"""The tab of recordings: several files at once, the microphone, a call of the demo; one card for each."""

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePath
from zlib import crc32

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.schemes import SCHEMES
from core.ui.frame import guard
from core.ui.i18n import _
from core.ui.panels.predict import calls, judging, sentence
from core.ui.panels.predict.calls import Delivered
from core.ui.panels.predict.card import call_card
from core.ui.panels.predict.options import Options
from core.ui.widgets import drafts, forms
from core.ui.widgets.uploader import limits
from core.workflows.predict import demo_calls


def show(options: Options) -> None:
    """Show the inputs, a card for each recording, and one for each label JSON that came without its recording."""
    delivered, lonely = _inputs()
    calls.keep_only(item.id for item in delivered)
    for item in delivered:
        with guard():  # one bad file leaves the others
            call_card.show(calls.opened(item), options)
    for file in lonely:
        with guard():
            _words_only(file, options)


def _words_only(file: UploadedFile, options: Options) -> None:
    with st.container(border=True):
        st.header(forms.plain(file.name), anchor=False)
        st.caption(_("Judged by its words: drop its recording too, and the voice is judged as well."))
        whole = judging.words(file.getvalue(), file.name, options)
        sentence.show_conversation(whole, key=file.file_id)


def _inputs() -> tuple[list[Delivered], list[UploadedFile]]:
    left, right = st.columns([3, 2])
    files = left.file_uploader(
        _("Recordings (WAV, MP3, M4A, 3GP, AMR, WebM …), several at once; and their 119 label JSON if there is one"),
        type=None, accept_multiple_files=True, max_upload_size=50,
    )  # fmt: skip
    with left:
        limits(50, _("WAV, MP3, M4A, 3GP, AMR, WebM …, JSON"))
    spoken = right.audio_input(_("or speak"), sample_rate=16000)
    titles = {kind: demo_title(kind) for kind in demo_calls.kinds()}
    demo = right.pills(
        _("or hear a call of the demo"), list(titles), key="predict_demo", format_func=titles.__getitem__,
        help=_("Its voices are synthetic (espeak-ng). The recogniser does not understand them, so these calls come "
               "with the words of their label JSON."),
    )  # fmt: skip
    text = _typed([*((file.name, file.size) for file in files), *([("", spoken.size)] if spoken is not None else [])])
    delivered = [_from_demo(demo)] if demo else []
    recordings, lonely = paired(files, text)
    return [*delivered, *_spoken(spoken, text), *recordings], lonely


def _typed(sounds: Sequence[tuple[str, int]]) -> str | None:
    """Return the words of the only recording (its name and size), which a person typed; None for none."""
    if len(sounds) != 1:
        return None
    key = f"predict_transcript-{crc32(repr(sounds[0]).encode('utf-8', 'replace'))}"
    with st.expander(_("I have the words of this recording"), icon=":material/edit_note:"):
        text = st.text_area(
            _("Transcript, if you have one (one line an utterance)"), height=80,
            help=_("Text models judge the transcript; without one the recogniser writes it, or only the voice is "
                   "judged."), key=key,
        )  # fmt: skip
        drafts.keep(key, 0, {"text": key})
    return text.strip() or None


def _from_demo(kind: str) -> Delivered:
    wav, labels = demo_calls.read(kind)
    name = _("Call of the demo: {kind}").format(kind=demo_title(kind))
    return Delivered(f"demo-{kind}", name, lambda: wav, labels, synthetic=True)


def demo_title(kind: str) -> str:
    """Return the title of a kind of emergency in the reader's language."""
    return forms.code_title("disaster", SCHEMES["disaster"].parse(kind))


def _spoken(spoken: UploadedFile | None, text: str | None) -> list[Delivered]:
    if spoken is None:
        return []
    return [Delivered(spoken.file_id, _("Spoken just now"), spoken.getvalue, text=text)]


def paired(files: Sequence[UploadedFile], text: str | None) -> tuple[list[Delivered], list[UploadedFile]]:
    """Pair each recording with the label JSON of its name; a single JSON belongs to a single recording.

    Files arrive without their folders, so a name that several have pairs nothing: words never go to another call.
    Returns the recordings, and the label JSONs that came without one.
    """
    labels = [f for f in files if f.name.lower().endswith(".json")]
    sounds = [f for f in files if not f.name.lower().endswith(".json")]
    of_sounds, of_labels = (Counter(PurePath(f.name).stem for f in some) for some in (sounds, labels))
    by_stem = {PurePath(f.name).stem: f for f in labels}
    found = {
        f.file_id: by_stem[stem] for f in sounds if of_sounds[stem := PurePath(f.name).stem] == of_labels[stem] == 1
    }
    if len(sounds) == len(labels) == 1:
        found = {sounds[0].file_id: labels[0]}
    used = {label.file_id for label in found.values()}
    lonely = [label for label in labels if label.file_id not in used]
    words = text if len(sounds) == 1 else None
    recordings = [
        Delivered(f.file_id, f.name, f.getvalue, label.getvalue() if (label := found.get(f.file_id)) else None, words)
        for f in sounds
    ]
    return recordings, lonely
