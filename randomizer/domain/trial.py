"""The trial, its sites, strata, slots and allocations."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from randomizer.errors import Refused

if TYPE_CHECKING:
    from datetime import datetime


class Kind(StrEnum):
    """What an instance is for; the two are never mixed."""

    REHEARSAL = "rehearsal"
    PRODUCTION = "production"


class Phase(StrEnum):
    """Where the trial is in its life."""

    DRAFT = "draft"
    ACTIVE = "active"
    ENROLMENT_CLOSED = "enrolment closed"
    TERMINATED = "terminated"
    LOCKED = "locked"
    RELEASED = "released"


RUNNING = frozenset({Phase.ACTIVE, Phase.ENROLMENT_CLOSED})
"""Phases in which clinical acts go on; in `TERMINATED` what has begun is only recorded to its end."""

OPEN = RUNNING | {Phase.TERMINATED}
"""Phases in which data acts are accepted."""

NO_MORE_ENROLLED = OPEN - {Phase.ACTIVE}
"""Phases in which nobody new comes in and data acts are still accepted."""

FINAL = frozenset({Phase.LOCKED, Phase.RELEASED})
"""Phases after the sponsor's statement that data are final."""

_PHASE_WORDS = {Phase.DRAFT: "not activated yet", Phase.ENROLMENT_CLOSED: "closed to enrolment"}
"""What follows "is" of a trial, where the phase itself does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The one trial of an instance.

    Args:
        number: Always 1.
        kind: Rehearsal or production.
        phase: Where it is in its life.
        definition: The blinded definition as canonical JSON.
        definition_digest: SHA-256 of it, hex.
        certificate: The signed note; empty before activation.
        certificate_digest: SHA-256 of the certificate's text, hex; empty before activation.
        activation_entry: Number of the entry that brought the certificate in; -1 before activation.
        locked_at: When the data were stated to be final.
        entry: Number of the last entry about this record.
    """

    KEY: ClassVar = ("number",)
    number: int = 1
    kind: Kind
    phase: Phase
    definition: str = field(repr=False)
    definition_digest: str
    certificate: bytes = field(default=b"", repr=False)
    certificate_digest: str = ""
    activation_entry: int = -1
    locked_at: datetime | None = None
    entry: int = 0

    def demand(self, phases: frozenset[Phase], *, what: str) -> None:
        """Refuse an act that the phase does not admit.

        Args:
            phases: Where the trial must be in its life.
            what: The act in words that follow "To", for the refusal.

        Raises:
            Refused: The trial is in another phase.
        """
        if self.phase not in phases:
            expected = " or ".join(_PHASE_WORDS.get(phase, phase) for phase in Phase if phase in phases)
            standing = _PHASE_WORDS.get(self.phase, self.phase)
            raise Refused(
                f"To {what}, the trial has to be {expected}; it is {standing}. Nothing was changed.",
                next_step="The trial manager knows what comes next.",
            )


class SiteState(StrEnum):
    """Whether a site may enrol and treat."""

    PLANNED = "planned"
    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteStatus:
    """A site of the definition and whether the sponsor has opened it."""

    KEY: ClassVar = ("code",)
    code: str
    state: SiteState
    opened_at: datetime | None = None
    entry: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StratumStatus:
    """How far a stratum of the schedule is used.

    Args:
        code: Stratum code of the definition.
        capacity: Slots sealed for it.
        next_ordinal: 1-based ordinal of the next slot; capacity + 1 when exhausted.
        reserved: Places kept for harvested participants who are not yet randomized.
        low_water: Places left at which the trial manager is told.
        entry: Number of the last entry about this record.
    """

    KEY: ClassVar = ("code",)
    code: str
    capacity: int
    next_ordinal: int = 1
    reserved: int = 0
    low_water: int = 0
    entry: int = 0

    @property
    def free(self) -> int:
        """Places neither used nor reserved."""
        return self.capacity - (self.next_ordinal - 1) - self.reserved


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One sealed row of the schedule; nothing here says what it holds.

    Args:
        number: 0-based position in the whole schedule.
        stratum: Stratum code.
        ordinal: 1-based position within the stratum.
        randomization_number: Eight digits.
        kits: Per period, the unordered set of kit numbers, sorted.
        leaf_hash: 32 bytes.
        proof: Inclusion proof of the leaf, concatenated 32-byte hashes.
        ciphertext: The envelope.
        wraps: The slot key's wraps by purpose: code-break, staged, emergency.
    """

    KEY: ClassVar = ("number",)
    number: int
    stratum: str
    ordinal: int
    randomization_number: str
    kits: tuple[tuple[str, ...], ...]
    leaf_hash: bytes = field(repr=False)
    proof: bytes = field(repr=False)
    ciphertext: bytes = field(repr=False)
    wraps: tuple[tuple[str, bytes], ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """A slot bound to a participant, once."""

    KEY: ClassVar = ("participant",)
    participant: str
    slot: int
    stratum: str
    ordinal: int
    randomization_number: str
    allocated_at: datetime
    entry: int = 0
