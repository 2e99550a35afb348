from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from keys.merkle import HASH_LENGTH, verify_inclusion
from randomizer.domain.housekeeping import Entry, EntryValues, PreparationRecord
from randomizer.domain.people import Role
from randomizer.domain.supply import Kit
from randomizer.domain.trial import Kind, Phase, SiteState, SiteStatus, Slot, StratumStatus, Trial
from randomizer.errors import BundleRefused, NotAllowed, RandomizerError, Refused, Stopped
from randomizer.services import conduct, trail
from randomizer.services.care import allocation, products
from randomizer.services.founding import activation, definition_signing
from randomizer.services.sealed import bundle as bundle_files
from randomizer.services.sealed import certificate_fields
from randomizer.services.sealed.bundle import Bundle
from tests import activated, desks
from tests.activated import SITE, copy, sign_again

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.activated import Instance, Rehearsal


def load(instance: Instance, rehearsal: Rehearsal, role: Role = Role.ADMINISTRATOR) -> Trial:
    return instance.act(
        activation.activate, role, rehearsal.bundle, key=rehearsal.key, pinned_digest=rehearsal.digest
    )


def refused(instance: Instance, rehearsal: Rehearsal, kind: type[RandomizerError] = BundleRefused) -> str:
    with instance.store.reading() as uow:
        entries = uow.count(Entry)
    with pytest.raises(kind) as refusal:
        load(instance, rehearsal)
    with instance.store.reading() as uow:
        assert uow.get(Trial, 1).phase is Phase.DRAFT
        counts = [uow.count(one) for one in (Slot, Kit, PreparationRecord, StratumStatus)]
        assert counts == [0, 0, 0, 0]
        assert uow.count(Entry) == entries
    return refusal.value.message


@pytest.fixture
def signed(draft: Instance) -> Instance:
    activated.sign_definition(draft)
    return draft


@pytest.mark.promise(13)
@pytest.mark.requirement("activation")
def test_activation_loads_every_slot_with_its_proof(instance: Instance, rehearsal: Rehearsal) -> None:
    fields = certificate_fields.read(rehearsal.bundle.read(bundle_files.CERTIFICATE))
    with instance.store.reading() as uow:
        slots = uow.all(Slot)
        for slot in slots:
            proof = [slot.proof[at : at + HASH_LENGTH] for at in range(0, len(slot.proof), HASH_LENGTH)]
            verify_inclusion(slot.leaf_hash, slot.number, 20, proof, bytes.fromhex(fields.leaf_root))
        assert [replace(slot, proof=b"") for slot in slots] == list(rehearsal.bundle.slots())
        kits = {(kit.number, kit.slot, kit.period) for kit in uow.all(Kit)}
        assert kits == {
            (number, slot.number, period)
            for slot in slots
            for period, numbers in enumerate(slot.kits, start=1)
            for number in numbers
        }
        assert uow.all(PreparationRecord) == tuple(rehearsal.bundle.preparation())
        strata = {one.code: (one.capacity, one.free, one.low_water) for one in uow.all(StratumStatus)}
        assert strata == {"REL": (12, 12, 1), "PRO": (8, 8, 1)}


@pytest.mark.requirement("activation")
def test_the_certificate_enters_the_trail(instance: Instance, rehearsal: Rehearsal) -> None:
    with instance.store.reading() as uow:
        trial = uow.get(Trial, 1)
        trail.check(uow, trial, *uow.all(StratumStatus))
        entry = uow.get(Entry, trial.activation_entry)
        values = json.loads(uow.get(EntryValues, trial.activation_entry).content)
    assert trial.phase is Phase.ACTIVE
    assert trial.certificate_digest == rehearsal.digest
    assert trial.certificate == rehearsal.bundle.read(bundle_files.CERTIFICATE)
    assert (entry.act, entry.role) == ("trial activated", "administrator")
    assert values["details"]["certificate_digest"] == rehearsal.digest
    assert values["details"]["ceremony_key"] == rehearsal.key.encode()


