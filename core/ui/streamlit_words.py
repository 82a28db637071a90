"""The texts that Streamlit's own page writes in English, for `assets/shell/shell.js`, which translates them.

A text with one `{field}` is a pattern. Where another version of Streamlit has other texts, they stay English; the
browser tests see that.
"""

import json
from functools import cache

from core.ui.i18n import N_, catalogue

WORDS = (
    # every page
    N_("Skip to main content"),
    N_("Link to heading"),
    N_("Page not found"),
    N_("The page that you have requested does not seem to exist. Running the app's main page."),
    N_("Connection error"),
    N_("Connection timed out."),
    N_("Streamlit server is not responding. Are you connected to the internet?"),
    N_("Running..."),
    N_("Connecting"),
    N_("Stop"),
    N_("Close"),
    N_("Cancel"),
    N_("Copy"),
    N_("Copied"),
    N_("Copy to clipboard"),
    N_("Sidebar"),
    N_("Collapse sidebar"),
    N_("Expand sidebar"),
    N_("Main menu"),
    N_("Notifications"),
    N_("Loading..."),
    N_("Help"),
    N_("Help for {label}"),
    N_("Shortcut {key}"),
    N_("Scroll tabs left"),
    N_("Scroll tabs right"),
    N_("error icon"),
    N_("warning icon"),
    N_("info icon"),
    N_("person icon"),
    N_("smart_toy icon"),
    # fields
    N_("Open"),
    N_("Clear all"),
    N_("Clear value"),
    N_("Clear entry"),
    N_("No results"),
    N_("No options to select."),
    N_("Select all"),
    N_("Select {n} matches"),
    N_("Selected values"),
    N_("Remove {name}"),
    N_("Choose options"),
    N_("Choose an option"),
    N_("Choose or add options"),
    N_("Choose or add an option"),
    N_("Selectbox options"),
    N_("Multiselect options"),
    N_("You can only select up to {n} options. Remove an option first."),
    N_("{label} — start"),
    N_("{label} — end"),
    N_("Increment"),
    N_("Decrement"),
    N_("Invalid input."),
    N_("Number is above the allowed range."),
    N_("Number is above the allowed range. Please enter a value less than or equal to {n}."),
    N_("Number is below the allowed range."),
    N_("Number is below the allowed range. Please enter a value greater than or equal to {n}."),
    N_("Press Enter to apply"),
    N_("Press Ctrl+Enter to apply"),
    N_("Press ⌘+Enter to apply"),
    N_("Press Enter to submit form"),
    N_("Press Ctrl+Enter to submit form"),
    N_("Press ⌘+Enter to submit form"),
    # dates
    N_("Choose date"),
    N_("Clear date"),
    N_("year, {label}"),
    N_("month, {label}"),
    N_("day, {label}"),
    N_("yyyy"),
    N_("mm"),
    N_("dd"),
    # pagination
    N_("Pagination"),
    N_("Page {n}"),
    N_("Next page"),
    N_("Previous page"),
    # uploads and recordings
    N_("Upload"),
    N_("file upload"),
    N_("Add files"),
    N_("Drag and drop a file here"),
    N_("Drag and drop files here"),
    N_("{size} per file"),
    N_("{type} files are not allowed."),
    N_("Only one file is allowed."),
    N_("Upload failed"),
    N_("Click to retry upload"),
    N_("Record"),
    N_("Stop recording"),
    N_("Clear recording"),
    N_("Download as WAV"),
    N_("An error has occurred, please try again."),
    N_("This app would like to use your microphone."),
    N_("Learn how to allow access."),
    # tables and charts
    N_("Download as CSV"),
    N_("Search"),
    N_("Fullscreen"),
    N_("Close fullscreen"),
    N_("Show/hide columns"),
    N_("Sort ascending"),
    N_("Sort descending"),
    N_("Autosize"),
    N_("Pin column"),
    N_("Unpin column"),
    N_("Hide column"),
    N_("Format"),
    N_("Statistics"),
    N_("Add row"),
    N_("Delete row(s)"),
    N_("Type to search"),
    N_("No data"),
    N_("Copy column name"),
    N_("Clear selection"),
    N_("Next Result"),
    N_("Previous Result"),
    N_("Close Search"),
    N_("Dataframe column menu"),
    N_("Scrollable table"),
    N_("empty"),
    N_("progress"),
)


@cache
def dictionary(language: str) -> str:
    """Return JSON: each text of Streamlit with the one to show in `language`; empty for English."""
    if language == "en":
        return "{}"
    known = catalogue(language)
    shown = {english: known.gettext(english) for english in WORDS}
    return json.dumps({english: text for english, text in shown.items() if text != english}, ensure_ascii=False)
