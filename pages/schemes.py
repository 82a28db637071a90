"""라벨 체계 / Schemes: classes, keys and colours; add a scheme, let it grow, confirm or reject a proposed one."""

import streamlit as st

from core import ui
from core.schemes import SCHEMES, Scheme
from core.schemes.files import to_toml
from core.ui import _
from core.ui.panels import scheme_editor
from core.ui.widgets import forms
from core.workflows.corpus import schemes as work


def choose() -> Scheme:
    """Proposed ones first: they wait for a person."""
    names = sorted(SCHEMES, key=lambda name: SCHEMES[name].state != "proposed")
    if (asked := st.query_params.get("scheme")) in names and "scheme" not in st.session_state:
        st.session_state["scheme"] = asked
    if st.session_state.get("scheme") not in names:
        st.session_state["scheme"] = names[0]
    name = st.selectbox(_("Scheme"), names, format_func=lambda n: f"{forms.scheme_title(n)} · {n}", key="scheme")
    st.query_params["scheme"] = name
    return SCHEMES[name]


def show(one: Scheme, use: work.SchemeUse) -> None:
    counts = use.counts
    told = [_("a label of {level}").format(level=_(scheme_editor.LEVELS[one.level])), _(scheme_editor.KINDS[one.kind])]
    told.append(_("{n} labelled").format(n=f"{counts['labelled']:,}"))
    if (made := use.made) is not None:
        text = _("made by {who} on {when}, changes since: {n}")
        told.append(text.format(who=forms.plain(made.created_by), when=made.created_at[:10], n=made.version - 1))
    else:
        told.append(_("bundled"))
    st.caption(" · ".join(told))
    scheme_editor.preview(one, f"preview-{one.name}")
    st.dataframe(
        [
            {"#": n, _("Code"): x.code, _("Korean title"): x.ko, _("English title"): x.en, _("Key"): x.key.upper(),
             _("Labelled"): counts[x.code], _("Other spellings"): [a for a, code in one.aliases if code == x.code]}
            for n, x in enumerate(one.labels)
        ],
        hide_index=True,
    )  # fmt: skip
    st.download_button(
        _("Take out as TOML"), to_toml(one), f"{one.name}.toml", "application/toml", icon=":material/download:"
    )


def settle(one: Scheme) -> None:
    """What a person does with a proposed scheme."""
    st.info(_("Made from values found in data. Look at its classes, mend titles below, then confirm it: until then it "
              "can be reviewed, but nothing is frozen or trained under it."), icon=":material/help:")  # fmt: skip
    left, right = st.columns(2)
    if left.button(_("Confirm"), type="primary", icon=":material/check:", width="stretch", key="confirm"):
        work.confirm(ui.workspace(), one.name, ui.curator())
        done(_("Confirmed: {name}").format(name=forms.plain(one.name)))
    if right.button(_("Reject, and withdraw its labels"), icon=":material/close:", width="stretch", key="reject"):
        n = work.reject(ui.workspace(), one.name, ui.curator())
        done(_("Rejected: {name}. Labels withdrawn: {n}").format(name=forms.plain(one.name), n=f"{n:,}"))


def grow(one: Scheme, version: int) -> None:
    with st.expander(_("Rename titles, change keys, append classes"), icon=":material/edit:"):
        made = scheme_editor.edit(one, f"grow-{one.name}-{version}")
        if st.button(_("Save"), icon=":material/save:", disabled=made is None, key="grow") and made:
            work.change(ui.workspace(), made, ui.curator())
            done(_("Saved: {name}").format(name=forms.plain(one.name)))


def add() -> None:
    """A new scheme from a file or the form."""
    with st.expander(_("A new scheme"), icon=":material/add:"):
        file = st.file_uploader(_("From a TOML file"), ["toml"], max_upload_size=1, key="file")
        st.caption(_("or write it here:"))
        made = scheme_editor.edit(None, "new") if file is None else work.read_bytes(file.getvalue(), file.name)
        if file is not None and made is not None:
            scheme_editor.preview(made, "new-file")
        if st.button(_("Add"), icon=":material/add:", type="primary", disabled=made is None, key="add") and made:
            work.save(ui.workspace(), made, ui.curator())
            st.session_state["scheme_next"] = made.name
            done(_("Added: {name}").format(name=forms.plain(made.name)))


def done(notice: str) -> None:
    """Show the page anew; what was done is told on top of it."""
    st.session_state["schemes_notice"] = notice
    st.rerun()


with ui.page("schemes"):
    if notice := st.session_state.pop("schemes_notice", ""):
        st.success(notice)
    if wanted := st.session_state.pop("scheme_next", ""):
        st.session_state["scheme"] = wanted
    chosen = choose()
    use = work.use(ui.workspace(), chosen.name)
    show(chosen, use)
    if chosen.state == "proposed":
        settle(chosen)
    if use.made is not None:
        grow(chosen, use.made.version)
    add()
