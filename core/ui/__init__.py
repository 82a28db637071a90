"""What every page is framed by: title, menu, language, errors as messages. Streamlit only here, in pages/, app.py."""

from core.ui.frame import PAGES, curator, page, workspace
from core.ui.i18n import N_, _, language

__all__ = ["N_", "PAGES", "_", "curator", "language", "page", "workspace"]
