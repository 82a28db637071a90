"""Findings of the quality checks on the screen: list, rows of a finding, fixes as proposals, decisions on them."""

import streamlit as st

from core.messages import Message, SchemeName, Word
from core.quality import Finding
from core.records import Proposal, Revision, Utterance
from core.text.clock import clock
from core.ui import translation
from core.ui.frame import curator, workspace
from core.ui.i18n import N_, _
from core.ui.panels.cleaning import cures, proposals
from core.ui.widgets import asking, forms
from core.workflows.cleaning import checks, decisions
from core.workflows.cleaning.cures import changed_since
from core.workflows.cleaning.proposals import counts
from core.workflows.corpus import browse

PAGE_SIZE = 10
NOT_AUDIBLE = ("missing-file", "unreadable")
ICONS = {"error": "error", "warning": "warning", "info": "info"}
SEVERITIES = {"error": N_("spoils training"), "warning": N_("worth a look"), "info": N_("good to know")}
TITLES = {
    "same-text": N_("Same text again"),
    "same-letters": N_("Same letters, written another way"),
    "near-text": N_("Nearly the same text"),
    "label-conflict": N_("Same text, different labels"),
    "between-sources": N_("Same text in several sources"),
    "between-splits": N_("Same text on several splits"),
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
    "audio-between-sources": N_("Same audio in several sources"),
    "audio-between-splits": N_("Same audio on several splits"),
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
    "same-channels": N_("The same sound left and right"),
    "wrong-rate": N_("Another sample rate than imported"),
}


def show_findings(findings: tuple[Finding, ...]) -> None:
    """Show the findings, worst first, each with a button that opens and closes it; the open one is shown in full."""
    open_key = st.query_params.get("finding", "")
    for number, finding in enumerate(findings):
        key = _key(finding)
        with st.container(border=True):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(
                    f":material/{ICONS[finding.severity]}: **{finding.count:,}** · {forms.plain(title(finding))}"
                )
                st.caption(_(SEVERITIES[finding.severity]))
                label, new_key = (_("Close"), "") if key == open_key else (_("Open"), key)
                st.button(label, key=f"open-{number}", on_click=forms.share, args=("finding", new_key))
            if key == open_key:
                show_finding(finding)
                cures.review(finding, findings, list_title(finding))
                offer_fixes(finding)


def title(finding: Finding) -> str:
    return " · ".join(filter(None, [_(TITLES[finding.check]), finding.scheme and forms.scheme_title(finding.scheme)]))


def list_title(finding: Finding) -> str:
    """Return the title of a list of utterances with this finding, which every reader sees in his language."""
    check = Word(TITLES[finding.check])
    if not finding.scheme:
        return check
    return Message("{check} · {scheme}", check=check, scheme=SchemeName(finding.scheme))


