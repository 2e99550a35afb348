"""Rehearsals with fixed randomness: the same text gives the same schedule, keys, codes and nonces.

Never for a production ceremony; the certificate of such a rehearsal says so. What is sealed to a public key
(HPKE) differs each time all the same: that randomness is the library's own.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from keys import contribution
from keys.notes import NoteKey
from keys.stream import Stream
from randomizer.services.sealed.ceremony import Committed

if TYPE_CHECKING:
    from keys.contribution import Contribution
    from keys.entropy import Entropy
    from randomizer.services.sealed.ceremony import Plan

LABEL = "crossover-randomizer/v1/rehearsal"
CONTRIBUTORS = ("rehearsal-1", "rehearsal-2")


def fixed_entropy(text: str) -> Entropy:
    """Bytes that follow from a text alone, each used once."""
    return Stream(hashlib.sha256(text.encode()).digest(), LABEL).take


def contributors(plan: Plan, entropy: Entropy) -> tuple[tuple[Committed, Contribution], ...]:
    """The commitments and contributions of a rehearsal without people."""
    made = []
    for name in CONTRIBUTORS:
        key = NoteKey.generate(name, entropy)
        one = contribution.new_contribution(name, plan.terms, entropy)
        committed = Committed(commitment=one.commitment, verifier=key.verifier, note=one.commitment.note(key))
        made.append((committed, one))
    return tuple(made)
