"""Moments and days as people read them, in UTC; filters of every template."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from randomizer.domain.windows import day

if TYPE_CHECKING:
    from flask import Flask

__all__ = ["NONE", "capital", "day", "due", "entered", "hour", "left", "moment", "register", "value"]

NONE = "\u2013"  # stands in a table where there is nothing
MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")


def register(app: Flask) -> None:
    """Give the templates these words as filters."""
    filters = {"day": day, "moment": moment, "hour": hour, "left": left, "capital": capital, "value": value}
    app.jinja_env.filters |= filters


def moment(at: datetime) -> str:
    """A moment: 27 Nov 2026, 14:32 UTC."""
    return f"{day(at)}, {hour(at)}"


def hour(at: datetime) -> str:
    """A moment of a day that is known: 14:32 UTC."""
    return f"{at.astimezone(UTC):%H:%M} UTC"


def capital(text: str) -> str:
    """A sentence's beginning, the rest as it is."""
    return text[:1].upper() + text[1:]


def due(at: datetime | date, today: date) -> str:
    """When something is due: the hour if today, else the day."""
    if isinstance(at, datetime) and at.date() == today:
        return f"{at:%H:%M}"
    return day(at)


def left(until: datetime, now: datetime) -> str:
    """How long is left: "in 48 minutes", "in 2 hours 5 minutes", or that it is over."""
    minutes = int((until - now).total_seconds() // 60)
    if minutes < 0:
        return "over"
    hours, rest = divmod(minutes, 60)
    parts = [_count(hours, "hour")] if hours else []
    parts += [_count(rest, "minute")] if rest or not hours else []
    return "in " + " ".join(parts)


def entered(at: datetime | None) -> str:
    """A moment as the value of a date and time field; "" for none."""
    return "" if at is None else f"{at.astimezone(UTC):%Y-%m-%dT%H:%M}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def value(content: object) -> str:
    """A value of a record as JSON holds it: moments as moments, flags as yes and no, nothing as a dash."""
    if content is None or content == "":
        return NONE
    if isinstance(content, bool):
        return "yes" if content else "no"
    text = str(content)
    return moment(datetime.fromisoformat(text)) if MOMENT.fullmatch(text) else text
