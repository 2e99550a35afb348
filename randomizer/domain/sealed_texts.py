"""What the unblinded side writes down, at one length whatever it says; only ever stored sealed.

Preparation records, and the answer that a code break showed; for a product see `randomizer.domain.quality`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import rfc8785

from randomizer.domain import preparation_record, room

if TYPE_CHECKING:
    from collections.abc import Mapping

SHOWN_BYTES: Final = 8192
_COUNT: Final = 4  # bytes of the length in front


def fill(
    values: Mapping[str, Any], length: int, *, kept_free: int = 0, typed: Mapping[str, str] | None = None
) -> bytes:
    """Write values as canonical JSON, filled up with zero bytes.

    Args:
        values: Texts, whole numbers, flags, lists and mappings.
        length: Bytes of the result.
        kept_free: How many of them must be left over.
        typed: The texts among them that were written just now, by field.

    Raises:
        Refused: They do not fit; nothing of them is repeated.
    """
    text = rfc8785.dumps(dict(values))
    most = length - _COUNT - kept_free
    if len(text) > most:
        raise room.too_long(typed or {}, len(text) - most)
    return (len(text).to_bytes(_COUNT, "big") + text).ljust(length, b"\0")


def read(filled: bytes) -> dict[str, Any]:
    """Give back the values that `fill` wrote.

    Raises:
        ValueError: The bytes are not of this form; they are not repeated.
    """
    count = int.from_bytes(filled[:_COUNT], "big")
    if len(filled) < _COUNT + count or any(filled[_COUNT + count :]):
        raise ValueError("these bytes are not a filled text")
    values = json.loads(filled[_COUNT : _COUNT + count])
    if not isinstance(values, dict):
        raise ValueError("these bytes are not a filled text")  # noqa: TRY004 - one class for every defect
    return values


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Preparation:
    """What the unblinded side knows of one slot and period; empty texts before the preparation.

    Args:
        content: Treatment code of what was put into the kit, "" before.
        kit: Number of the kit that it was put into, "" before.
        lot: Lot of the content.
        cell_count: As the preparer writes it, with its unit.
        viability: As the preparer writes it, with its unit.
        form: Product form, e.g. fresh or cryopreserved.
        thaw: Thaw record.
        note: Free text.
        spoiled: Numbers of kits that were begun and can't be used.
    """

    content: str = ""
    kit: str = ""
    lot: str = ""
    cell_count: str = ""
    viability: str = ""
    form: str = ""
    thaw: str = ""
    note: str = ""
    spoiled: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "Preparation(masked)"

    def to_bytes(self) -> bytes:
        """Give the plaintext; its length is always the same.

        Raises:
            Refused: The texts are too long.
        """
        texts = {name: getattr(self, name) for name in _PREPARATION_TEXTS}
        return preparation_record.encode(texts | {"spoiled": list(self.spoiled)})

    @classmethod
    def from_bytes(cls, filled: bytes) -> Preparation:
        """Read what `to_bytes` gave.

        Raises:
            ValueError: The bytes are no preparation record.
        """
        values = preparation_record.decode(filled)
        texts = {name: str(values.get(name, "")) for name in _PREPARATION_TEXTS}
        return cls(**texts, spoiled=tuple(str(kit) for kit in values.get("spoiled", [])))


_PREPARATION_TEXTS = ("content", "kit", "lot", "cell_count", "viability", "form", "thaw", "note")
