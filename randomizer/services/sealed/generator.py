"""From a seed to the schedule and its salts: deterministic, integers only, the same on every machine."""

from __future__ import annotations

import hashlib
import inspect
from typing import TYPE_CHECKING

from keys import stream
from keys.stream import Stream
from randomizer.domain import leaf, numbers, procedures, schedule

if TYPE_CHECKING:
    from collections.abc import Callable

    from randomizer.domain.definition_values import Definition
    from randomizer.domain.schedule import Schedule
    from randomizer.domain.unblinded import UnblindedDefinition

VERSION = "crossover-randomizer/v1"
SALTS_LABEL = "salts"


def draws(seed: bytes, label: str) -> Stream:
    """The bits of one label.

    Args:
        seed: 32 bytes.
        label: "schedule", "kits" or "salts"; the version is put before it.
    """
    return Stream(seed, f"{VERSION}/{label}")


def generate(definition: Definition, unblinded: UnblindedDefinition, seed: bytes) -> Schedule:
    """The schedule of a seed.

    Args:
        definition: The blinded definition.
        unblinded: Its sequences and procedure.
        seed: 32 bytes.
    """
    return schedule.generate(definition, unblinded, lambda label: draws(seed, label))


def salts(seed: bytes) -> Callable[[], bytes]:
    """The salts of the leaves, slot 0 first: each call gives the next one, 32 bytes."""
    bits = draws(seed, SALTS_LABEL)
    return lambda: bits.take(leaf.SALT_BYTES)


def digest() -> str:
    """SHA-256 in hex that names the generator: over its version and the source of its modules.

    Contributors commit to it, so that nobody can choose another generator once contributions are known.
    """
    hashed = hashlib.sha256(VERSION.encode())
    for module in (stream, numbers, procedures, schedule, leaf):
        hashed.update(hashlib.sha256(inspect.getsource(module).encode()).digest())
    return hashed.hexdigest()
