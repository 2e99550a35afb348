"""The staged release: after the lock of period 1, the slots in use, for a named statistician."""

from __future__ import annotations

import csv
import json
from base64 import b64decode
from typing import TYPE_CHECKING, NamedTuple

import pytest
from click.testing import CliRunner

from keys import envelope, hpke, shares
from keys import staged as narrowing
from keys.__main__ import keys
from keys.errors import SealBroken, ShareRefused, StagedRefused
from keys.hpke import Identity
from keys.quorum import STAGED, recipient_info, release_info
from keys.staged import StagedCopy, StagedSlots, WrappedSlot
from randomizer.domain.acts import Act
from randomizer.domain.people import Role
from randomizer.domain.records import PeriodLock
from randomizer.domain.trial import Allocation, Phase, Slot, Trial
from randomizer.errors import BundleRefused, Faulty, NotAllowed, Refused
from randomizer.services import conduct, locking
from randomizer.services.care import endings, infusions, kits
from randomizer.services.sealed import release_content
from randomizer.services.sealed.bindings import ENVELOPE, slot_binding
from randomizer.services.sealed.bindings import STAGED as STAGED_WRAP
from randomizer.services.unblinded import staged, staged_data
from randomizer.services.verification import pinning
from randomizer.services.verification.reading import Unreadable
from tests.activated import K, entropy_of
from tests.desks import dispensed, harvested, infused, opened_release, plan_of, published, randomized

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance, Rehearsal

pytestmark = [pytest.mark.requirement("release"), pytest.mark.promise(14)]

WHY = "All queries about period 1 are closed."
OPENED_ALIKE = pytest.mark.parametrize("database", ["sqlite"])
"""What was exported is a folder, whatever database it came from."""


class Locked(NamedTuple):
    """A trial whose period 1 is locked and exported."""

    instance: Instance
    desk: Desk
    rehearsal: Rehearsal
    people: tuple[str, str]
    directory: Path  # with public and staged
    slots: bytes


def export(
    instance: Instance, desk: Desk, directory: Path, role: Role = Role.UNBLINDED_STATISTICIAN
) -> bytes:
    person = instance.person(role)
    with instance.store.writing() as uow:
        written = staged.export(uow, desk, person, directory)
    assert sorted(path.name for path in written) == ["certificate.note", "staged-slots.json", "staged.sealed"]
    return (directory / staged.SLOTS).read_bytes()


@pytest.fixture
def locked(instance: Instance, desk: Desk, rehearsal: Rehearsal, tmp_path: Path) -> Locked:
    people = (randomized(instance, desk), randomized(instance, desk, "progressive"))
    infused(instance, desk, people[0])
    dispensed(instance, desk, people[1])
    instance.act(conduct.close_enrolment, Role.TRIAL_MANAGER, WHY)
    with pytest.raises(Faulty, match=f"Participant {people[1]}, period 1: the kit was handed out"):
        instance.sign(locking.lock_period, Role.SPONSOR, WHY)
    instance.sign(kits.undo_dispensation, Role.PHARMACIST, people[1], WHY)
    with pytest.raises(Faulty, match=f"Participant {people[1]}, period 1: an infusion is booked"):
        instance.sign(locking.lock_period, Role.SPONSOR, WHY)
    instance.act(infusions.miss, Role.INVESTIGATOR, people[1], WHY)
    instance.sign(locking.lock_period, Role.SPONSOR, WHY)
    slots = export(instance, desk, tmp_path / "out")
    instance.checkpoint()
    directory = tmp_path / "folders"
    with instance.store.reading() as uow:
        staged.write(uow, desk, published(instance, rehearsal, tmp_path / "published"), directory)
    return Locked(instance, desk, rehearsal, people, directory, slots)


def opened_staged(rehearsal: Rehearsal, count: int = K) -> bytes:
    """What so many custodians make of the staged release."""
    fields = rehearsal.plan.staged
    secret = shares.combine(list(rehearsal.staged_shares[:count]), tuple(fields.share_digests), K)
    sealed = rehearsal.bundle.read("staged.sealed")
    return hpke.open_sealed(Identity(secret), sealed, release_info(STAGED))


