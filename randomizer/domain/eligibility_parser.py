"""The eligibility items of a definition and their machine checks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from randomizer.domain.definition_values import (
    ITEM_KINDS,
    OPERATORS,
    TIME_UNITS,
    Check,
    EligibilityItem,
    Site,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from randomizer.domain.toml_table import Faults, Table

_FIELD = re.compile(r"[a-z][a-z0-9_]{0,39}")
# which limits an operator takes: (low, high)
_LIMITS = {
    "between": (True, True),
    "at least": (True, False),
    "more than": (True, False),
    "at most": (False, True),
    "less than": (False, True),
    "not within": (False, True),
}


def eligibility(root: Table, sites: Sequence[Site], faults: Faults) -> tuple[EligibilityItem, ...]:
    """Read the items, in the order in which a person confirms them."""
    tables = root.tables("eligibility")
    codes = [site.code for site in sites if site.code]
    found = tuple(_item(table, codes) for table in tables)
    faults.unique([one.code for one in found], [table.place("code") for table in tables], "items")
    for table in tables:
        table.done()
    _refuse_shared_fields(root, found)
    return found


def _item(table: Table, site_codes: Sequence[str]) -> EligibilityItem:
    code = table.code("code")
    kind = table.choice("kind", ITEM_KINDS)
    text = table.text("text", most=2000)
    open_question = table.text("open_question", most=2000, optional=True) or None
    sites = table.choices("sites", site_codes) if table.has("sites") and site_codes else None
    if table.has("sites") and not site_codes:
        table.texts("sites")
    rows = table.tables("checks", optional=True)
    checks = tuple(_check(row) for row in rows)
    for row in rows:
        row.done()
    return EligibilityItem(
        code=code, kind=kind, text=text, checks=checks, sites=sites, open_question=open_question
    )


def _check(row: Table) -> Check:
    field = row.text("field", most=40)
    if field and not _FIELD.fullmatch(field):
        row.fault("field", "must be lower-case letters, digits and underscores, a letter first", field)
    operator = row.choice("operator", OPERATORS)
    check = Check(
        field=field,
        label=row.text("label", most=80),
        unit=row.text("unit", most=40, optional=True),
        operator=operator,
        low=row.number("low"),
        high=row.number("high"),
        inclusive=row.flag("inclusive", optional=operator != "not within"),
        plausible_low=row.number("plausible_low"),
        plausible_high=row.number("plausible_high"),
    )
    if operator:
        _refuse_wrong_limits(row, check)
    _refuse_crossed(row, "low", check.low, check.high)
    _refuse_crossed(row, "plausible_low", check.plausible_low, check.plausible_high)
    return check


def _refuse_wrong_limits(row: Table, check: Check) -> None:
    for key, needed in zip(("low", "high"), _LIMITS[check.operator], strict=True):
        if needed and not row.has(key):
            row.fault(key, f'is missing: "{check.operator}" needs it')
        elif row.has(key) and not needed:
            row.fault(key, f'must be left out: "{check.operator}" has no such limit')
    if check.operator != "not within":
        if row.has("inclusive"):
            row.fault("inclusive", 'must be left out: only "not within" has it')
        return
    if check.unit not in TIME_UNITS:
        row.fault("unit", "must be one of: " + ", ".join(TIME_UNITS), check.unit)
    if check.high is not None and (check.high != int(check.high) or check.high < 1):
        row.fault("high", "must be a whole number of at least 1", check.high)
    for key in ("plausible_low", "plausible_high"):
        if row.has(key):
            row.fault(key, 'must be left out: "not within" has no such limit')


def _refuse_crossed(row: Table, key: str, low: Decimal | None, high: Decimal | None) -> None:
    if low is not None and high is not None and low > high:
        row.fault(key, "must not be above its upper limit", low)


def _refuse_shared_fields(root: Table, items: Sequence[EligibilityItem]) -> None:
    seen: dict[str, list[tuple[str, ...] | None]] = {}
    for position, item in enumerate(items, start=1):
        for number, check in enumerate(item.checks, start=1):
            earlier = seen.setdefault(check.field, [])
            if check.field and any(_meet(item.sites, other) for other in earlier):
                place = f"eligibility[{position}].checks[{number}].field"
                root.fault(place, "must be unique among the checks of a site", check.field)
            earlier.append(item.sites)


def _meet(first: tuple[str, ...] | None, second: tuple[str, ...] | None) -> bool:
    return first is None or second is None or not set(first).isdisjoint(second)