@pytest.mark.promise(3)
def test_nothing_that_binds_a_sequence_is_stored(instance: Instance, rehearsal: Rehearsal) -> None:
    codes = [sequence.code for sequence in rehearsal.unblinded.sequences]
    with instance.store.reading() as uow:
        for slot in uow.all(Slot):
            told = json.dumps([slot.stratum, slot.ordinal, slot.randomization_number, slot.kits])
            assert not [code for code in codes if f'"{code}"' in told]
        told = "".join(values.content for values in uow.all(EntryValues))
    assert "block" not in told
    assert not [code for code in codes if f'"{code}"' in told]


def test_activation_opens_no_site(signed: Instance, rehearsal: Rehearsal) -> None:
    load(signed, rehearsal)
    with signed.store.reading() as uow:
        assert {site.state for site in uow.all(SiteStatus)} == {SiteState.PLANNED}


def cleared(signed: Instance, rehearsal: Rehearsal, directory: Path) -> str:
    """A participant who waits for nothing but the schedule."""
    signed.sign(conduct.open_site, Role.SPONSOR, SITE)
    desk = desks.set_up_desk(signed, rehearsal, directory / "codebreak")
    number = desks.harvested(signed)
    desks.clear(signed, desk, number)
    signed.sign(products.give_go, Role.SPONSOR, number)
    return number


@pytest.mark.promise(13)
@pytest.mark.requirement("activation")
def test_nobody_is_randomized_before_the_certificate_is_under_a_checkpoint(
    signed: Instance, rehearsal: Rehearsal, tmp_path: Path
) -> None:
    load(signed, rehearsal)
    number = cleared(signed, rehearsal, tmp_path)
    with pytest.raises(Stopped, match="not yet under a signed checkpoint"):
        signed.sign(allocation.randomize, Role.INVESTIGATOR, number)
    signed.checkpoint()
    assert signed.sign(allocation.randomize, Role.INVESTIGATOR, number).ordinal == 1


@pytest.mark.promise(13)
def test_a_checkpoint_from_before_the_activation_does_not_count(
    signed: Instance, rehearsal: Rehearsal, tmp_path: Path
) -> None:
    signed.checkpoint()
    load(signed, rehearsal)
    number = cleared(signed, rehearsal, tmp_path)
    with pytest.raises(Stopped, match="not yet under a signed checkpoint"):
        signed.sign(allocation.randomize, Role.INVESTIGATOR, number)


@pytest.mark.requirement("definition")
def test_both_signatures_must_stand(draft: Instance, rehearsal: Rehearsal) -> None:
    missing = refused(draft, rehearsal, Refused)
    assert "sponsor representative, unblinded statistician" in missing
    draft.sign(definition_signing.sign, Role.SPONSOR)
    assert "not signed by: unblinded statistician" in refused(draft, rehearsal, Refused)
    draft.sign(definition_signing.sign, Role.UNBLINDED_STATISTICIAN)
    assert load(draft, rehearsal).phase is Phase.ACTIVE


@pytest.mark.promise(13)
def test_a_spoilt_bundle_leaves_nothing_behind(
    signed: Instance, rehearsal: Rehearsal, tmp_path: Path
) -> None:
    spoilt = copy(rehearsal, tmp_path / "spoilt")
    path = spoilt.directory / bundle_files.SLOTS
    path.write_text(path.read_text().replace('"ordinal":7', '"ordinal":9', 1))
    assert "slots.jsonl differs" in refused(signed, spoilt)
    assert "Sealed row 6" in refused(signed, sign_again(spoilt))


@dataclass(frozen=True)
class Shifting(Bundle):
    """A bundle in which two rows change places after it was checked."""

    reads: list[int] = field(default_factory=list)

    def slots(self) -> Iterator[Slot]:
        rows = list(super().slots())
        self.reads.append(len(rows))
        if len(self.reads) > 1:
            rows[0], rows[1] = replace(rows[1], number=0, ordinal=1), replace(rows[0], number=1, ordinal=2)
        return iter(rows)