def copy_of(rehearsal: Rehearsal, slots: bytes, recipient: str = "statistician") -> bytes:
    """The copy of a recipient, as the custodians make it."""
    narrowed = narrowing.narrow(opened_staged(rehearsal), StagedSlots.from_bytes(slots))
    public = rehearsal.recipients[recipient].public
    return hpke.seal(public, narrowed.to_bytes(), recipient_info(STAGED))


def test_the_statistician_opens_period_1_of_the_slots_in_use(locked: Locked) -> None:
    own = locked.rehearsal.recipients["statistician"]
    report = staged_data.make(locked.directory, own, copy_of(locked.rehearsal, locked.slots), pinning.given())

    assert not report.failed
    with (locked.directory / "staged" / "period-1.csv").open(newline="") as file:
        rows = {row["participant"]: row for row in csv.DictReader(file)}
    assert set(rows) == set(locked.people)
    codes = {one.name: one.code for one in locked.instance.definition.treatments}
    for number, row in rows.items():
        assert row["treatment"] == codes[plan_of(locked.instance, locked.rehearsal, number)[0]]
    assert [rows[number]["outcome"] for number in locked.people] == ["given", "not given"]
    assert (bool(rows[locked.people[0]]["kit"]), rows[locked.people[1]]["kit"]) == (True, "")
    assert {path.name for path in (locked.directory / "staged").iterdir()} == {
        "slots.jsonl", "values.jsonl", "period-1.csv", "codebook.md", "verification.json",
    }  # fmt: skip


def test_what_custodians_make_by_their_command_is_what_the_statistician_opens(
    locked: Locked, tmp_path: Path
) -> None:
    out, rehearsal, own = tmp_path / "out", locked.rehearsal, locked.rehearsal.recipients["statistician"]
    (tmp_path / "own.pub").write_text(hpke.public_line(own.public, "statistician"))
    entries = (locked.directory / "public" / "entries.jsonl").read_text()
    command = ["combine", "--purpose", STAGED, "--certificate", out / "certificate.note"]
    command += [
        "--vkey",
        rehearsal.key.encode(),
        "--digest",
        rehearsal.digest,
        "--sealed",
        out / "staged.sealed",
    ]
    command += ["--slots", out / "staged-slots.json", "--randomized", entries.count('"act":"randomized"')]
    command += ["--recipient", tmp_path / "own.pub", "--out", tmp_path / "copies"]
    typed = "\n".join(rehearsal.staged_shares[:K])
    done = CliRunner().invoke(keys, [str(one) for one in command], input=typed)
    assert done.exit_code == 0, done.exception

    sealed = (tmp_path / "copies" / "staged-statistician.sealed").read_bytes()
    report = staged_data.make(locked.directory, own, sealed, pinning.given())
    assert not report.failed
    assert len((locked.directory / "staged" / "period-1.csv").read_text().splitlines()) == 1 + len(
        locked.people
    )


@OPENED_ALIKE
def test_neither_the_seed_nor_the_key_of_all_slots_can_be_had_from_it(locked: Locked) -> None:
    content = release_content.decode_release(opened_release(locked.rehearsal))
    key = release_content.decode_staged(opened_staged(locked.rehearsal)).staged_key
    secrets = [content.seed, content.unblinded_salt, key, *(secret for _, secret in content.contributions)]
    own = locked.rehearsal.recipients["statistician"]
    sealed = copy_of(locked.rehearsal, locked.slots)
    staged_data.make(locked.directory, own, sealed, pinning.given())

    seen = [path.read_bytes() for path in locked.directory.rglob("*") if path.is_file()]
    seen += [locked.slots, hpke.open_sealed(own, sealed, recipient_info(STAGED))]
    for secret in secrets:
        assert not any(secret in one or secret.hex().encode() in one for one in seen)
        assert not any(secret in b64decode(word) for one in seen for word in _words(one))


def _words(content: bytes) -> list[bytes]:
    """What could be Base64 of 32 bytes."""
    return [word for word in content.replace(b'"', b" ").split() if len(word) == 44 and word.endswith(b"=")]


