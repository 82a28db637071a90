"""Reads the values of options that several `ingest` verbs share: labels with value maps, missing values, conditions."""

import re
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from core.workflows.imports.tables.table import Condition

MapRow = tuple[str, str, str]  # scheme ("" for every scheme), value in the file, class ("" for none)
_MAPPED = re.compile(r"(?P<column>.*?):(?P<pairs>[^:=,]+=[^=,]*(?:,[^:=,]+=[^=,]*)*)")


def labels_and_maps(labels: list[str], maps: list[str]) -> tuple[dict[str, str], tuple[MapRow, ...]]:
    """The values of `--label` as {scheme: column}, and those of `--map`; `SCHEME=COL:상=high,하=low` has both.

    A column's name may contain `=`.
    """
    columns: dict[str, str] = {}
    rows: list[MapRow] = []
    for pair in labels:
        scheme, sign, column = (part.strip() for part in pair.partition("="))
        if not (scheme and sign and column):
            raise typer.BadParameter(f"--label {pair}: write SCHEME=COL")
        if scheme in columns:
            raise typer.BadParameter(f"--label {scheme} is given twice")
        if mapped := _MAPPED.fullmatch(column):
            column = mapped["column"].strip()
            rows += _pairs(f"--label {pair}", scheme, mapped["pairs"])
        columns[scheme] = column
    for value in maps:
        scheme, sign, rest = value.partition(":")
        of_scheme = bool(sign) and scheme.strip() in columns
        rows += _pairs(f"--map {value}", scheme.strip() if of_scheme else "", rest if of_scheme else value)
    return columns, tuple(rows)


def _pairs(option: str, scheme: str, text: str) -> list[MapRow]:
    parts = text.split(",") if all("=" in part for part in text.split(",")) else [text]
    rows = []
    for part in parts:
        value, sign, code = (piece.strip() for piece in part.rpartition("="))
        if not (value and sign):
            raise typer.BadParameter(f"{option}: write VALUE=CLASS, or VALUE= for no label")
        rows.append((scheme, value, code))
    return rows


def missing_values(text: str) -> tuple[str, ...]:
    """The values of `--missing`, which commas separate."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def conditions(texts: list[str]) -> "tuple[Condition, ...]":
    """The values of `--where`: COL=VALUE or COL!=VALUE."""
    from core.workflows.imports.tables.table import Condition

    conditions_read = []
    for text in texts:
        column, sign, value = text.partition("=")
        if not sign or not column.strip("! "):
            raise typer.BadParameter(f"--where {text}: write COL=VALUE or COL!=VALUE")
        equal = not column.endswith("!")
        conditions_read.append(Condition(column.removesuffix("!").strip(), value.strip(), equal))
    return tuple(conditions_read)
