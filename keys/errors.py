"""Every error of this package, as one tree; messages are plain sentences that hold no secret.

KeysError
├── SealBroken            an envelope, wrap or sealed file does not open under this key and context
├── CodeRefused           a printed code was mistyped
├── NoteRefused           a signed note is malformed, or not signed as required
├── StagedRefused         a list of slots or a copy of a staged release is malformed, or of another schedule
├── ShareRefused          a share is false, foreign, given twice, or there are too few
├── PrintingRefused       a sheet cannot go to a printer
├── KeyFileRefused        a key file is malformed, readable by others, or in a directory others can write
├── ProofRefused          a Merkle proof is malformed or does not lead to the root
├── CosigningRefused      a witness does not co-sign: fork, rollback, unknown log, or no proof of growth
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


class StagedRefused(KeysError):
    """What belongs to a staged release is malformed, of another schedule, or about other slots."""


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


class PrintingRefused(KeysError):
    """A sheet cannot go to a printer, or its command failed; no word of the sheet is repeated."""


class KeyFileRefused(KeysError):
    """A key file is malformed, readable by others, missing, or already there."""


class ProofRefused(KeysError):
    """A Merkle proof is malformed, does not lead to the root, or is about a leaf that the tree lacks."""


class CosigningRefused(KeysError):
    """A witness does not co-sign a checkpoint.

    Args:
        message: A plain sentence that names the log and both sizes.
        why: What is wrong; a *fork* can also be a proof that belongs to another checkpoint.
    """

    def __init__(
        self,
        message: str,
        *,
        why: Literal["unknown log", "unsigned", "rollback", "fork", "stale proof", "state"],
    ) -> None:
        super().__init__(message)
        self.why = why


class ContributionRefused(KeysError):
    """A contribution does not fit its commitment, or the commitments do not fit each other."""


class SelfTestFailed(KeysError):
    """A known answer came out wrong on this machine."""
