"""Findings on the screen: what each check is called, how one is opened, how its fixes are offered and decided."""

import streamlit as st

from core.quality import Finding
from core.records import Proposal, Utterance
from core.ui import phrases
from core.ui.frame import curator, workspace
from core.ui.i18n import N_, _
from core.ui.panels import proposals
from core.ui.widgets import forms
from core.workflows.cleaning import checks as work
from core.workflows.cleaning import decisions
from core.workflows.cleaning.proposals import counts
from core.workflows.corpus import browse

PAGE_SIZE = 10
UNHEARD = ("missing-file", "unreadable")
ICONS = {"error": "error", "warning": "warning", "info": "info"}
SEVERITIES = {"error": N_("spoils training"), "warning": N_("worth a look"), "info": N_("good to know")}
TITLES = {
    "same-text": N_("Same text again"),
    "same-letters": N_("Same letters, written another way"),
    "near-text": N_("Nearly the same text"),
    "label-conflict": N_("Same text, different labels"),
    "mask-only": N_("Nothing but masks"),
    "empty-text": N_("Empty sentences"),
    "no-letters": N_("Texts without a letter"),
    "untidy-text": N_("Characters out of place"),
    "no-transcript": N_("Voice without a text"),
    "small-class": N_("Classes too small to split"),
    "inverted-times": N_("Ends before it begins"),
    "beyond-audio": N_("Ends after its audio"),
    "overlapping-times": N_("Overlapping utterances"),
    "no-audio": N_("Recordings without audio"),
    "same-audio": N_("Same audio again"),
    "same-length": N_("Suspiciously equal lengths"),
    "mixed-rates": N_("Mixed sample rates"),
    "low-rate": N_("Sample rate below telephone"),
    "missing-file": N_("Audio gone from the disk"),
    "stray-file": N_("Files without a recording"),
    "unreadable": N_("Audio that cannot be decoded"),
    "truncated": N_("Audio that is cut off"),
    "silent": N_("Silent recordings"),
    "silent-span": N_("Silent utterances"),
    "clipped": N_("Clipped recordings"),
    "synthetic": N_("A tone or plain noise"),
    "two-speakers": N_("Two sounds, left and right"),
    "wrong-rate": N_("Another sample rate than imported"),
}


def listing(findings: tuple[Finding, ...]) -> None:
    """The findings, the gravest first, each with a button that opens and closes it; the open one in full."""
    asked = st.query_params.get("finding", "")
    for number, one in enumerate(findings):
        key = _key(one)
        with st.container(border=True):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f":material/{ICONS[one.severity]}: **{one.count:,}** · {forms.plain(title(one))}")
                st.caption(_(SEVERITIES[one.severity]))
                label, wanted = (_("Close"), "") if key == asked else (_("Open"), key)
                st.button(label, key=f"open-{number}", on_click=forms.share, args=("finding", wanted))
            if key == asked:
                opened(one)
                offer(one)


def title(one: Finding) -> str:
    return " · ".join(filter(None, [_(TITLES[one.check]), one.scheme and forms.scheme_title(one.scheme)]))


def opened(one: Finding) -> None:
    """What a finding is about: its rows, as plain text, with sound where there is some."""
    st.text(phrases.shown(one.message))
    if one.count > len(one.ids) and one.ids:
        st.caption(_("The first {n} are shown.").format(n=f"{len(one.ids):,}"))
    if one.level == "scheme":
        st.dataframe(
            [{_("Class"): forms.code_title(one.scheme, c), _("Groups"): n} for c, n in one.numbers.items()],
            hide_index=True,
        )
        return
    number = 1
    if len(one.ids) > PAGE_SIZE:
        number = st.pagination(-(-len(one.ids) // PAGE_SIZE), key=f"rows-{_key(one)}")
    shown = one.ids[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
    if one.level == "file":
        for name in shown:
            st.text(str(name))
    elif one.level == "recording":
        for call_id in shown:
            _recording(int(call_id), phrases.shown(one.details.get(str(call_id), "")), one.check not in UNHEARD)
    else:
        for said in browse.utterances(workspace(), [int(i) for i in shown]):
            _utterance(said, phrases.shown(one.details.get(str(said.id), "")))


def offer(one: Finding) -> None:
    """Making suggestions of a finding, and accepting all that its check has made."""
    if not one.fix:
        st.caption(_("There is no fix to suggest here: it is mended where the data comes from."))
        return
    left, right = st.columns(2)
    if left.button(_("Offer fixes as proposals"), icon=":material/playlist_add_check:", key="offer", width="stretch"):
        with st.spinner(_("Making proposals …")):
            n = work.propose(workspace(), one.check)
        st.session_state["quality_notice"] = _("New proposals: {n}").format(n=f"{n:,}")
        st.rerun()
    waiting = work.waiting(workspace(), one.check)
    label = _("Accept all that wait: {n}").format(n=f"{waiting:,}")
    if right.button(label, icon=":material/done_all:", key="accept_all", disabled=not waiting, width="stretch"):
        bar = st.progress(0.0)

        def tell(_stage: str, n: int, total: int) -> None:
            bar.progress(min(n / max(total, 1), 1.0))

        done = work.accept_all(workspace(), one.check, curator(), tell)
        st.session_state["quality_notice"] = proposals.summary(done)
        st.rerun()
    if notice := st.session_state.pop("quality_notice", ""):
        st.success(notice)


def decide() -> None:
    """The desk for what waits, of one kind at a time: two desks would both hear every key."""
    headings = {work.KIND: _("Proposals to leave out"), work.CLEANING: _("Proposals to mend")}
    made = [kind for kind in headings if any(counts(workspace(), kind).values())]
    if not made:
        return
    kind = made[0]
    if len(made) > 1:
        kind = st.radio(_("Proposals"), made, format_func=lambda one: headings[one], key="desk_kind", horizontal=True)
    st.subheader(headings[kind], anchor=False)
    proposals.desk(kind, details if kind == work.KIND else mended)


def mended(one: Proposal, target: Utterance) -> tuple[str, str, str, dict[str, str]]:
    """The text to be, the text as it stands, note, labels."""
    note = _("mend: {reason}").format(reason=phrases.shown(one.reason))
    after = decisions.as_it_stands(one, target.text) or str(one.payload["text"])
    return after, target.text, note, dict(target.labels)


def details(one: Proposal, target: Utterance) -> tuple[str, str, str, dict[str, str]]:
    """Text, text to compare with, note, labels."""
    note = _("leave out: {reason}").format(reason=phrases.shown(one.reason))
    return target.text, target.text, note, dict(target.labels)


def _key(one: Finding) -> str:
    return ":".join((one.check, one.scheme, one.severity, *map(str, one.ids[:1])))


def _utterance(one: Utterance, detail: str) -> None:
    with st.container(border=True):
        st.text(one.text)
        labels = [forms.code_title(name, code) for name, code in one.labels.items()]
        place = [] if one.start_ms is None else [forms.seconds(one.start_ms)]
        told = [*labels, forms.speaker_title(one.speaker), *place, one.key, detail]
        st.caption(forms.plain(" · ".join(filter(None, told))))
        if one.voice_usable:
            forms.listen(one.id)


def _recording(call_id: int, detail: str, audible: bool) -> None:
    call = browse.recording(workspace(), call_id)
    with st.container(border=True):
        st.text(call.key)
        rate = [f"{call.sample_rate_hz:,} Hz"] if call.sample_rate_hz else []
        st.caption(forms.plain(" · ".join([forms.seconds(call.duration_ms), *rate, *([detail] if detail else [])])))
        if audible and call.path is not None:
            forms.listen_to_recording(call.id)
