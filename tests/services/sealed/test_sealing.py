from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from keys import envelope, wraps
from keys.errors import SealBroken
from keys.merkle import leaf_hash
from randomizer.domain import preparation_record
from randomizer.domain.leaf import Leaf, decode_content, encode_leaf
from randomizer.services.sealed import generator
from randomizer.services.sealed.bindings import (
    CODE_BREAK,
    EMERGENCY,
    ENVELOPE,
    STAGED,
    WRAPS,
    preparation_binding,
    slot_binding,
    slot_name,
)
from randomizer.services.sealed.bundle import encode_slot
from randomizer.services.sealed.sealing import SealedSlot, SealingKeys, seal
from tests.activated import entropy_of, small_definition, small_unblinded

if TYPE_CHECKING:
    from randomizer.domain.schedule import Schedule

SEED = bytes(range(32))
KEYS = SealingKeys(code_break=b"c" * 32, staged=b"s" * 32, preparation=b"p" * 32)
DEFINITION = small_definition()
UNBLINDED = small_unblinded(DEFINITION)
TRIAL = DEFINITION.trial_id


@pytest.fixture(scope="module")
def schedule() -> Schedule:
    return generator.generate(DEFINITION, UNBLINDED, SEED)


def sealed_slots(schedule: Schedule, version: int = 1) -> list[SealedSlot]:
    return list(
        seal(
            DEFINITION,
            schedule,
            version=version,
            salts=generator.salts(SEED),
            keys=KEYS,
            entropy=entropy_of("sealing"),
        )
    )


@pytest.fixture(scope="module")
def sealed(schedule: Schedule) -> list[SealedSlot]:
    return sealed_slots(schedule)


def slot_key(one: SealedSlot, purpose: str) -> bytes:
    number = one.slot.number
    key = {
        CODE_BREAK: KEYS.code_break,
        STAGED: KEYS.staged,
        EMERGENCY: wraps.emergency_key(one.code, slot_name(TRIAL, 1, number)),
    }[purpose]
    return wraps.unwrap(dict(one.slot.wraps)[purpose], key, slot_binding(TRIAL, 1, number, purpose))


@pytest.mark.promise(12)
@pytest.mark.requirement("sealing")
@pytest.mark.parametrize("purpose", WRAPS)
def test_each_wrap_opens_its_slot_to_what_was_drawn(
    schedule: Schedule, sealed: list[SealedSlot], purpose: str
) -> None:
    salts = generator.salts(SEED)
    for plan, one in zip(schedule, sealed, strict=True):
        number = one.slot.number
        opened = envelope.open_envelope(
            slot_key(one, purpose), one.slot.ciphertext, slot_binding(TRIAL, 1, number, ENVELOPE)
        )
        content = decode_content(opened)
        assert (content.sequence_code, content.treatments) == (plan.sequence_code, plan.treatments)
        assert content.salt == salts()


@pytest.mark.promise(13)
def test_an_opened_slot_leads_to_its_leaf(sealed: list[SealedSlot]) -> None:
    for one in sealed:
        slot = one.slot
        key = slot_key(one, CODE_BREAK)
        content = decode_content(
            envelope.open_envelope(key, slot.ciphertext, slot_binding(TRIAL, 1, slot.number, ENVELOPE))
        )
        leaf = Leaf(
            version=1,
            slot=slot.number,
            stratum=[stratum.code for stratum in DEFINITION.strata].index(slot.stratum),
            ordinal=slot.ordinal,
            randomization_number=slot.randomization_number,
            sequence_code=content.sequence_code,
            kits=slot.kits,
            salt=content.salt,
        )
        assert leaf_hash(encode_leaf(leaf)) == slot.leaf_hash
        other = "BA" if content.sequence_code == "AB" else "AB"
        assert leaf_hash(encode_leaf(replace(leaf, sequence_code=other))) != slot.leaf_hash


@pytest.mark.promise(12)
def test_every_slot_has_a_key_a_code_and_nonces_of_its_own(sealed: list[SealedSlot]) -> None:
    keys = {slot_key(one, CODE_BREAK) for one in sealed}
    codes = {one.code.printed() for one in sealed}
    sealings = [one.slot.ciphertext for one in sealed]
    sealings += [wrap for one in sealed for _, wrap in one.slot.wraps]
    sealings += [record for one in sealed for record in one.preparation]
    assert len(keys) == len(codes) == len(sealed)
    assert len({sealing[: envelope.NONCE_LENGTH] for sealing in sealings}) == len(sealings)


