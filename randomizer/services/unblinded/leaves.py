"""Whether what an envelope held is what the certificate fixed of its slot. No database, no key.

AES-GCM does not commit to its key: an envelope that opens proves nothing until its leaf leads to the root.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keys import merkle
from randomizer.domain.leaf import Leaf, encode_leaf

if TYPE_CHECKING:
    from randomizer.domain.definition_values import Definition
    from randomizer.domain.leaf import Content
    from randomizer.domain.trial import Slot


def check(
    slot: Slot, content: Content, definition: Definition, *, version: int, slots: int, root: bytes
) -> None:
    """Make the leaf of an opened slot again, and follow its proof.

    Args:
        slot: Its plain columns and the proof of its leaf.
        content: What its envelope held.
        definition: The blinded definition.
        version: Of the schedule.
        slots: How many the schedule has.
        root: The leaf root that is known from elsewhere, 32 bytes.

    Raises:
        ProofRefused: The leaf does not lead to the root.
        ValueError: Nothing of this kind can be a leaf.
    """
    leaf = Leaf(
        version=version,
        slot=slot.number,
        stratum=[stratum.code for stratum in definition.strata].index(slot.stratum),
        ordinal=slot.ordinal,
        randomization_number=slot.randomization_number,
        sequence_code=content.sequence_code,
        kits=slot.kits,
        salt=content.salt,
    )
    size = merkle.HASH_LENGTH
    proof = [slot.proof[at : at + size] for at in range(0, len(slot.proof), size)]
    merkle.verify_inclusion(merkle.leaf_hash(encode_leaf(leaf)), slot.number, slots, proof, root)
