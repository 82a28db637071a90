"""라벨 체계 / Schemes: classes, keys and colours; add or extend a scheme, confirm or reject a proposed one."""

import streamlit as st

from core import ui
from core.schemes import SCHEMES, Scheme
from core.schemes.files import to_toml
from core.ui import _
from core.ui.panels.corpus import guideline_editor, scheme_editor
from core.ui.widgets import forms
from core.ui.widgets.uploader import limits
from core.workflows.corpus import schemes as scheme_store


def choose() -> Scheme:
    """Return the chosen scheme. Proposed schemes come first in the list: they wait for a person."""
    names = sorted(SCHEMES, key=lambda name: SCHEMES[name].state != "proposed")
    if (from_address := st.query_params.get("scheme")) in names and "scheme" not in st.session_state:
        st.session_state["scheme"] = from_address
    if st.session_state.get("scheme") not in names:
        st.session_state["scheme"] = names[0]
    name = st.selectbox(_("Scheme"), names, format_func=lambda n: f"{forms.scheme_title(n)} · {n}", key="scheme")
    st.query_params["scheme"] = name
    return SCHEMES[name]


def show(scheme: Scheme, use: scheme_store.SchemeUse) -> None:
    counts = use.counts
    facts = [
        _("a label of {level}").format(level=_(scheme_editor.LEVELS[scheme.level])),
        _(scheme_editor.KINDS[scheme.kind]),
    ]
    facts.append(_("{n} labelled").format(n=f"{counts['labelled']:,}"))
    if (saved := use.made) is not None:
        text = _("made by {who} on {when}, changes since: {n}")
        when = forms.minute(saved.created_at, "%Y-%m-%d")
        facts.append(text.format(who=forms.plain(saved.created_by), when=when, n=saved.version - 1))
    else:
        facts.append(_("bundled"))
    st.caption(" · ".join(facts))
    scheme_editor.preview(scheme, f"preview-{scheme.name}")
    st.dataframe(
        [
            {"#": n, _("Code"): label.code, _("Korean title"): label.ko, _("English title"): label.en,
             _("Key"): label.key.upper(), _("Labelled"): counts[label.code],
             _("Other spellings"): [a for a, code in scheme.aliases if code == label.code]}
            for n, label in enumerate(scheme.labels)
        ],
        hide_index=True,
    )  # fmt: skip
    st.download_button(
        _("Take out as TOML"), to_toml(scheme), f"{scheme.name}.toml", "application/toml", icon=":material/download:"
    )


def settle(scheme: Scheme) -> None:
    """Show the buttons that confirm or reject a proposed scheme."""
    st.info(_("Made from values found in data. Look at its classes, mend titles below, then confirm it: until then it "
              "can be reviewed, but nothing is frozen or trained under it."), icon=":material/help:")  # fmt: skip
    left, right = st.columns(2)
    if left.button(_("Confirm"), type="primary", icon=":material/check:", width="stretch", key="confirm"):
        scheme_store.confirm(ui.workspace(), scheme.name, ui.curator())
        done(_("Confirmed: {name}").format(name=forms.plain(scheme.name)))
    if right.button(_("Reject, and withdraw its labels"), icon=":material/close:", width="stretch", key="reject"):
        n = scheme_store.reject(ui.workspace(), scheme.name, ui.curator())
        done(_("Rejected: {name}. Labels withdrawn: {n}").format(name=forms.plain(scheme.name), n=f"{n:,}"))


def grow(scheme: Scheme, version: int) -> None:
    with st.expander(_("Rename titles, change keys, append classes"), icon=":material/edit:"):
        changed = scheme_editor.edit(scheme, key := f"grow-{scheme.name}-{version}")
        if st.button(_("Save"), icon=":material/save:", disabled=changed is None, key="grow") and changed:
            scheme_store.change(ui.workspace(), changed, ui.curator())
            scheme_editor.saved(key)
            done(_("Saved: {name}").format(name=forms.plain(scheme.name)))


def add() -> None:
    """Show the ways to add a scheme: a file or the form."""
    with st.expander(_("A new scheme"), icon=":material/add:"):
        file = st.file_uploader(_("From a TOML file"), ["toml"], max_upload_size=1, key="file")
        limits(1, "TOML")
        st.caption(_("or write it here:"))
        scheme = (
            scheme_editor.edit(None, "new") if file is None else scheme_store.read_bytes(file.getvalue(), file.name)
        )
        if file is not None and scheme is not None:
            scheme_editor.preview(scheme, "new-file")
        if st.button(_("Add"), icon=":material/add:", type="primary", disabled=scheme is None, key="add") and scheme:
            scheme_store.save(ui.workspace(), scheme, ui.curator())
            scheme_editor.saved("new")
            st.session_state["scheme_next"] = scheme.name
            done(_("Added: {name}").format(name=forms.plain(scheme.name)))


def done(notice: str) -> None:
    """Run the page again; it shows `notice` at its top."""
    st.session_state["schemes_notice"] = notice
    st.rerun()


with ui.page("schemes"):
    if notice := st.session_state.pop("schemes_notice", ""):
        st.success(notice)
    if next_name := st.session_state.pop("scheme_next", ""):
        st.session_state["scheme"] = next_name
    chosen = choose()
    use = scheme_store.use(ui.workspace(), chosen.name)
    show(chosen, use)
    if guideline_editor.panel(chosen):
        done(_("Saved: {name}").format(name=forms.plain(forms.scheme_title(chosen.name))))
    if chosen.state == "proposed":
        settle(chosen)
    if use.made is not None:
        grow(chosen, use.made.version)
    add()
