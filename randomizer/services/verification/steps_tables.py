"""The CSV files of a release: compared line by line with what they should hold, or written."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Protocol

from keys import files
from randomizer.services.verification import steps
from randomizer.services.verification.reading import RELEASE, lines
from randomizer.services.verification.tables import encode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from randomizer.services.verification.report import Findings
    from randomizer.services.verification.tables import Line


class Settle(Protocol):
    """What is done with the tables that were made."""

    def __call__(self, directory: Path, tables: Mapping[str, Iterable[Line]], findings: Findings) -> None:
        """Do it.

        Args:
            directory: ``DIR/release``.
            tables: The lines of each file.
            findings: Where it is told.
        """


def compare(directory: Path, tables: Mapping[str, Iterable[Line]], findings: Findings) -> None:
    """Compare every file with its table; see `Settle`."""
    count = 0
    for name, table in tables.items():
        # A text may hold a newline that nobody should have let in: compared are lines of the file.
        expected = (part for line in table for part in encode(line).splitlines(keepends=True))
        found = lines(directory / name)
        for number, (wanted, line) in enumerate(zip_longest(expected, found), start=1):
            count += 1
            if wanted != line:
                findings.fail(
                    steps.TABLES_AGREE, f"{RELEASE}/{name} line {number}", _difference(wanted, line)
                )
    findings.hold(steps.TABLES_AGREE, f"{count} lines of {len(tables)} files.")


def write(directory: Path, tables: Mapping[str, Iterable[Line]], findings: Findings) -> None:
    """Write every file; see `Settle`."""
    count = 0
    for name, table in tables.items():
        written = [encode(line) for line in table]
        files.write_public(directory / name, b"".join(written), replace=True)
        count += len(written)
    findings.hold(steps.TABLES_AGREE, f"{count} lines of {len(tables)} files, written just now.")


def _difference(wanted: bytes | None, line: bytes | None) -> str:
    if wanted is None:
        return "Nothing of this line follows from entries and schedule."
    if line is None:
        return f"A line is missing: {wanted.decode().strip()}"
    return f"It should be: {wanted.decode().strip()}"
