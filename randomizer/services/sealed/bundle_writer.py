"""Writing a bundle while it is sealed: rows go to disk as they come, roots and digests are kept."""

from __future__ import annotations

import hashlib
import os
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Protocol

from keys.files import PRIVATE_MODE, PUBLIC_MODE
from keys.merkle import Frontier
from randomizer.domain.housekeeping import PreparationRecord
from randomizer.domain.numbers import group3
from randomizer.services.sealed.bundle import CODES, PREPARATION, SLOTS, encode_preparation, encode_slot
from randomizer.services.sealed.sealed_rows import RowRoots

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    from randomizer.services.sealed.sealing import SealedSlot


class Progress(Protocol):
    """Told how much of the work is done."""

    def __call__(self, slots: int, /) -> None:
        """So many more slots are done."""


class Roots:
    """The roots over leaves and over sealed rows, as rows come."""

    def __init__(self) -> None:
        self.leaves = Frontier()
        self.rows = RowRoots()

    def add(self, sealed: SealedSlot) -> None:
        """One more slot."""
        self.leaves.append(sealed.slot.leaf_hash)
        self.rows.add(sealed.slot)


class _Lines:
    """A file of lines whose digest is kept."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hashed = hashlib.sha256()

    def write(self, line: str) -> None:
        encoded = f"{line}\n".encode()
        self._hashed.update(encoded)
        self._file.write(encoded)

    @property
    def digest(self) -> str:
        return self._hashed.hexdigest()


def write_rows(
    directory: Path, slots: Iterable[SealedSlot], heading: str, progress: Progress | None = None
) -> tuple[Roots, dict[str, str]]:
    """Write sealed rows, preparation records and emergency codes.

    Args:
        directory: Of the bundle.
        slots: In the order of the schedule.
        heading: First line of the sheet of emergency codes.
        progress: Told each slot.

    Returns:
        The roots, and the digest of each file that the certificate names.
    """
    roots = Roots()
    with ExitStack() as stack:
        rows = stack.enter_context(_new_lines(directory / SLOTS, PUBLIC_MODE))
        preparation = stack.enter_context(_new_lines(directory / PREPARATION, PUBLIC_MODE))
        codes = stack.enter_context(_new_lines(directory / CODES, PRIVATE_MODE))
        codes.write(heading)
        for sealed in slots:
            roots.add(sealed)
            slot = sealed.slot
            rows.write(encode_slot(slot))
            for period, ciphertext in enumerate(sealed.preparation, start=1):
                record = PreparationRecord(slot=slot.number, period=period, ciphertext=ciphertext)
                preparation.write(encode_preparation(record))
            codes.write(f"{group3(slot.randomization_number)}  {sealed.code.printed()}")
            if progress is not None:
                progress(1)
    return roots, {SLOTS: rows.digest, PREPARATION: preparation.digest}


@contextmanager
def _new_lines(path: Path, mode: int) -> Iterator[_Lines]:
    new = path.with_name(f".{path.name}.new")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(handle, "wb", buffering=1 << 20) as file:
            os.fchmod(handle, mode)
            yield _Lines(file)
            file.flush()
            os.fsync(handle)
        new.rename(path)
    finally:
        new.unlink(missing_ok=True)