@OPENED_ALIKE
def test_a_slot_that_nobody_has_is_not_opened(locked: Locked) -> None:
    own, rehearsal = locked.rehearsal.recipients["statistician"], locked.rehearsal
    copy = StagedCopy.from_bytes(
        hpke.open_sealed(own, copy_of(rehearsal, locked.slots), recipient_info(STAGED))
    )
    with locked.instance.store.reading() as uow:
        used = {one.slot for one in uow.all(Allocation)}
        free = [slot for slot in uow.all(Slot) if slot.number not in used]
    assert copy.keys.keys() == used
    for slot in free:
        bound = slot_binding(copy.trial_id, copy.version, slot.number, ENVELOPE)
        for key in copy.keys.values():
            with pytest.raises(SealBroken):
                envelope.open_envelope(key, slot.ciphertext, bound)
    rows = (locked.directory / "staged" / "slots.jsonl").read_text().splitlines()
    assert {json.loads(row)["index"] for row in rows} == used


@OPENED_ALIKE
def test_k_minus_one_shares_open_no_staged_release(locked: Locked) -> None:
    with pytest.raises(ShareRefused, match="2 shares are needed; 1 were given"):
        opened_staged(locked.rehearsal, K - 1)


@OPENED_ALIKE
def test_a_copy_that_opens_other_slots_is_refused(locked: Locked) -> None:
    given = StagedSlots.from_bytes(locked.slots)
    with locked.instance.store.reading() as uow:
        free = next(slot for slot in uow.all(Slot, order="-number") if slot.number > given.slots[-1].index)
    bound = slot_binding(given.trial_id, given.version, free.number, STAGED_WRAP)
    extra = WrappedSlot(free.number, bound, dict(free.wraps)[STAGED_WRAP])
    own = locked.rehearsal.recipients["statistician"]
    for slots in ((*given.slots, extra), given.slots[:1], (given.slots[0], extra)):
        other = StagedSlots(given.trial_id, given.version, slots).to_bytes()
        with pytest.raises(BundleRefused, match="these are not the same"):
            staged_data.make(locked.directory, own, copy_of(locked.rehearsal, other), pinning.given())
    first, second = given.slots
    swapped = StagedSlots(
        given.trial_id,
        given.version,
        (
            WrappedSlot(first.index, second.bound, second.wrap),
            WrappedSlot(second.index, first.bound, first.wrap),
        ),
    )
    with pytest.raises(BundleRefused, match="does not open to what the certificate fixed"):
        staged_data.make(
            locked.directory, own, copy_of(locked.rehearsal, swapped.to_bytes()), pinning.given()
        )
    assert not (locked.directory / "staged" / "period-1.csv").exists()


@OPENED_ALIKE
def test_a_foreign_recipient_opens_nothing(locked: Locked) -> None:
    sealed = copy_of(locked.rehearsal, locked.slots)
    for stranger in (Identity.generate(entropy_of("stranger")), locked.rehearsal.transport):
        with pytest.raises(BundleRefused, match="not sealed to this recipient"):
            staged_data.make(locked.directory, stranger, sealed, pinning.given())


def other_values(folder: Path) -> None:
    path = folder / "values.jsonl"
    path.write_text(path.read_text().replace(r"\"outcome\":\"given\"", r"\"outcome\":\"not given\""))


def no_values(folder: Path) -> None:
    (folder / "values.jsonl").write_text("")


def other_row(folder: Path) -> None:
    path = folder / "slots.jsonl"
    path.write_text(path.read_text().replace('"ordinal":1', '"ordinal":2'))


def no_row(folder: Path) -> None:
    (folder / "slots.jsonl").write_text("{}\n")


@pytest.mark.promise(15)
@OPENED_ALIKE
@pytest.mark.parametrize("bend", [other_values, no_values, other_row, no_row])
def test_a_folder_that_was_bent_is_refused(locked: Locked, bend: Callable[[Path], None]) -> None:
    bend(locked.directory / "staged")
    own = locked.rehearsal.recipients["statistician"]
    with pytest.raises(Unreadable):
        staged_data.make(locked.directory, own, copy_of(locked.rehearsal, locked.slots), pinning.given())
    assert not (locked.directory / "staged" / "period-1.csv").exists()


