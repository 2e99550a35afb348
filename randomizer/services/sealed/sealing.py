"""Sealing: every slot in an envelope of its own, its key wrapped three times; bytes and values, no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from keys import envelope, wraps
from keys.entropy import draw
from keys.merkle import leaf_hash
from randomizer.domain import preparation_record
from randomizer.domain.leaf import Content, Leaf, encode_content, encode_leaf
from randomizer.domain.trial import Slot
from randomizer.services.sealed.bindings import (
    CODE_BREAK,
    EMERGENCY,
    ENVELOPE,
    STAGED,
    preparation_binding,
    slot_binding,
    slot_name,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from keys.entropy import Entropy
    from keys.wraps import EmergencyCode
    from randomizer.domain.definition_values import Definition
    from randomizer.domain.schedule import Schedule, SlotPlan


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SealingKeys:
    """The keys of a sealing, 32 bytes each.

    Args:
        code_break: Wraps slot keys for code breaks.
        staged: Wraps slot keys for the staged release.
        preparation: Seals preparation records.
    """

    code_break: bytes
    staged: bytes
    preparation: bytes

    def __repr__(self) -> str:
        return "SealingKeys(masked)"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedSlot:
    """One slot as it leaves the ceremony.

    Args:
        slot: The sealed row, its inclusion proof still empty: that needs every leaf.
        preparation: For each period the empty preparation record, sealed.
        code: The emergency code that opens the third wrap.
    """

    slot: Slot
    preparation: tuple[bytes, ...]
    code: EmergencyCode


def seal(
    definition: Definition,
    schedule: Schedule,
    *,
    version: int,
    salts: Callable[[], bytes],
    keys: SealingKeys,
    entropy: Entropy,
) -> Iterator[SealedSlot]:
    """Seal a schedule, slot by slot, so that memory does not grow with it.

    Args:
        definition: The blinded definition.
        schedule: Of this definition.
        version: Of the schedule, 1-based.
        salts: Gives the salt of each leaf in turn, 32 bytes.
        keys: What the slot keys are wrapped under.
        entropy: Source of slot keys, emergency codes and nonces.

    Yields:
        The slots in the order of the schedule.
    """
    positions = {stratum.code: position for position, stratum in enumerate(definition.strata)}
    for plan in schedule:
        leaf = Leaf(
            version=version,
            slot=plan.index,
            stratum=positions[plan.stratum],
            ordinal=plan.ordinal,
            randomization_number=plan.randomization_number,
            sequence_code=plan.sequence_code,
            kits=plan.kits,
            salt=salts(),
        )
        yield _seal_one(definition.trial_id, leaf, plan, keys, entropy)


def _seal_one(trial_id: str, leaf: Leaf, plan: SlotPlan, keys: SealingKeys, entropy: Entropy) -> SealedSlot:
    version, index = leaf.version, leaf.slot
    slot_key = draw(entropy, envelope.KEY_LENGTH)
    code = wraps.new_code(entropy)
    content = Content(sequence_code=plan.sequence_code, treatments=plan.treatments, salt=leaf.salt)
    bound = slot_binding(trial_id, version, index, ENVELOPE)
    wrapping = (
        (CODE_BREAK, keys.code_break),
        (STAGED, keys.staged),
        (EMERGENCY, wraps.emergency_key(code, slot_name(trial_id, version, index))),
    )
    return SealedSlot(
        slot=Slot(
            number=index,
            stratum=plan.stratum,
            ordinal=plan.ordinal,
            randomization_number=plan.randomization_number,
            kits=plan.kits,
            leaf_hash=leaf_hash(encode_leaf(leaf)),
            proof=b"",
            ciphertext=envelope.seal(slot_key, encode_content(content), bound, entropy),
            wraps=tuple(
                (purpose, wraps.wrap(slot_key, key, slot_binding(trial_id, version, index, purpose), entropy))
                for purpose, key in wrapping
            ),
        ),
        preparation=tuple(
            envelope.seal(
                keys.preparation,
                _EMPTY_RECORD,
                preparation_binding(trial_id, version, index, period),
                entropy,
            )
            for period in range(1, len(plan.kits) + 1)
        ),
        code=code,
    )


_EMPTY_RECORD = preparation_record.encode({})
