"""Splitting the eligibility text of a registry record into its criteria, word for word."""

from __future__ import annotations

import re
from dataclasses import dataclass

_HEADING = re.compile(r"(?:key\s+)?(inclusion|exclusion)(?:\s+criteria)?\s*:?\s*(.*)", re.IGNORECASE)
_BULLET = re.compile(r"(?:[-*•·–]|\(?\d{1,2}[.)])\s+(.*)")  # noqa: RUF001 - records use several dashes


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One criterion as the record words it."""

    kind: str  # "inclusion" or "exclusion"
    text: str


def split(text: str) -> tuple[Criterion, ...]:
    """Split the text at headings, bullets and empty lines; wrapped lines are joined.

    Args:
        text: Lines, both kinds under their headings; before any heading all are inclusion criteria.
    """
    kind = "inclusion"
    found: list[tuple[str, list[str]]] = []
    fresh = True
    for line in text.split("\n"):
        heading = _HEADING.fullmatch(line)
        if heading and (not heading[2] or "criteria" in line.casefold()):
            kind, line, fresh = heading[1].casefold(), heading[2], True  # noqa: PLW2901 - the rest of the line
        bullet = _BULLET.fullmatch(line)
        if bullet or (fresh and line):
            found.append((kind, [bullet[1] if bullet else line]))
        elif line:
            found[-1][1].append(line)
        fresh = not line
    return tuple(Criterion(kind=kind, text=" ".join(parts)) for kind, parts in found)
