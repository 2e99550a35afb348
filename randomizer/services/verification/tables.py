"""The tables of a release, each line made from entries, values and schedule."""

from __future__ import annotations

import csv
import io
from itertools import chain
from typing import TYPE_CHECKING, Any

from randomizer.domain.participants import levels_of
from randomizer.services.verification import codebook
from randomizer.services.verification.ledger import PeriodEnd

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from randomizer.domain.definition_values import Definition
    from randomizer.services.verification.ledger import Ledger, ProductTold
    from randomizer.services.verification.steps_schedule import Slots
    from randomizer.services.verification.trail_lines import Row

    Line = tuple[object, ...]


def tables(ledger: Ledger, slots: Slots, definition: Definition) -> dict[str, Iterable[Line]]:
    """The lines of each table, its heading first.

    Args:
        ledger: What the values tell.
        slots: What the schedule says.
        definition: Its periods and factors.
    """
    factors = tuple(factor.code for factor in definition.factors)
    rows = {
        codebook.ALLOCATION: _allocation(ledger, slots, definition.period_count),
        codebook.DISPENSATION: _dispensation(ledger, slots),
        codebook.DEVIATIONS: _deviations(ledger),
        codebook.ASSESSMENTS: _assessments(ledger),
        codebook.ASSESSMENT_HISTORY: _assessment_history(ledger),
        codebook.CODE_BREAKS: _code_breaks(ledger),
        codebook.PARTICIPANTS: _participants(ledger, factors),
        codebook.PRODUCTS: _products(ledger),
        codebook.PREPARATIONS: _preparations(ledger),
        codebook.PRODUCT_LOTS: _product_lots(ledger),
        codebook.QUALITY_RESULTS: _quality_results(ledger),
    }
    headings = {name: tuple(column for column, _ in codebook.columns(name, definition)) for name in rows}
    return {name: chain((headings[name],), lines) for name, lines in rows.items()}


def period_lines(ledger: Ledger, treatments: Mapping[int, str], period: int) -> Iterator[Line]:
    """The lines of the table of a staged release, its heading first.

    Args:
        ledger: What the values tell.
        treatments: Treatment code of the period, by slot.
        period: 1-based.
    """
    yield tuple(column for column, _ in codebook.PERIOD_COLUMNS)
    handed_out = {one.participant: one for one in ledger.dispensations if one.period == period}
    for one in ledger.allocations.values():
        last = ledger.periods.get((one.participant, period), PeriodEnd())
        kit = handed_out.get(one.participant)
        yield (
            one.entry,
            one.participant,
            one.site,
            one.stratum,
            one.slot,
            one.ordinal,
            one.randomization_number,
            one.allocated_at,
            treatments[one.slot],
            kit.kit if kit else "",
            kit.dispensed_at if kit else "",
            last.outcome,
            last.given_at,
            last.stopped_at,
            last.volume_ml,
        )


def encode(line: Line) -> bytes:
    """One line of a CSV file."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(line)
    return text.getvalue().encode()


def _allocation(ledger: Ledger, slots: Slots, period_count: int) -> Iterator[Line]:
    periods = range(1, period_count + 1)
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
    for one in ledger.deviations:
        yield (one.entry, one.participant, one.period, one.what, one.recorded_at)


def _assessments(ledger: Ledger) -> Iterator[Line]:
    first = {one.number: one for one in reversed(ledger.statements)}
    for number, one in ledger.assessments.items():
        made = first[number]
        yield (
            number,
            made.participant,
            made.site,
            one.assessment,
            one.time_point,
            one.done_at,
            made.account,
            made.signed_at,
            "no" if one.struck else "yes",
            one.entry,
        )


def _assessment_history(ledger: Ledger) -> Iterator[Line]:
    for one in ledger.statements:
        yield (
            one.entry,
            one.number,
            one.participant,
            one.site,
            one.act,
            one.assessment,
            one.time_point,
            one.done_at,
            one.account,
            one.signed_at,
        )


def _code_breaks(ledger: Ledger) -> Iterator[Line]:
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
    for _, row in sorted(ledger.participants.items(), key=lambda one: _by_number(one[0])):
        levels = _levels(row, "levels")
        true = levels | _levels(row, "corrected_levels")
        yield (
            *(row.text(name) for name in ("number", "site", "state")),
            row.whole("period"),
            row.text("ending"),
            _yes(row, "follow_up"),
            row.whole("attempt"),
            row.text("replaces"),
            _yes(row, "randomized_in_error"),
            *(row.text(name) for name in ("consented_at", "ended_at", "stratum")),
            *(levels.get(code, "") for code in factors),
            *(true.get(code, "") for code in factors),
        )


def _products(ledger: Ledger) -> Iterator[Line]:
    order = sorted(ledger.products.items(), key=lambda one: (_by_number(one[0][0]), one[0][1]))
    for (participant, donation), row in order:
        times = (row.text(name) for name in ("harvested_at", "cleared_at", "failed_at"))
        yield (participant, donation, row.text("state"), *times)


def _preparations(ledger: Ledger) -> Iterator[Line]:
    for one in ledger.preparations:
        yield (
            one.entry,
            one.participant,
            one.site,
            one.period,
            one.account,
            one.ended_at,
            *(
                one.facts[name]
                for name in ("kit", "content", "lot", "form", "cell_count", "viability", "thaw")
            ),
            " ".join(one.facts["spoiled"]),
        )


def _product_lots(ledger: Ledger) -> Iterator[Line]:
    for (participant, donation), told in _by_donation(ledger):
        for lot in told.lots:
            texts = (lot[name] for name in ("number", "form", "cell_count", "viability"))
            in_use = "yes" if lot["in_use"] else "no"
            yield (participant, donation, *texts, lot["recorded_at"] or "", in_use, lot["struck_at"] or "")


def _quality_results(ledger: Ledger) -> Iterator[Line]:
    for (participant, donation), told in _by_donation(ledger):
        counting, at_lock = _last_places(told.results), _last_places(told.results[: told.at_lock])
        for place, one in enumerate(told.results):
            cells = (one[name] for name in ("subject", "test", "result", "at", "by"))
            said = (place in counting, place in at_lock, place >= told.at_lock)
            yield (participant, donation, *cells, *("yes" if one else "no" for one in said))


def _last_places(results: Sequence[Mapping[str, Any]]) -> set[int]:
    """Where the last result of each subject and test stands."""
    return set({(one["subject"], one["test"]): place for place, one in enumerate(results)}.values())


def _by_donation(ledger: Ledger) -> list[tuple[tuple[str, int], ProductTold]]:
    return sorted(ledger.products_told.items(), key=lambda one: (_by_number(one[0][0]), one[0][1]))


def _by_number(number: str) -> tuple[int, str]:
    return len(number), number


def _levels(row: Row, name: str) -> dict[str, str]:
    try:
        return levels_of(row.text(name))
    except ValueError:
        return {}


def _yes(row: Row, name: str) -> str:
    return "yes" if row.new.get(name) is True else "no"
