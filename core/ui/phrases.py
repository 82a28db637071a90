"""What the layers below say in English (errors, findings, notes of a table), in the reader's language.

A template is what the code writes, with {names} for what it fills in; `tests/ui/test_ui_phrases.py` checks each against
the sources. The shell and the REST service say the English.
"""

import re
from functools import cache

from core.ui.i18n import N_, _, language

ERRORS = (
    # tables and scheme files that were dropped on a page
    N_("is empty"),
    N_("is missing"),
    N_("holds no rows"),
    N_("holds no rows, or no objects in them"),
    N_("holds no rows that could be read as text"),
    N_("holds no list of objects"),
    N_("no column is left to read"),
    N_("is called {suffix} but is not one, or is damaged"),
    N_("neither UTF-8, cp949 nor UTF-16 text; give its encoding, if it is a table"),
    N_("a zip, not a table: unpack it first"),
    N_("a zip, but no workbook in it"),
    N_("not a readable workbook ({reason})"),
    N_("the workbook is damaged ({reason})"),
    N_("too large a workbook: save it as CSV"),
    N_("the Parquet file cannot be read ({reason})"),
    N_("the gzip is damaged or cut short ({reason})"),
    N_("unpacks to more than {n} times its size: looks like a bomb"),
    N_("is not JSON: {reason}"),
    N_("breaks off after row {row}: {reason}"),
    N_("is not TOML: {reason}"),
    N_("is not UTF-8 (byte {byte}); TOML always is"),
    N_("{name} is no name: up to 64 letters, digits, _ and -, no spaces"),
    N_("{name} is the name of a column of every table; choose another one"),
    N_("no such field; there are {names}"),
    N_("column {column} has more than {n} different values: too many for the classes of a new scheme {name}"),
    N_("column {column} holds no value to make classes of scheme {name} of"),
    N_("source {name}: give a name of 1 to 200 characters"),
    # choosing, saving, deciding
    N_("unknown {what} {name}; known: {names}"),
    N_("a view needs a name"),
    N_("a tag needs a name"),
    N_("{who} saved a view {name} already; delete it, or choose another name"),
    N_("no view {name}"),
    N_("bulk action {id} was undone already, at {when}"),
    N_("nothing of bulk action {id} can be undone: {n} were decided on since"),
    N_("scheme {name} is settled already"),
    N_("scheme {name} is settled; only a proposed one can be rejected"),
    N_("scheme {name} comes with Gwidama and stays as it is; choose another name"),
    N_("{who} has labelled under {name}; undo that first, or confirm the scheme"),
    N_("scheme {name}: its {what} is {old} and cannot become {new}; add another scheme"),
    N_("utterance {id} was taken out of the corpus meanwhile"),
    N_("utterance {id} was changed meanwhile (you saw version {seen}, it is {version}); look at it again and decide "
       "anew"),
    N_("utterance {id} was decided again by {who}; that has to be undone first"),
    N_("proposal {id} was already {state} by {who}"),
    N_("the text of utterance {id} was changed meanwhile; reject this suggestion"),
    N_("utterance {id} is left out already; reject this suggestion"),
    N_("{path} exists already; a folder is not replaced, choose another name"),
    # snapshots, training, prediction
    N_("snapshot name {name}: use up to 64 letters, digits, - _ or . and no . in front"),
    N_("snapshot {name} exists already; snapshots are frozen, choose another name"),
    N_("snapshot {name}: no labelled item is left to freeze under scheme {scheme}"),
    N_("snapshot {name}: the {side} side is empty; label more groups"),
    N_("snapshot {name}: training needs at least 2 classes, found {n}"),
    N_("split {text} is not three percentages such as 70/15/15"),
    N_("split {text} must be three percentages of at least 0 that sum to 100, train above 0"),
    N_("settings are written key=value; {text} is not"),
    N_("{name}={value}: expected a whole number"),
    N_("{name}={value}: expected a number"),
    N_("{name}={value}: expected true or false"),
    N_("no trained model yet: run `python -m core demo`, or train one"),
    N_("none of the chosen runs judges text"),
    N_("the text is empty"),
    N_("no utterance lies inside the recording of {n} ms"),
)  # fmt: skip
ROWS = (
    N_("column {column}: {reason}"),
    N_("no text"),
    N_("{n} cells where {m} belong"),
    N_("id {id} came before in this file: the first is kept"),
    N_("holds bytes that are no text in this encoding, or half a character"),
    N_("holds a NUL character"),
    N_("not an object with named fields"),
    N_("row with a quote that is no quoting: kept as written"),
    N_("cell with the apostrophe that keeps spreadsheets from running it: taken off"),
    N_("column of raw bytes left out: {column}"),
    N_("a sentence on its own"),
)
FINDINGS = (
    N_("{n} rows repeat an earlier text ({texts} different texts)"),
    N_("{n} rows repeat the letters of an earlier text that is written another way"),
    N_("{n} rows are nearly the same as an earlier text"),
    N_(
        "{n} texts carry different labels of {scheme} ({rows} rows); of {labelled} labelled rows, {repeats} repeat an "
        "earlier text"
    ),
    N_("{n} texts hold nothing but masks"),
    N_("{n} sentences are empty"),
    N_("{n} texts have no letter or digit"),
    N_("{n} texts have hidden characters, full-width letters or white space out of place"),
    N_("texts have hidden characters, full-width letters or white space out of place"),
    N_("{n} utterances of recordings have no text"),
    N_("{scheme}: {n} classes with fewer than {least} groups ({classes}); a split may leave them out"),
    N_("{n} utterances end before they begin"),
    N_("{n} utterances end after their audio"),
    N_("{n} utterances begin before the same speaker has ended"),
    N_("{n} utterances begin before another speaker has ended"),
    N_("{n} recordings came without audio"),
    N_("{n} recordings repeat the audio of an earlier one"),
    N_("{n} of {all} recordings last exactly {length} ms: cut or padded?"),
    N_("one source has recordings of {n} sample rates: {rates}"),
    N_("{n} recordings have a sample rate below 8,000 Hz"),
    N_("{n} recordings whose audio is gone from the disk"),
    N_("{n} files in audio/ belong to no recording"),
    N_("{n} recordings cannot be decoded"),
    N_("{n} recordings are cut off"),
    N_("{n} recordings are silent"),
    N_("{n} utterances are silent in a recording that is not"),
    N_("{n} recordings are clipped"),
    N_("{n} recordings are a tone or plain noise"),
    N_("{n} recordings hold different sounds left and right: mixed to mono, they cover each other"),
    N_("{n} recordings have another sample rate than was imported"),
    N_("the same text as utterance {id}"),
    N_("the same letters as utterance {id}, written another way"),
    N_("nearly the same text as utterance {id}"),
    N_("copies of this text carry different labels of {scheme}: {counts}"),
)
REASONS = (
    # why a step of cleaning suggests what it does
    N_("lengthened syllables"),
    N_("repeated syllables"),
    N_("repeated letters"),
    N_("repeated marks"),
    N_("not NFC"),
    N_("invisible characters"),
    N_("white space"),
    N_("full-width signs"),
    N_("normal form"),
    N_("spacing"),
    N_("personal data: {names}"),
    N_("stop expressions: {names}"),
    N_("tags taken out: {names}"),
)  # fmt: skip
_FIELD = re.compile(r"\\\{(\w+)\\\}")


def told(text: str) -> str | None:
    """`text` in the session's language, None where nobody has said it in that language.

    What stands before a `: ` (a file, a row) stays as it is.
    """
    if language() == "en":
        return text
    at = -2
    while at + 2 <= len(text):
        if (said := _said(text[at + 2 :])) is not None:
            return text[: at + 2] + said
        if (at := text.find(": ", at + 2)) < 0:
            return None
    return None


def shown(text: str) -> str:
    """The same, the English where there is nothing else."""
    return told(text) or text


def _said(text: str) -> str | None:
    for template, pattern in _patterns():
        if found := pattern.fullmatch(text):
            given = found.groupdict()
            if "reason" in given:
                given["reason"] = shown(given["reason"])
            return _(template).format(**given)
    return None


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """What must not hold a `: ` stands before one: `{scheme}: ...` takes no file's name in."""
    every = (*ERRORS, *ROWS, *FINDINGS, *REASONS)
    return tuple((one, re.compile(_FIELD.sub(r"(?P<\1>.+)", re.escape(one)), re.DOTALL)) for one in every)
