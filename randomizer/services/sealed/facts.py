"""The facts of a sealed record of the unblinded side, as a release tells them: all but its note. No I/O.

Whoever writes such a record notes a salted digest of its facts in the entry of the act. After the release the
facts go out sealed under a key that follows from the released seed, so that its recipients open them and
nobody else; that they are what was written is then a matter of one digest, and of nobody's word.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from keys import envelope
from keys.stream import Stream
from randomizer.domain.canonical import time_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from randomizer.domain.quality import ProductDetails
    from randomizer.domain.sealed_texts import Preparation

    Facts = dict[str, Any]

NAME: Final = "facts.jsonl"
NOTED: Final = "facts_digest"
"""Under what an act notes the digest of the facts that it wrote."""

UNIT: Final = 2048  # bytes; a preparation always fits into one, so that no length tells what it holds
SALT_BYTES: Final = 32
_LABEL: Final = "crossover-randomizer/v1/facts"
_SALT_LABEL: Final = "crossover-randomizer/v1/facts-salt"


def of_preparation(noted: Preparation) -> Facts:
    """The facts of a preparation record."""
    texts = ("content", "kit", "lot", "form", "cell_count", "viability", "thaw")
    return {**{name: getattr(noted, name) for name in texts}, "spoiled": list(noted.spoiled)}


def of_product(details: ProductDetails) -> Facts:
    """The facts of a product's record, in the order in which they were recorded."""
    lots = [
        {
            "number": lot.number,
            "form": lot.form,
            "cell_count": lot.cell_count,
            "viability": lot.viability,
            "recorded_at": None if lot.recorded_at is None else time_text(lot.recorded_at),
            "in_use": lot.in_use,
            "struck_at": None if lot.struck_at is None else time_text(lot.struck_at),
        }
        for lot in details.lots
    ]
    results = [
        {
            "subject": one.subject,
            "test": one.test,
            "result": str(one.result),
            "at": time_text(one.at),
            "by": one.by,
        }
        for one in details.results
    ]
    return {"lots": lots, "results": results}


def salt(draws: Callable[[str], Stream], entry: int) -> bytes:
    """The salt of an entry's facts, 32 bytes: without the preparation key nobody can tell it.

    Args:
        draws: `keys.custody.KeyProvider.draws`.
        entry: Number of the entry that notes their digest.
    """
    return draws(f"{_SALT_LABEL}/{entry}").take(SALT_BYTES)


def noted(draws: Callable[[str], Stream], entry: int, facts: Facts) -> str:
    """What the act of an entry notes of the facts that it wrote: their digest; see `salt`."""
    return digest(facts, salt(draws, entry))


def digest(facts: Facts, salted: bytes) -> str:
    """SHA-256 of salt and facts, hex."""
    return hashlib.sha256(salted + _canonical(facts)).hexdigest()


def seal(seed: bytes, facts: Facts, salted: bytes) -> bytes:
    """Seal facts for whoever has the released seed; the same bytes whenever it is done.

    Key and nonce follow from seed and digest, so that no two contents ever share them.

    Args:
        seed: Of the schedule, 32 bytes.
        facts: As `of_preparation` or `of_product` gives them.
        salted: Their salt.
    """
    content = _canonical({"facts": facts, "salt": salted.hex()})
    bits = _bits(seed, digest(facts, salted))
    filled = content.ljust(-(-len(content) // UNIT) * UNIT)
    return envelope.seal(bits.take(envelope.KEY_LENGTH), filled, _LABEL.encode(), bits.take)


def unseal(seed: bytes, told: str, sealed: bytes) -> Facts:
    """The facts whose digest an entry notes.

    Args:
        seed: Of the schedule, as released.
        told: The digest.
        sealed: What `seal` gave.

    Raises:
        SealBroken: It does not open.
        ValueError: What was opened are not the facts of this digest; nothing of it is repeated.
    """
    filled = envelope.open_envelope(_bits(seed, told).take(envelope.KEY_LENGTH), sealed, _LABEL.encode())
    try:
        found = json.loads(filled)
        exact = _canonical(found) == filled.rstrip(b" ") and found.keys() == {"facts", "salt"}
        salted, known = bytes.fromhex(found["salt"]), found["facts"]
        exact = exact and len(salted) == SALT_BYTES and salted.hex() == found["salt"]
        if exact and isinstance(known, dict) and digest(known, salted) == told:
            return known
    except (ValueError, AttributeError, TypeError, RecursionError):
        pass
    raise ValueError("these are not the facts of this digest")


def _canonical(value: object) -> bytes:
    """RFC 8785 for what facts are made of: texts, whole numbers and flags under names in ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _bits(seed: bytes, told: str) -> Stream:
    return Stream(seed, f"{_LABEL}/{told}")