def test_the_trial_goes_on_and_period_1_stays_as_it_is(locked: Locked) -> None:
    instance, desk, (number, other) = locked.instance, locked.desk, locked.people
    with instance.store.reading() as uow:
        assert uow.get(Trial, 1).phase is Phase.ENROLMENT_CLOSED  # so every role sees what it saw before
        assert [lock.period for lock in uow.all(PeriodLock)] == [1]
    with pytest.raises(Refused, match="period 1 are locked, so nobody can correct a factor"):
        instance.act(endings.correct_factor, Role.INVESTIGATOR, number, {"course": "progressive"}, WHY)
    with pytest.raises(Refused, match="nobody can lock the data of period 1 any more"):
        instance.sign(locking.lock_period, Role.SPONSOR, WHY)
    instance.clock.advance(days=instance.definition.periods[1].interval_days)
    infused(instance, desk, number)
    instance.act(endings.end, Role.INVESTIGATOR, Act.DIED, other, why=WHY, follow_up=False)
    instance.act(endings.complete, Role.INVESTIGATOR, number)
    instance.sign(locking.lock, Role.SPONSOR, WHY)
    with pytest.raises(Refused, match="it is locked"):
        export(instance, desk, locked.directory)


def test_an_open_period_1_cannot_be_closed_after_its_lock(instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    instance.sign(conduct.terminate, Role.SPONSOR, WHY)
    instance.sign(locking.lock_period, Role.SPONSOR, WHY)
    with pytest.raises(Refused, match="The data of period 1 are locked, so its records stay"):
        instance.act(infusions.miss, Role.INVESTIGATOR, number, WHY)


def test_nobody_is_left_on_the_way_by_the_lock_of_period_1(instance: Instance) -> None:
    number = harvested(instance)
    with pytest.raises(Refused, match="closed to enrolment or terminated; it is active"):
        instance.sign(locking.lock_period, Role.SPONSOR, WHY)
    instance.act(conduct.close_enrolment, Role.TRIAL_MANAGER, WHY)
    with pytest.raises(Faulty, match=f"Participant {number} is harvested and not randomized yet"):
        instance.sign(locking.lock_period, Role.SPONSOR, WHY)


def test_there_is_no_staged_release_before_the_lock_of_period_1(
    instance: Instance, desk: Desk, tmp_path: Path
) -> None:
    instance.act(conduct.close_enrolment, Role.TRIAL_MANAGER, WHY)
    with pytest.raises(Refused, match="not locked, so there is no staged release"):
        export(instance, desk, tmp_path / "out")
    with instance.store.reading() as uow, pytest.raises(Refused, match="was not exported"):
        staged.write(uow, desk, tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_locking_is_the_sponsors_and_exporting_the_unblinded_statisticians(
    instance: Instance, desk: Desk, tmp_path: Path
) -> None:
    instance.act(conduct.close_enrolment, Role.TRIAL_MANAGER, WHY)
    for role in set(Role) - {Role.SPONSOR}:
        with pytest.raises(NotAllowed):
            instance.sign(locking.lock_period, role, WHY)
    instance.sign(locking.lock_period, Role.SPONSOR, WHY)
    for role in set(Role) - {Role.UNBLINDED_STATISTICIAN}:
        with pytest.raises(NotAllowed):
            export(instance, desk, tmp_path / "out", role)
    slots = export(instance, desk, tmp_path / "out")
    assert StagedSlots.from_bytes(slots).slots == ()  # a trial without participants has a staged release too
    with instance.store.reading() as uow, pytest.raises(Refused, match="No checkpoint covers entry"):
        staged.write(uow, desk, tmp_path, tmp_path / "folders")


@pytest.mark.promise(3)
def test_what_leaves_the_host_unblinds_nobody(locked: Locked, tmp_path: Path) -> None:
    """The treatments are named in the public definition, and nowhere in what is bound to a participant."""
    treatments = [one.code.encode() for one in locked.instance.definition.treatments]
    for path in [*(locked.directory / "staged").iterdir(), *(tmp_path / "out").iterdir()]:
        assert not any(code in path.read_bytes() for code in treatments)


def test_a_copy_and_what_it_is_made_from_print_masked() -> None:
    copy = StagedCopy("example", 1, {3: b"k" * 32})
    assert repr(copy) == "StagedCopy(masked)"
    assert StagedCopy.from_bytes(copy.to_bytes()) == copy
    for bent in (b"", b"{}", copy.to_bytes().replace(b"a2tr", b"kkkk", 1)[:-9], b"\xff"):
        with pytest.raises(StagedRefused):
            StagedCopy.from_bytes(bent)
