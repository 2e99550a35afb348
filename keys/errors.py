"""Every error of this package, as one tree; messages are plain sentences that hold no secret.

KeysError
├── SealBroken            an envelope, wrap or sealed file does not open under this key and context
├── CodeRefused           an emergency code was mistyped
├── NoteRefused           a signed note is malformed, or not signed as required
├── ShareRefused          a share is false, foreign, given twice, or there are too few
├── KeyFileRefused        a key file is malformed, readable by others, or in a directory others can write
├── ProofRefused          a Merkle proof does not lead to the root
├── ContributionRefused   a contribution does not fit its commitment, or a list of commitments is unsound
└── SelfTestFailed        a known answer came out wrong; nothing may be opened
"""

from __future__ import annotations

from typing import Literal


class KeysError(Exception):
    """The root of the tree."""


class SealBroken(KeysError):
    """Sealed bytes do not open: wrong key, wrong context, or changed bytes; it is never said which."""


class CodeRefused(KeysError):
    """An emergency code is not one that was ever printed; the message does not repeat it."""


class NoteRefused(KeysError):
    """A signed note is malformed, or not signed by a known key."""


class ShareRefused(KeysError):
    """A share, or a set of shares, cannot be used.

    Args:
        message: A plain sentence that names the share and not one of its words.
        why: What is wrong.
        position: Place of the share in the order given, 1-based; None when the set is at fault.
        custodian: Number of the custodian whose share it is or claims to be, 1-based, if known.
    """

    def __init__(
        self,
        message: str,
        *,
        why: Literal["false", "foreign", "duplicate", "too few"],
        position: int | None = None,
        custodian: int | None = None,
    ) -> None:
        super().__init__(message)
        self.why = why
        self.position = position
        self.custodian = custodian


class KeyFileRefused(KeysError):
    """A key file is malformed, readable by others, missing, or already there."""


class ProofRefused(KeysError):
    """A Merkle proof does not lead to the root, or asks about a leaf that the tree does not have."""


class ContributionRefused(KeysError):
    """A contribution does not fit its commitment, or the commitments do not fit each other."""


class SelfTestFailed(KeysError):
    """A known answer came out wrong on this machine."""
