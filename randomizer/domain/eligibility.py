"""Judging the answers to the eligibility items: every finding at once, each naming its rule."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from randomizer.domain.definition_values import Check, EligibilityItem

NEVER = "never"  # the answer to a "not within" check where there was no dose or event
MONTHS_PER_YEAR = 12
_NUMBER = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,4})?")
_SHORTEST_MONTH = 28


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemAnswer:
    """What a person says of one item.

    Args:
        confirmed: The inclusion criterion is met; the exclusion criterion is absent.
        values: By field of the item's checks: a number with a decimal point; for time since a dose or event
            the date (YYYY-MM-DD), the number of days or months, or "never".
    """

    confirmed: bool
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One reason why the participant is not eligible as answered."""

    item: str  # code
    field: str  # of the check, or the item's code where its confirmation is the matter
    sentence: str


def judge(
    items: Iterable[EligibilityItem], answers: Mapping[str, ItemAnswer], *, on: date | None = None
) -> tuple[Finding, ...]:
    """Judge the answers of one participant.

    Args:
        items: Those of the participant's site.
        answers: By item code.
        on: The day of judging, from which times since a date are counted; without it a date is refused.

    Returns:
        All findings, in the order of the items; none means eligible.
    """
    listed = tuple(items)
    findings = [finding for item in listed for finding in _judge_item(item, answers.get(item.code), on)]
    known = {item.code for item in listed}
    findings += [
        Finding(item=code, field=code, sentence=f"There is no criterion {code} at this site.")
        for code in answers
        if code not in known
    ]
    return tuple(findings)


def _judge_item(item: EligibilityItem, answer: ItemAnswer | None, on: date | None) -> Iterator[Finding]:
    if answer is None or not answer.confirmed:
        state = "met" if item.kind == "inclusion" else "absent"
        sentence = f"{item.kind.capitalize()} criterion {item.code} is not confirmed as {state}: {item.text}"
        yield Finding(item=item.code, field=item.code, sentence=sentence)
    values = answer.values if answer else {}
    for check in item.checks:
        sentence = judge_value(check, values.get(check.field, ""), on=on)
        if sentence:
            yield Finding(item=item.code, field=check.field, sentence=sentence)
    for name in values:
        if all(check.field != name for check in item.checks):
            yield Finding(
                item=item.code, field=name, sentence=f"Criterion {item.code} asks for no value {name!r}."
            )


def judge_value(check: Check, text: str, *, on: date | None = None) -> str:
    """Return the sentence about one value, or "" when the check holds.

    Args:
        check: The rule.
        text: The value as typed.
        on: The day of judging.
    """
    text = text.strip()
    if not text:
        return f"{check.label} is missing. It {rule(check)}."
    if check.operator == "not within":
        return _judge_time_since(check, text, on)
    number = _number(text)
    if number is None:
        return f"{check.label} must be a number with a decimal point, such as 3.5; got {text[:40]!r}."
    low, high = check.plausible_low, check.plausible_high
    if (low is not None and number < low) or (high is not None and number > high):
        return f"{check.label} cannot be {_with_unit(text, check.unit)}: check what was typed."
    return "" if _holds(check, number) else f"{check.label} {rule(check)}; got {text}."


def rule(check: Check) -> str:
    """Return what must hold, as the end of a sentence: "must be between 18 and 50 years"."""
    if check.operator == "not within":
        span = _with_unit(f"{check.high}", check.unit)
        return f"must be more than {span} ago" if check.inclusive else f"must be at least {span} ago"
    if check.operator == "between":
        return "must be " + _with_unit(f"between {check.low} and {check.high}", check.unit)
    limit = check.low if check.low is not None else check.high
    return "must be " + _with_unit(f"{check.operator} {limit}", check.unit)


def _number(text: str) -> Decimal | None:
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def _with_unit(text: str, unit: str) -> str:
    singular = unit[:-1] if text == "1" and unit in {"days", "months", "years"} else unit
    return f"{text} {singular}".strip()


def _holds(check: Check, number: Decimal) -> bool:
    low = check.low if check.low is not None else number
    high = check.high if check.high is not None else number
    if check.operator == "less than":
        return number < high
    if check.operator == "more than":
        return number > low
    return low <= number <= high


def _judge_time_since(check: Check, text: str, on: date | None) -> str:
    if text.casefold() == NEVER:
        return ""
    number = _number(text)
    high = check.high or Decimal(0)
    if number is not None:
        if number < 0:
            return f"{check.label} cannot be {_with_unit(text, check.unit)} ago: check what was typed."
        held_back = number <= high if check.inclusive else number < high
        return f"{check.label} {rule(check)}; got {_with_unit(text, check.unit)}." if held_back else ""
    day = _day(text)
    if day is None or on is None:
        wanted = f'a date as YYYY-MM-DD, a number of {check.unit}, or "{NEVER}"'
        return f"{check.label} must be {wanted}; got {text[:40]!r}."
    if day > on:
        return f"{check.label} cannot lie in the future; got {_spoken(day)}, today is {_spoken(on)}."
    bound = _later(day, int(high), check.unit)
    held_back = on <= bound if check.inclusive else on < bound
    return f"{check.label} {rule(check)}; got {_spoken(day)}, on {_spoken(on)}." if held_back else ""


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else None
    except ValueError:
        return None


def _later(day: date, count: int, unit: str) -> date:
    """Return the day so many days or calendar months later; the 31st becomes the last of a shorter month."""
    if unit == "days":
        return day + timedelta(days=count)
    months = day.year * MONTHS_PER_YEAR + day.month - 1 + count
    year, month = divmod(months, MONTHS_PER_YEAR)
    last = calendar.monthrange(year, month + 1)[1] if day.day > _SHORTEST_MONTH else day.day
    return date(year, month + 1, min(day.day, last))


def _spoken(day: date) -> str:
    return f"{day.day} {calendar.month_abbr[day.month]} {day.year}"
