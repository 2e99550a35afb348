"""Checkpoints of a log: its origin, size and root as a signed note; no I/O.

Source:
    c2sp.org/tlog-checkpoint.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from keys import notes
from keys.base64_text import from_base64, to_base64
from keys.errors import NoteRefused
from keys.merkle import HASH_LENGTH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keys.notes import NoteKey, VerifierKey

_SIZE_FORM: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_LINES: Final = 4  # origin, size, root and what follows the last newline


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log.

    Args:
        origin: Name of the log, which is also the name of its key.
        size: Number of leaves, under 2**63.
        root: RFC 6962 root over them, 32 bytes.
    """

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """Give the text of the note: origin, size in decimal, root in base64, each on a line."""
        return f"{self.origin}\n{self.size}\n{to_base64(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read the text of a checkpoint; extension lines are refused, our logs write none.

        Raises:
            NoteRefused: It is not one.
        """
        lines = text.split("\n")
        if len(lines) != _LINES or not lines[0] or lines[-1]:
            raise NoteRefused("A checkpoint is three lines: origin, size and root.")
        root = from_base64(lines[2])
        if not _SIZE_FORM.fullmatch(lines[1]) or int(lines[1]) >= 1 << 63:
            raise NoteRefused("The second line of a checkpoint is the number of leaves in decimal.")
        if root is None or len(root) != HASH_LENGTH:
            raise NoteRefused("The third line of a checkpoint is a hash of 32 bytes in base64.")
        return cls(lines[0], int(lines[1]), root)


@dataclass(frozen=True, slots=True)
class VerifiedCheckpoint:
    """A checkpoint whose log signature holds.

    Args:
        checkpoint: The head.
        names: Names of the known keys that signed it; the log's own is among them.
        cosigned_at: Name and time in POSIX seconds of each witness's timestamped cosignature.
    """

    checkpoint: Checkpoint
    names: tuple[str, ...]
    cosigned_at: tuple[tuple[str, int], ...]


def sign(checkpoint: Checkpoint, key: NoteKey) -> bytes:
    """Sign a checkpoint with the log's key.

    Raises:
        NoteRefused: The key is not named as the origin, or the checkpoint cannot be read back.
    """
    if key.name != checkpoint.origin:
        raise NoteRefused(f"Key {key.name} cannot sign for the log {checkpoint.origin}.")
    if Checkpoint.parse(checkpoint.text()) != checkpoint:
        raise NoteRefused("The checkpoint cannot be written down.")
    return notes.sign(checkpoint.text(), key)


def verify(note: bytes, verifiers: Sequence[VerifierKey]) -> VerifiedCheckpoint:
    """Verify a checkpoint; a witness's signature without the log's own is not enough.

    Args:
        note: Any bytes.
        verifiers: The keys of the log and of its witnesses.

    Raises:
        NoteRefused: The note is malformed, a signature does not hold, or the log did not sign.
    """
    verified = notes.verify(note, verifiers)
    checkpoint = Checkpoint.parse(verified.text)
    log_keys = [key for key in verifiers if key.name == checkpoint.origin and key.kind == notes.ED25519]
    notes.verify(note, log_keys)
    return VerifiedCheckpoint(checkpoint, verified.names, verified.cosigned_at)
