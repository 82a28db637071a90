"""Every message of the pages has a Korean translation with the same placeholders, and the catalogue has no other."""

import ast
import re
import string
from io import BytesIO
from pathlib import Path

import pytest
import syntax
from babel.messages.catalog import Catalog

from core.ui import i18n
from core.ui.i18n import CATALOGUE, Korean, catalogue
from scripts.messages import PO, messages, read, sources, templates, updated

# Names of programs and of file formats are the same in Korean.
NAMES = re.compile(r"[A-Z0-9]{2,4}|py-hanspell|korector|QuickTime|Matroska|WebM|Ogg|Praat TextGrid|<exists>")


@pytest.fixture(scope="module")
def every() -> dict[str, str]:
    """All messages of the product with the place of their first use."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("scripts.messages.nodes", syntax.nodes)
        return messages(sources())


@pytest.fixture(scope="module")
def korean() -> Catalog:
    return read()


def placeholders(text: str) -> list[str]:
    """The fields of a format string, sorted: `{n:,} of {total}` gives n and total; `{}` gives an empty name."""
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def test_the_tool_and_the_pages_read_the_same_catalogue(every: dict[str, str]) -> None:
    assert PO == CATALOGUE
    assert len(every) > 30


def test_every_message_is_translated(every: dict[str, str], korean: Catalog) -> None:
    translations = {text: korean.get(text) for text in every}
    assert [f"{every[text]}: {text}" for text, entry in translations.items() if entry is None or not entry.string] == []
    assert [text for text, entry in translations.items() if entry is not None and entry.fuzzy] == []


@pytest.mark.integration  # reads all of the sources
def test_every_template_of_the_product_is_in_the_catalogue(every: dict[str, str]) -> None:
    korean = catalogue("ko")
    product = {text for path in sources() for _, text in templates(path)}
    assert len(product) > 450
    assert [
        text for text in product if not NAMES.fullmatch(text) and not re.search("[가-힣]", korean.gettext(text))
    ] == []
    assert product <= set(every)


def test_placeholders_are_the_same_in_both_languages(korean: Catalog) -> None:
    wrong = [
        f"{entry.id!r} -> {entry.string!r}"
        for entry in korean
        if entry.id and entry.string and placeholders(str(entry.id)) != placeholders(str(entry.string))
    ]
    assert wrong == []


def test_nothing_obsolete_is_kept(every: dict[str, str], korean: Catalog) -> None:
    assert sorted(str(entry.id) for entry in korean if entry.id and entry.id not in every) == []
    assert list(korean.obsolete) == []


def test_translations_are_korean(korean: Catalog) -> None:
    """A copied English sentence is no translation; names, signs and short technical words may stay English."""
    long = [(str(entry.id), str(entry.string)) for entry in korean if len(str(entry.id).split()) > 2]
    assert [english for english, translated in long if not re.search("[가-힣]", translated)] == []


def test_messages_are_literals() -> None:
    """`_(f"...")` and `_("..." % x)` cannot be in a catalogue: fill placeholders after the look-up."""
    wrong = [
        f"{path.name}:{node.lineno}"
        for path in sources()
        if path.is_file()
        for node in syntax.nodes(path)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "N_")
        and (len(node.args) != 1 or isinstance(node.args[0], ast.JoinedStr | ast.BinOp))
    ]  # fmt: skip
    assert wrong == []


def test_updating_keeps_translations_drops_the_gone_and_is_stable(tmp_path: Path) -> None:
    old = Catalog(locale="ko")
    old.add("kept {n}", "남음 {n}")
    old.add("gone", "없어짐")
    messages = {"new": "a.py:1", "kept {n}": "a.py:2"}
    path = tmp_path / "ko.po"
    path.write_bytes(updated(old, messages))
    catalogue = read(path)
    assert {str(e.id): e.string for e in catalogue if e.id} == {"kept {n}": "남음 {n}", "new": ""}
    assert updated(catalogue, messages) == path.read_bytes()
    assert updated(catalogue, dict(reversed(messages.items()))) == path.read_bytes()
    assert "POT-Creation-Date" not in path.read_text(encoding="utf-8")


def test_extraction_finds_calls_and_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scripts.messages.ROOT", tmp_path)
    path = tmp_path / "page.py"
    path.write_text(
        'STRINGS: dict[str, str] = {"a": "From a table", "b": ""}\n'
        'TITLE = N_("Marked")\n'
        'st.text(_("Two " "pieces"))\n'
        '_(TITLE)\nother("no message")\n'
        "text = f\"{_('In an f-string')} {n}\"\n",
        encoding="utf-8",
    )
    assert messages([path]) == {
        "Marked": "page.py:2", "Two pieces": "page.py:3", "From a table": "page.py:1", "In an f-string": "page.py:6",
    }  # fmt: skip


def test_a_compiled_catalogue_is_kept_for_the_next_process_and_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    po = b'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "fire"\nmsgstr "\xeb\xb6\x88"\n'
    monkeypatch.setattr(i18n, "CATALOGUE", tmp_path / "ko.po")
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    made = i18n._compiled(po)
    assert Korean(BytesIO(made)).gettext("fire") == "불"
    assert not [*tmp_path.rglob("*.mo")]

    monkeypatch.setattr("sys.dont_write_bytecode", False)
    changed = po + b'\nmsgid "flood"\nmsgstr ""\n'
    assert [Korean(BytesIO(i18n._compiled(text))).gettext("fire") for text in (po, changed)] == ["불", "불"]
    (kept,) = tmp_path.rglob("*.mo")  # only the newest stays
    monkeypatch.setattr(i18n, "_compile", lambda _: b"never")
    kept.write_bytes(b"kept")
    assert (i18n._compiled(changed), i18n._compiled(po)) == (b"kept", b"never")
