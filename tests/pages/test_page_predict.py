"""Live prediction, the choices above its tabs: the weights of text and voice are moved, saved, and stay."""

import pytest
from streamlit.testing.v1 import AppTest

from core.workflows.predict import weights
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration


def script() -> None:
    """A page with three schemes: one judged by text and voice, one by a cross-modal run too, one by text alone."""
    import streamlit as st

    from core.ui.panels.predict import options

    slots = [("danger", "text"), ("danger", "voice"), ("urgency", "text"), ("urgency", "voice"), ("urgency", "both"),
             ("sentiment", "text")]  # fmt: skip
    st.text(repr(options.choose_weights(slots)))


def opened() -> AppTest:
    app = AppTest.from_function(script, default_timeout=60)
    app.query_params["lang"] = "en"
    return app.run()


def test_weights_are_tried_on_the_page_and_saved_for_all(ws: Workspace) -> None:
    app = opened()
    assert not app.exception
    assert [(slider.label, slider.value) for slider in app.slider] == [("Danger", 70)], "the weights of the seed"
    assert [caption.value for caption in app.caption] == [
        "Urgency: learned by a run that reads text and voice together."
    ]
    assert (app.text[0].value, len(app.button)) == ("{}", 0), "nothing differs from what is saved"
    app.slider[0].set_value(40).run()
    assert app.text[0].value == "{'danger': 0.4}"
    assert weights.chosen(ws) == {}, "a try changes no other prediction"
    app.button(key="save_weights").click().run()
    assert weights.chosen(ws) == {"danger": 0.4}
    assert (app.text[0].value, len(app.button)) == ("{}", 0)
    assert opened().slider[0].value == 40