def show_finding(finding: Finding) -> None:
    """Show the rows of a finding as plain text, with a player if there is audio."""
    st.text(translation.translate(finding.message))
    if finding.count > len(finding.ids) and finding.ids:
        st.caption(_("The first {n} are shown.").format(n=f"{len(finding.ids):,}"))
    if finding.level == "scheme":
        st.dataframe(
            [{_("Class"): forms.code_title(finding.scheme, c), _("Groups"): n} for c, n in finding.numbers.items()],
            hide_index=True,
        )
        return
    number = 1
    if len(finding.ids) > PAGE_SIZE:
        number = st.pagination(-(-len(finding.ids) // PAGE_SIZE), key=f"rows-{_key(finding)}")
    page_ids = finding.ids[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
    if finding.level == "file":
        for name in page_ids:
            st.text(str(name))
    elif finding.level == "recording":
        for call_id in page_ids:
            _show_recording(
                int(call_id),
                translation.translate(finding.details.get(str(call_id), "")),
                finding.check not in NOT_AUDIBLE,
            )
    else:
        checked_at = checks.last(workspace()).at.get(finding.check, "")
        changed = changed_since(workspace(), [int(i) for i in page_ids], checked_at)
        for utterance in browse.utterances(workspace(), [int(i) for i in page_ids]):
            detail = translation.translate(finding.details.get(str(utterance.id), ""))
            _show_utterance(utterance, detail, changed.get(utterance.id))


def offer_fixes(finding: Finding) -> None:
    """Show buttons that turn a finding into proposals, and that accept all proposals of its check."""
    if not finding.fix:
        if finding.level != "utterance":
            st.caption(_("There is no fix to suggest here: it is mended where the data comes from."))
        return
    left, right = st.columns(2)
    if left.button(_("Offer fixes as proposals"), icon=":material/playlist_add_check:", key="offer", width="stretch"):
        with st.spinner(_("Making proposals …")):
            n = checks.propose(workspace(), finding.check)
        st.session_state["quality_notice"] = _("New proposals: {n}").format(n=f"{n:,}")
        st.rerun()
    waiting = checks.waiting(workspace(), finding.check)
    label = _("Accept all that wait: {n}").format(n=f"{waiting:,}")
    with right:
        accepts = asking.confirmed(
            label, _("Accept {n} suggestions? One Z takes all of them back.").format(n=f"{waiting:,}"),
            _("Yes, accept {n}").format(n=f"{waiting:,}"), icon=":material/done_all:", key="accept_all",
            disabled=not waiting,
        )  # fmt: skip
    if accepts:
        bar = st.progress(0.0)

        def tell(_stage: str, n: int, total: int) -> None:
            bar.progress(min(n / max(total, 1), 1.0))

        outcome = checks.accept_all(workspace(), finding.check, curator(), tell)
        st.session_state["quality_notice"] = proposals.summary(outcome)
        st.rerun()
    if notice := st.session_state.pop("quality_notice", ""):
        st.success(notice)


def decide() -> None:
    """Show the desk for waiting proposals of one kind: two desks on a page would both react to every key."""
    headings = {checks.KIND: _("Proposals to leave out"), checks.CLEANING: _("Proposals to mend")}
    kinds = [kind for kind in headings if any(counts(workspace(), kind).values())]
    if not kinds:
        return
    kind = kinds[0]
    if len(kinds) > 1:
        if "desk_kind" not in st.session_state and (asked := st.query_params.get("proposals")) in kinds:
            st.session_state["desk_kind"] = asked
        kind = st.radio(
            _("Proposals"), kinds, format_func=lambda name: headings[name], key="desk_kind", horizontal=True
        )
        forms.share("proposals", kind, kinds[0])
    st.header(headings[kind], anchor=False)
    proposals.desk(kind, exclusion_details if kind == checks.KIND else fix_details)


def fix_details(proposal: Proposal, target: Utterance) -> tuple[str, str, str, dict[str, str]]:
    """Return the corrected text, the current text to compare with, a note, the labels."""
    note = _("mend: {reason}").format(reason=translation.translate(proposal.reason))
    after = decisions.text_if_accepted(proposal, target.text) or str(proposal.payload["text"])
    return after, target.text, note, dict(target.labels)


def exclusion_details(proposal: Proposal, target: Utterance) -> tuple[str, str, str, dict[str, str]]:
    """Return the text, the text to compare with, a note, the labels."""
    note = _("leave out: {reason}").format(reason=translation.translate(proposal.reason))
    return target.text, target.text, note, dict(target.labels)


def _key(finding: Finding) -> str:
    return ":".join((finding.check, finding.scheme, finding.severity, *map(str, finding.ids[:1])))


def _show_utterance(utterance: Utterance, detail: str, changed: Revision | None) -> None:
    with st.container(border=True):
        st.text(utterance.text)
        labels = [forms.code_title(name, code) for name, code in utterance.labels.items()]
        place = [] if utterance.start_ms is None else [clock(utterance.start_ms)]
        facts = [*labels, forms.speaker_title(utterance.speaker), *place, detail]
        st.caption(forms.plain(" · ".join(filter(None, facts))), help=forms.plain(utterance.key))
        if utterance.voice_usable:
            forms.listen(utterance.id)
        cures.row(utterance, changed)


def _show_recording(call_id: int, detail: str, audible: bool) -> None:
    call = browse.recording(workspace(), call_id)
    with st.container(border=True):
        st.text(call.key)
        rate = [f"{call.sample_rate_hz:,} Hz"] if call.sample_rate_hz else []
        st.caption(forms.plain(" · ".join([clock(call.duration_ms), *rate, *([detail] if detail else [])])))
        if audible and call.path is not None:
            forms.listen_to_recording(call.id)
