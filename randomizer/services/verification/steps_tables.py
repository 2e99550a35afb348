"""The CSV files: made again from entries, values and schedule, and compared line by line."""

from __future__ import annotations

import csv
import io
from itertools import zip_longest
from typing import TYPE_CHECKING

from randomizer.domain.participants import levels_of
from randomizer.services.verification import steps
from randomizer.services.verification.ledger import PeriodEnd
from randomizer.services.verification.reading import RELEASE, lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from randomizer.domain.definition_values import Definition
    from randomizer.services.verification.ledger import Ledger
    from randomizer.services.verification.reading import Release
    from randomizer.services.verification.report import Findings
    from randomizer.services.verification.steps_schedule import Slots
    from randomizer.services.verification.trail_lines import Row

    Line = tuple[object, ...]

ALLOCATION = "allocation.csv"
DISPENSATION = "dispensation.csv"
DEVIATIONS = "deviations.csv"
CODE_BREAKS = "code_breaks.csv"
PARTICIPANTS = "participants.csv"
PRODUCTS = "products.csv"


def check(release: Release, ledger: Ledger, slots: Slots, definition: Definition, findings: Findings) -> None:
    """Compare every table."""
    count = 0
    made = tables(ledger, slots, definition)
    for name, table in made.items():
        expected = (encode(line) for line in table)
        found = lines(release.directory / name)
        for number, (wanted, line) in enumerate(zip_longest(expected, found), start=1):
            count += 1
            if wanted != line:
                findings.fail(
                    steps.TABLES_AGREE, f"{RELEASE}/{name} line {number}", _difference(wanted, line)
                )
    findings.hold(steps.TABLES_AGREE, f"{count} lines of {len(made)} files.")


def tables(ledger: Ledger, slots: Slots, definition: Definition) -> dict[str, Iterable[Line]]:
    """The lines of each table, its heading first.

    Args:
        ledger: What the values tell.
        slots: What the schedule says.
        definition: Its periods and factors.
    """
    factors = tuple(factor.code for factor in definition.factors)
    return {
        ALLOCATION: _allocation(ledger, slots, definition.period_count),
        DISPENSATION: _dispensation(ledger, slots),
        DEVIATIONS: _deviations(ledger),
        CODE_BREAKS: _code_breaks(ledger),
        PARTICIPANTS: _participants(ledger, factors),
        PRODUCTS: _products(ledger),
    }


def encode(line: Line) -> bytes:
    """One line of a CSV file."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(line)
    return text.getvalue().encode()


def _allocation(ledger: Ledger, slots: Slots, period_count: int) -> Iterator[Line]:
    periods = range(1, period_count + 1)
    yield (
        "entry",
        "participant",
        "site",
        "stratum",
        "slot",
        "ordinal",
        "randomization_number",
        "allocated_at",
        "sequence",
        *(f"treatment_{period}" for period in periods),
    )
    for one in ledger.allocations.values():
        yield (
            one.entry,
            one.participant,
            one.site,
            one.stratum,
            one.slot,
            one.ordinal,
            one.randomization_number,
            one.allocated_at,
            slots.sequence(one.slot),
            *(slots.treatment(one.slot, period) for period in periods),
        )


def _dispensation(ledger: Ledger, slots: Slots) -> Iterator[Line]:
    yield (
        "entry",
        "participant",
        "site",
        "period",
        "kit",
        "treatment",
        "dispensed_at",
        "outcome",
        "given_at",
        "stopped_at",
        "volume_ml",
    )
    for one in ledger.dispensations:
        mine = ledger.allocations.get(one.participant)
        last = ledger.periods.get((one.participant, one.period), PeriodEnd())
        yield (
            one.entry,
            one.participant,
            one.site,
            one.period,
            one.kit,
            slots.treatment(mine.slot, one.period) if mine else "",
            one.dispensed_at,
            last.outcome,
            last.given_at,
            last.stopped_at,
            last.volume_ml,
        )


def _deviations(ledger: Ledger) -> Iterator[Line]:
    yield ("entry", "participant", "period", "what", "recorded_at")
    for one in ledger.deviations:
        yield (one.entry, one.participant, one.period, one.what, one.recorded_at)


def _code_breaks(ledger: Ledger) -> Iterator[Line]:
    yield (
        "entry",
        "participant",
        "site",
        "account",
        "reason",
        "intended_at",
        "disclosed_at",
        "disclosure_entry",
    )
    for one in ledger.breaks.values():
        yield (
            one.entry,
            one.participant,
            one.site,
            one.account,
            one.reason,
            one.intended_at,
            one.disclosed_at,
            one.disclosure_entry,
        )


def _participants(ledger: Ledger, factors: tuple[str, ...]) -> Iterator[Line]:
    yield (
        "participant",
        "site",
        "state",
        "period",
        "ending",
        "follow_up",
        "attempts",
        "replaces",
        "randomized_in_error",
        "consented_at",
        "ended_at",
        "stratum",
        *(f"level_{code}" for code in factors),
        *(f"true_{code}" for code in factors),
    )
    for _, row in sorted(ledger.participants.items()):
        levels = _levels(row, "levels")
        true = levels | _levels(row, "corrected_levels")
        yield (
            *(row.text(name) for name in ("number", "site", "state")),
            row.whole("period"),
            row.shown("ending"),
            _yes(row, "follow_up"),
            row.whole("attempt"),
            row.text("replaces"),
            _yes(row, "randomized_in_error"),
            *(row.shown(name) for name in ("consented_at", "ended_at", "stratum")),
            *(levels.get(code, "") for code in factors),
            *(true.get(code, "") for code in factors),
        )


def _products(ledger: Ledger) -> Iterator[Line]:
    yield ("participant", "donation", "state", "harvested_at", "cleared_at", "failed_at")
    for (participant, donation), row in sorted(ledger.products.items()):
        times = (row.shown(name) for name in ("harvested_at", "cleared_at", "failed_at"))
        yield (participant, donation, row.text("state"), *times)


def _levels(row: Row, name: str) -> dict[str, str]:
    try:
        return levels_of(row.text(name))
    except ValueError:
        return {}


def _yes(row: Row, name: str) -> str:
    return "yes" if row.new.get(name) is True else "no"


def _difference(wanted: bytes | None, line: bytes | None) -> str:
    if wanted is None:
        return "Nothing of this line follows from entries and schedule."
    if line is None:
        return f"A line is missing: {wanted.decode().strip()}"
    return f"It should be: {wanted.decode().strip()}"
