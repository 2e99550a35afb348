"""The staged release on its way: of all slot keys, those of the slots that are in use; no I/O.

The key that wraps the slot keys opens every slot, so it goes to nobody. The custodians unwrap with it
what they were handed, and seal to each recipient the keys of those slots alone.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from keys import certificate, wraps
from keys.envelope import KEY_LENGTH
from keys.errors import KeysError, NoteRefused, SealBroken, StagedRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

SLOTS_TYPE: Final = "crossover-randomizer/v1/staged-slots"
COPY_TYPE: Final = "crossover-randomizer/v1/staged-copy"
_CONTENT_FORMAT: Final = "crossover-randomizer/v1/staged-release"
_ABOUT: Final = ("schedule_version", "trial_id")


@dataclass(frozen=True, slots=True)
class WrappedSlot:
    """The staged wrap of one slot.

    Args:
        index: Number of the slot.
        bound: What the wrap is bound to.
        wrap: The wrapped slot key.
    """

    index: int
    bound: bytes
    wrap: bytes


@dataclass(frozen=True, slots=True)
class StagedSlots:
    """The slots that are to be opened, as they go to the custodians; nothing here opens any.

    Args:
        trial_id: The trial.
        version: Of its schedule.
        slots: In ascending order.
    """

    trial_id: str
    version: int
    slots: tuple[WrappedSlot, ...]

    def to_bytes(self) -> bytes:
        """Canonical JSON and a newline."""
        slots = [
            {"bound": _text(one.bound), "index": one.index, "wrap": _text(one.wrap)} for one in self.slots
        ]
        return _line(SLOTS_TYPE, self.trial_id, self.version, slots=slots)

    @classmethod
    def from_bytes(cls, data: bytes) -> StagedSlots:
        """Read what `to_bytes` gave.

        Raises:
            StagedRefused: It is none, or a slot stands twice or out of order.
        """
        mapping = _read(data, SLOTS_TYPE)
        try:
            slots = tuple(
                WrappedSlot(
                    _number(one["index"]),
                    b64decode(one["bound"], validate=True),
                    b64decode(one["wrap"], validate=True),
                )
                for one in mapping["slots"]
            )
        except (KeyError, TypeError, ValueError):
            raise StagedRefused("The list of slots has an entry that is no wrapped slot key.") from None
        numbers = [one.index for one in slots]
        if numbers != sorted(set(numbers)):
            raise StagedRefused("The list of slots names a slot twice, or out of order.")
        return cls(mapping["trial_id"], mapping["schedule_version"], slots)


@dataclass(frozen=True, slots=True, repr=False)
class StagedCopy:
    """What a recipient gets: the keys of the slots in use; it prints without them.

    Args:
        trial_id: The trial.
        version: Of its schedule.
        keys: Key of each slot, 32 bytes, by the number of the slot.
    """

    trial_id: str
    version: int
    keys: Mapping[int, bytes] = field(repr=False)

    def __repr__(self) -> str:
        return "StagedCopy(masked)"

    def to_bytes(self) -> bytes:
        """Canonical JSON and a newline; it opens slots, so it leaves memory sealed to a recipient only."""
        keys = {str(index): _text(key) for index, key in self.keys.items()}
        return _line(COPY_TYPE, self.trial_id, self.version, keys=keys)

    @classmethod
    def from_bytes(cls, data: bytes) -> StagedCopy:
        """Read what `to_bytes` gave.

        Raises:
            StagedRefused: It is none; the message repeats nothing of it.
        """
        mapping = _read(data, COPY_TYPE)
        try:
            keys = {int(index): b64decode(key, validate=True) for index, key in mapping["keys"].items()}
        except (KeyError, AttributeError, TypeError, ValueError):
            raise StagedRefused("What was opened is no copy of a staged release.") from None
        if any(len(key) != KEY_LENGTH for key in keys.values()):
            raise StagedRefused("What was opened is no copy of a staged release.")
        return cls(mapping["trial_id"], mapping["schedule_version"], keys)


def narrow(content: bytes, given: StagedSlots) -> StagedCopy:
    """Unwrap the keys of the slots that were handed in, and forget the key that wraps them all.

    Args:
        content: The opened staged release.
        given: The slots.

    Raises:
        StagedRefused: The content is no staged release, is of another schedule, or a slot does not open.
    """
    try:
        mapping = json.loads(content)
        about = {name: mapping[name] for name in _ABOUT}
        key, form = b64decode(mapping["staged_key"], validate=True), mapping["format"]
    except (KeyError, TypeError, ValueError, RecursionError):
        raise StagedRefused("What was opened is no staged release.") from None
    if form != _CONTENT_FORMAT:
        raise StagedRefused("What was opened is no staged release.")
    if about != {"schedule_version": given.version, "trial_id": given.trial_id}:
        raise StagedRefused("The slots are those of another trial, or of another version of its schedule.")
    found = {}
    for one in given.slots:
        try:
            found[one.index] = wraps.unwrap(one.wrap, key, one.bound)
        except SealBroken:
            raise StagedRefused(
                f"Slot {one.index} does not open: its wrap was changed, or belongs to another slot."
            ) from None
    return StagedCopy(given.trial_id, given.version, found)


def _line(kind: str, trial_id: str, version: int, **more: Any) -> bytes:  # noqa: ANN401 - JSON
    return (
        certificate.canonical({"type": kind, "schedule_version": version, "trial_id": trial_id, **more})
        + b"\n"
    )


def _read(data: bytes, kind: str) -> dict[str, Any]:
    try:
        mapping = certificate.parse(data.decode())
    except (NoteRefused, KeysError, UnicodeDecodeError):
        mapping = {}
    about = (mapping.get("type"), type(mapping.get("schedule_version")), type(mapping.get("trial_id")))
    if about != (kind, int, str):
        raise StagedRefused(f"This is no file of the type {kind}.")
    return mapping


def _text(content: bytes) -> str:
    return b64encode(content).decode()


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError("a number of a slot is needed")
    return value