@pytest.mark.promise(13)
def test_a_bundle_that_changes_while_it_is_loaded_is_refused(signed: Instance, rehearsal: Rehearsal) -> None:
    person = signed.person(Role.ADMINISTRATOR)
    with pytest.raises(BundleRefused, match="changed while it was loaded"), signed.store.writing() as uow:
        activation.activate(uow, person, Shifting(rehearsal.directory), key=rehearsal.key)
    with signed.store.reading() as uow:
        assert uow.count(Slot) == 0
        assert uow.get(Trial, 1).phase is Phase.DRAFT


@pytest.mark.parametrize("change", ["missing", "twice", "swapped"])
def test_preparation_records_stand_for_each_slot_and_period(
    signed: Instance, rehearsal: Rehearsal, tmp_path: Path, change: str
) -> None:
    spoilt = copy(rehearsal, tmp_path / "spoilt")
    path = spoilt.directory / bundle_files.PREPARATION
    lines = path.read_text().splitlines(keepends=True)
    changed = {
        "missing": lines[:-1],
        "twice": [*lines, lines[-1]],
        "swapped": [lines[1], lines[0], *lines[2:]],
    }[change]
    path.write_text("".join(changed))
    assert "not one for each slot and period" in refused(signed, sign_again(spoilt))


@pytest.fixture(scope="session")
def production(tmp_path_factory: pytest.TempPathFactory, rehearsal: Rehearsal) -> Rehearsal:
    return activated.seal_rehearsal(
        tmp_path_factory.mktemp("production") / "bundle",
        unblinded=replace(rehearsal.unblinded, rehearsal_only=False),
        kind=Kind.PRODUCTION,
    )


@pytest.mark.requirement("rehearsal")
def test_rehearsal_and_production_are_never_mixed(
    database_url: str, rehearsal: Rehearsal, production: Rehearsal
) -> None:
    activated.migrate(database_url)
    with activated.opened(database_url, rehearsal.definition) as instance:
        activated.draft(instance, Kind.PRODUCTION)
        activated.sign_definition(instance)
        told = refused(instance, rehearsal)
        assert "sealed as a rehearsal; this instance is for production" in told
        assert load(instance, production).kind is Kind.PRODUCTION


@pytest.mark.requirement("rehearsal")
def test_a_production_bundle_is_not_used_up_in_a_rehearsal(signed: Instance, production: Rehearsal) -> None:
    assert "sealed as a production; this instance is for rehearsal" in refused(signed, production)


def test_the_sealed_definition_is_the_signed_one(
    signed: Instance, rehearsal: Rehearsal, tmp_path: Path
) -> None:
    other = activated.seal_rehearsal(
        tmp_path / "other", definition=replace(rehearsal.definition, title="Another title")
    )
    told = refused(signed, other)
    assert rehearsal.plan.terms.definition_digest in told
    assert other.plan.terms.definition_digest in told


def test_an_administrator_activates_and_nobody_else(signed: Instance, rehearsal: Rehearsal) -> None:
    for role in (Role.SPONSOR, Role.UNBLINDED_STATISTICIAN, Role.TRIAL_MANAGER):
        with pytest.raises(NotAllowed, match="administrator"):
            load(signed, rehearsal, role)


def test_a_trial_is_activated_once(instance: Instance, rehearsal: Rehearsal) -> None:
    with pytest.raises(Refused, match="has to be not activated yet; it is active"):
        load(instance, rehearsal)


def test_progress_counts_every_slot(signed: Instance, rehearsal: Rehearsal) -> None:
    told: list[int] = []
    signed.act(
        activation.activate, Role.ADMINISTRATOR, rehearsal.bundle, key=rehearsal.key, progress=told.append
    )
    assert sum(told) == 20
