"""That each scripted event stands in the release as it should."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from randomizer.cli.story.plans import SCRIPTED, Event
from randomizer.errors import Refused

if TYPE_CHECKING:
    from pathlib import Path

    from randomizer.cli.story.counter import Counter

    Row = dict[str, str]


def demand(directory: Path, counter: Counter, participants: int) -> None:
    """Compare the release with what was played.

    Args:
        directory: Of the story.
        counter: What was played.
        participants: How many should be randomized.

    Raises:
        Refused: Something is missing from the release, or stands there otherwise; all of it is listed.
    """
    release = directory / "release"
    found = {name: _rows(release / f"{name}.csv") for name in TABLES}
    wrong = [sentence for sentence in _faults(found, counter, participants) if sentence]
    if wrong:
        raise Refused("The release differs from the story: " + " ".join(wrong))


TABLES = (
    "allocation",
    "dispensation",
    "deviations",
    "assessments",
    "assessment_history",
    "code_breaks",
    "participants",
    "products",
)


def _faults(found: dict[str, list[Row]], counter: Counter, participants: int) -> list[str]:
    faults = [
        _same("allocations", len(found["allocation"]), participants),
        _same("dispensations", len(found["dispensation"]), counter.dispensations),
        _same("blinded assessments", len(found["assessments"]), counter.assessments),
        _same("code breaks", len(found["code_breaks"]), counter.count(Event.CODE_BREAK)),
    ]
    if participants >= len(SCRIPTED):
        faults += [f"No {event} was played." for event in Event if _unplayed(counter, event)]
        faults += [_stands(found, event, number) for event, number in counter.numbers.items()]
    return faults


def _unplayed(counter: Counter, event: Event) -> bool:
    return event is not Event.TERMINATED and counter.count(event) == 0


def _same(what: str, got: int, expected: int) -> str:
    return "" if got == expected else f"{got} {what}, expected {expected}."


def _stands(found: dict[str, list[Row]], event: Event, number: str) -> str:
    """A sentence where an event does not stand in the release, else ""."""
    expected = {
        Event.SCREEN_FAILURE: ("participants", {"state": "screen failed"}),
        Event.RESCREENED: ("participants", {"attempts": "2"}),
        Event.PRODUCT_FAILURE: ("products", {"state": "failed"}),
        Event.CODE_BREAK: ("code_breaks", {"reason": "emergency"}),
        Event.DEATH: ("participants", {"ending": "died"}),
        Event.WITHDRAWAL: ("participants", {"ending": "consent withdrawn"}),
        Event.RANDOMIZED_IN_ERROR: ("deviations", {"what": "randomized in error"}),
        Event.WRONG_FACTOR: ("deviations", {"what": "randomized with a wrong factor"}),
        Event.OUTSIDE_WINDOW: ("deviations", {"what": "outside the visit window"}),
        Event.SITE_TRANSFER: ("allocation", {}),
        Event.MISSED_PERIOD: ("allocation", {}),
        Event.LATE_RESULT: ("products", {"state": "cleared"}),
        Event.SPARE_KIT: ("dispensation", {"period": "1"}),
        Event.ASSESSMENT_CORRECTED: ("assessment_history", {"act": "blinded assessment corrected"}),
    }
    table, values = expected[event]
    rows = [row for row in found[table] if row["participant"] == number]
    if not any(all(row.get(name) == value for name, value in values.items()) for row in rows):
        return f"{event} of participant {number} does not stand in {table}.csv."
    if event is Event.MISSED_PERIOD and any(
        row["participant"] == number and row["period"] == "2" for row in found["dispensation"]
    ):
        return f"Participant {number} missed period 2, but a kit was handed out."
    if event is Event.SITE_TRANSFER and not _moved(found, number):
        return f"Participant {number} was not dispensed to at two sites."
    return ""


def _moved(found: dict[str, list[Row]], number: str) -> bool:
    sites = {row["site"] for row in found["dispensation"] if row["participant"] == number}
    return len(sites) > 1


def _rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
