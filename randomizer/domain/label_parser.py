"""The section on labels of a blinded definition."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from randomizer.domain.definition_values import LabelPolicy
from randomizer.domain.label_texts import LANGUAGES, ROUTES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from randomizer.domain.definition_values import Treatment
    from randomizer.domain.toml_table import Faults, Table

_GTIN: Final = re.compile(r"\d{14}", re.ASCII)
COLDEST_C, WARMEST_C = -196, 40


def label(root: Table, treatments: Sequence[Treatment], faults: Faults) -> LabelPolicy | None:
    """Read ``[label]``; a definition without it prints no labels.

    Args:
        root: The definition.
        treatments: Those whose names the section may give in other languages.
        faults: Where what is wrong goes.
    """
    if not root.has("label"):
        return None
    table = root.table("label")
    low = table.whole("store_from_c", COLDEST_C, WARMEST_C)
    high = table.whole("store_to_c", COLDEST_C, WARMEST_C)
    if table.sound("store_from_c", "store_to_c") and low > high:
        table.fault("store_from_c", f"must be at most store_to_c, {high}", low)
    found = LabelPolicy(
        route=table.choice("route", ROUTES),
        autologous=table.flag("autologous"),
        store_from_c=low,
        store_to_c=high,
        gtin=_gtin(table),
        names=_names(table, treatments, faults),
    )
    table.done()
    return found


def language(table: Table) -> str:
    """The language of a site's labels; English where it is left out."""
    return table.choice("language", LANGUAGES) if table.has("language") else LANGUAGES[0]


def _gtin(table: Table) -> str:
    text = table.text("gtin", most=14, optional=True)
    if text and not (_GTIN.fullmatch(text) and _checks(text)):
        table.fault("gtin", "must be 14 digits with the check digit of GS1", text)
    return text


def _checks(gtin: str) -> bool:
    return sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(gtin)) % 10 == 0


def _names(table: Table, treatments: Sequence[Treatment], faults: Faults) -> tuple[tuple[str, str, str], ...]:
    rows = table.tables("names", optional=True)
    codes = [one.code for one in treatments]
    found = tuple(
        (row.choice("language", LANGUAGES), row.choice("treatment", codes), row.text("name", most=80))
        for row in rows
    )
    for row in rows:
        row.done()
    faults.unique(
        [f"{tongue} {code}" for tongue, code, _ in found], [row.place("treatment") for row in rows], "names"
    )
    named = {tongue: [code for other, code, _ in found if other == tongue] for tongue, _, _ in found}
    for tongue, given in named.items():
        if sorted(given) != sorted(codes):
            # One translated name beside one that is not would be a label that some people take for a hint.
            table.fault("names", f"must name every treatment in {tongue!r}, or none")
    return found