@pytest.mark.promise(12)
def test_what_opens_one_slot_opens_no_other(sealed: list[SealedSlot]) -> None:
    first, second = sealed[0], sealed[1]
    bound = slot_binding(TRIAL, 1, second.slot.number, ENVELOPE)
    with pytest.raises(SealBroken):
        envelope.open_envelope(slot_key(first, CODE_BREAK), second.slot.ciphertext, bound)
    moved = replace(second, slot=replace(second.slot, wraps=first.slot.wraps))
    for purpose in WRAPS:
        with pytest.raises(SealBroken):
            slot_key(moved, purpose)


@pytest.mark.promise(12)
def test_a_wrap_opens_for_its_own_purpose_and_version_alone(schedule: Schedule) -> None:
    one = sealed_slots(schedule)[0]
    wrapped = dict(one.slot.wraps)
    for purpose, version in ((STAGED, 1), (CODE_BREAK, 2), (ENVELOPE, 1)):
        with pytest.raises(SealBroken):
            wraps.unwrap(wrapped[CODE_BREAK], KEYS.code_break, slot_binding(TRIAL, version, 0, purpose))
    with pytest.raises(SealBroken):
        wraps.unwrap(wrapped[CODE_BREAK], KEYS.code_break, slot_binding("other", 1, 0, CODE_BREAK))


def test_preparation_records_are_empty_and_all_of_one_length(sealed: list[SealedSlot]) -> None:
    assert {len(record) for one in sealed for record in one.preparation} == {
        preparation_record.RECORD_BYTES + envelope.OVERHEAD
    }
    for one in sealed:
        assert len(one.preparation) == DEFINITION.period_count
        for period, record in enumerate(one.preparation, start=1):
            bound = preparation_binding(TRIAL, 1, one.slot.number, period)
            assert preparation_record.decode(envelope.open_envelope(KEYS.preparation, record, bound)) == {}


@pytest.mark.promise(2)
def test_lengths_tell_nothing(sealed: list[SealedSlot]) -> None:
    assert len({len(one.slot.ciphertext) for one in sealed}) == 1
    assert len({len(wrap) for one in sealed for _, wrap in one.slot.wraps}) == 1


@pytest.mark.promise(3)
def test_nothing_of_a_sealing_prints_what_it_holds(schedule: Schedule, sealed: list[SealedSlot]) -> None:
    printed = f"{KEYS!r} {sealed[0]!r} {schedule!r} {schedule[0]!r}"
    assert "cccc" not in printed
    assert sealed[0].code.printed() not in printed
    assert sealed[0].slot.ciphertext.hex() not in printed
    assert "AB" not in printed.replace("masked", "")


@pytest.mark.promise(11)
def test_the_same_randomness_seals_the_same_bytes(schedule: Schedule, sealed: list[SealedSlot]) -> None:
    assert [one.slot for one in sealed_slots(schedule)] == [one.slot for one in sealed]
    assert sealed_slots(schedule, version=2)[0].slot.leaf_hash != sealed[0].slot.leaf_hash


@pytest.mark.promise(11)
def test_known_answers(schedule: Schedule, sealed: list[SealedSlot]) -> None:
    first = schedule[0]
    assert first.randomization_number == "59470939"
    assert first.kits == (("654953681", "966516753"), ("336634627", "964116203"))
    assert "".join(plan.sequence_code[0] for plan in schedule) == "BBAABBAAABBBABABBAAB"
    assert generator.salts(SEED)().hex() == "897c97ce49fc33158e526dd15aed94447ecb944bda4658e48ea500483620a489"
    assert (
        sealed[0].slot.leaf_hash.hex() == "ca67971150ac34cfe5fb9bc44e76071eb27a90d0b3ce96a6ff90733704f9295e"
    )
    lines = "\n".join(encode_slot(one.slot) for one in sealed)
    assert (
        hashlib.sha256(lines.encode()).hexdigest()
        == "0f96da45cacabe2fc8d73c63600c32dfca5ce6390640ed31050fabd5987c9e8b"
    )
