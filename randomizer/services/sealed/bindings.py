"""What each sealed thing is bound to: the associated data of envelopes and wraps. No I/O, no key.

Ceremony, activation and the code-break door all take these bytes from here, so that a ciphertext moved to
another trial, slot, period or purpose never opens.
"""

from __future__ import annotations

from typing import Final

from keys.labelled import encode

ENVELOPE: Final = "envelope"
CODE_BREAK: Final = "code-break"
STAGED: Final = "staged"
EMERGENCY: Final = "emergency"
WRAPS: Final = (CODE_BREAK, STAGED, EMERGENCY)
"""Purposes of the wraps of a slot key, in the order of the format."""

_SLOT: Final = "crossover-randomizer/v1/bound/slot"
_SLOT_PART: Final = "crossover-randomizer/v1/bound/slot-part"
_PREPARATION: Final = "crossover-randomizer/v1/bound/preparation-record"
_PRODUCT: Final = "crossover-randomizer/v1/bound/product-details"
_SHOWN: Final = "crossover-randomizer/v1/bound/shown"
_UNBLINDED: Final = "crossover-randomizer/v1/bound/unblinded-definition"


def slot_name(trial_id: str, version: int, slot: int) -> bytes:
    """The bytes that name one slot of one schedule.

    Args:
        trial_id: As in the definition.
        version: Of the schedule, 1-based.
        slot: 0-based over the whole schedule.
    """
    return encode(_SLOT, trial_id.encode(), version.to_bytes(2, "big"), slot.to_bytes(4, "big"))


def slot_binding(trial_id: str, version: int, slot: int, purpose: str) -> bytes:
    """What the envelope of a slot (`ENVELOPE`) or one of its wraps is bound to."""
    return encode(_SLOT_PART, slot_name(trial_id, version, slot), purpose.encode())


def preparation_binding(trial_id: str, version: int, slot: int, period: int) -> bytes:
    """What the preparation record of a slot and period (1-based) is bound to."""
    return encode(_PREPARATION, slot_name(trial_id, version, slot), period.to_bytes(2, "big"))


def product_binding(trial_id: str, participant: str, donation: int) -> bytes:
    """What the details of a product are bound to."""
    return encode(_PRODUCT, trial_id.encode(), participant.encode(), donation.to_bytes(2, "big"))


def shown_binding(trial_id: str, intent: str) -> bytes:
    """What the record of a code break's answer is bound to."""
    return encode(_SHOWN, trial_id.encode(), intent.encode())


def unblinded_binding(trial_id: str) -> bytes:
    """What the sealed unblinded definition is bound to."""
    return encode(_UNBLINDED, trial_id.encode())
