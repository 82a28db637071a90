"""What every page is framed by: title, menu, language, errors as messages. Streamlit only here, in pages/, app.py."""

from core.ui.frame import PAGES, curator, guard, page, workspace
from core.ui.i18n import N_, _, language

__all__ = ["N_", "PAGES", "_", "curator", "guard", "language", "page", "workspace"]
