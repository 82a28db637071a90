"""The frame of every page: title, menu, language, error messages. Streamlit widgets only here, in pages/, in app.py."""

from core.ui.frame import PAGES, curator, guard, page, workspace
from core.ui.i18n import N_, _, language

__all__ = ["N_", "PAGES", "_", "curator", "guard", "language", "page", "workspace"]
