"""A database that was set back, cut or forked is noticed by what was published and witnessed before."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from keys import checkpoint as tlog
from keys import merkle, notes, proofs, witness
from keys.checkpoint import Checkpoint
from keys.errors import KeysError
from keys.merkle import Frontier
from keys.notes import COSIGNATURE, NoteKey
from randomizer.domain.housekeeping import SignedCheckpoint, TrailHead
from randomizer.domain.people import Role
from randomizer.domain.records import Alarm, AlarmKind
from randomizer.errors import Refused, SetBack, Stopped, Tampered
from randomizer.services import alarms, outside
from randomizer.services.care import allocation
from randomizer.services.transactions import raise_tampering
from randomizer.services.upkeep import nightly, publishing, witnessing
from tests.activated import ORIGIN

if TYPE_CHECKING:
    from randomizer.domain.trial import Allocation
    from tests.stages import Stage

pytestmark = [pytest.mark.promise(17), pytest.mark.requirement("trail")]

WITNESS = NoteKey("example.org/witness", bytes(range(32, 64)), COSIGNATURE)
SECOND = NoteKey("example.org/second", bytes(range(64, 96)), COSIGNATURE)
WITNESSES = (WITNESS.verifier, SECOND.verifier)
AT = 1_800_000_000
DROP_GUARDS = {
    "sqlite": "SELECT 'DROP TRIGGER ' || name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT 'DROP TRIGGER ' || t.tgname || ' ON ' || c.relname FROM pg_trigger t "
    "JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal",
}

CUT = (
    "DELETE FROM participant WHERE entry >= {size}",
    "DELETE FROM signature WHERE entry >= {size}",
    "DELETE FROM entry_values WHERE number >= {size}",
    "DELETE FROM entry WHERE number >= {size}",
    "DELETE FROM checkpoint WHERE size > {size}",
)


@pytest.fixture
def public(stage: Stage, tmp_path: Path) -> Path:
    """The public record of the stage, which its store looks at from now on."""
    place = tmp_path / "public"
    (place / "checkpoints").mkdir(parents=True)
    stage.store.held = outside.reader(place, [key.encode() for key in WITNESSES])
    publish(stage, place)
    return place


def publish(stage: Stage, public: Path) -> int:
    """Sign and publish as the jobs do; gives the size."""
    stage.instance.checkpoint()
    with stage.store.reading() as uow:
        publishing.export(uow, public)
        return uow.all(SignedCheckpoint, order="-size", limit=1)[0].size


def randomize(stage: Stage) -> Allocation:
    return stage.sign(allocation.randomize, Role.INVESTIGATOR, stage["cleared"])


def cosigned(public: Path, size: int, last: bytes | None = None, key: NoteKey = WITNESS) -> bytes:
    """What a witness gives back."""
    note = (public / "checkpoints" / f"{size}.note").read_bytes()
    before = 0 if last is None else outside.held_of(last).size
    hashes = proofs.leaf_hashes((public / "entries.jsonl").read_bytes().splitlines(keepends=True), size)
    log = outside.log_key(public)
    return witness.cosign(proofs.prove_consistency(hashes, before, note), log=log, last=last, key=key, at=AT)


def take_in(stage: Stage, public: Path, note: bytes) -> list[str]:
    with stage.store.reading() as uow:
        told = witnessing.take_in(uow, public, note, log=stage.instance.log.verifier, witnesses=WITNESSES)
    return [outside.said(one) for one in told]


def stopped(stage: Stage, size: int) -> SetBack:
    """Nobody is randomized, an alarm comes of it that nobody can clear away, a code break still answers."""
    before = stage.dump()
    with pytest.raises(SetBack) as stop:
        randomize(stage)
    assert stage.dump() == before
    assert f"the checkpoint over {size} entries" in stop.value.message
    assert "A code break still works" in (stop.value.next_step or "")
    raise_tampering(stage.store, stop.value)
    raise_tampering(stage.store, stop.value)
    (alarm,) = stage.all(Alarm, cleared_at=None)
    assert (alarm.kind, alarm.about) == (AlarmKind.TRAIL, f"Checkpoint {size}")
    stage.act(alarms.clear, Role.TRIAL_MANAGER, alarm.number, "It must be a mistake.")
    with pytest.raises(SetBack):
        randomize(stage)
    with pytest.raises(SetBack):
        stage.instance.checkpoint()
    assert stage.break_code(stage["between"], Role.ON_CALL)
    return stop.value


def bend(stage: Stage, *statements: str) -> None:
    engine = stage.store.engine
    with engine.begin() as connection:
        for drop in connection.execute(text(DROP_GUARDS[engine.dialect.name])).scalars().all():
            connection.execute(text(drop))
        for statement in statements:
            connection.execute(text(statement))


def copy_file(source: str | Path, target: str | Path) -> None:
    """What a backup and a restore do with the file."""
    with sqlite3.connect(source) as one, sqlite3.connect(target) as other:
        one.backup(other)
    one.close()
    other.close()


@pytest.fixture
def log_key(stage: Stage, public: Path) -> None:
    (public / "log.vkey").write_text(f"{stage.instance.log.verifier.encode()}\n")


def test_an_untouched_trail_goes_on(stage: Stage, public: Path) -> None:
    assert randomize(stage)
    assert publish(stage, public) == publish(stage, public)
    with stage.store.reading() as uow:
        outside.demand_whole(uow)


@pytest.mark.promise(6)
@pytest.mark.parametrize("lived_on", [False, True])
@pytest.mark.parametrize("database", ["sqlite"])
def test_a_restored_backup_is_noticed_by_the_next_allocation(
    stage: Stage, public: Path, tmp_path: Path, *, lived_on: bool
) -> None:
    file = stage.store.engine.url.database
    assert file
    copy_file(file, tmp_path / "backup.db")
    for _ in range(3):
        stage.enrolled()
    size = publish(stage, public)
    stage.store.engine.dispose()
    copy_file(tmp_path / "backup.db", file)
    if lived_on:
        for _ in range(6):
            stage.enrolled()  # the restored trail is as long again, and another one
    stopped(stage, size)


def test_a_trail_cut_back_by_sql_is_noticed(stage: Stage, public: Path) -> None:
    with stage.store.reading() as uow:
        head = uow.get(TrailHead, 1)
    stage.enrolled()
    size = publish(stage, public)
    bend(stage, *(statement.format(size=head.size) for statement in CUT))
    with stage.store.writing() as uow:
        uow.update(head)
    stopped(stage, size)


@pytest.mark.parametrize(
    "cut",
    [
        "DELETE FROM checkpoint WHERE size = {size}",
        "UPDATE checkpoint SET note = (SELECT note FROM checkpoint ORDER BY size) WHERE size = {size}",
        "UPDATE checkpoint SET note = X'78' WHERE size = {size}",
        "DELETE FROM entry_values WHERE number + 1 = {size};DELETE FROM entry WHERE number + 1 = {size}",
    ],
)
@pytest.mark.parametrize("database", ["sqlite"])
def test_any_part_of_it_that_is_gone_is_noticed(stage: Stage, public: Path, cut: str) -> None:
    size = outside.held_of(outside.newest_published(public) or b"").size
    bend(stage, *cut.format(size=size).split(";"))
    with pytest.raises(SetBack):
        randomize(stage)


def test_a_head_that_was_set_back_is_noticed(stage: Stage, public: Path) -> None:
    with stage.store.writing() as uow:
        uow.update(TrailHead(size=3, frontier=Frontier().to_bytes()))
    with pytest.raises(SetBack):
        randomize(stage)


@pytest.mark.parametrize("database", ["sqlite"])
def test_nothing_is_randomized_beside_a_record_that_cannot_be_read(stage: Stage, public: Path) -> None:
    shutil.rmtree(public)
    with pytest.raises(Stopped, match="cannot be read here") as stop:
        randomize(stage)
    assert not isinstance(stop.value, Tampered)
    (public / "checkpoints").mkdir(parents=True)
    (public / "checkpoints" / "7.note").write_bytes(b"torn")
    with pytest.raises(Tampered, match=r"Checkpoint in public/"):
        randomize(stage)


@pytest.mark.promise(13)
@pytest.mark.usefixtures("log_key")
def test_a_cosignature_is_published_and_told(stage: Stage, public: Path) -> None:
    first = publish(stage, public)
    back = cosigned(public, first)
    with stage.store.reading() as uow:
        assert outside.witnessed(uow) == ()
    said = [f"example.org/witness up to entry {first - 1}, 15 Jan 2027, 08:00 UTC"]
    assert take_in(stage, public, back) == said
    assert take_in(stage, public, back) == said

    stage.enrolled()
    second = publish(stage, public)
    assert take_in(stage, public, cosigned(public, second, key=SECOND)) == [
        f"example.org/second up to entry {second - 1}, 15 Jan 2027, 08:00 UTC"
    ]
    take_in(stage, public, cosigned(public, second, last=back))
    take_in(stage, public, back)  # comes in late: nothing goes back
    with stage.store.reading() as uow:
        assert [(one.witness, one.size) for one in outside.witnessed(uow)] == [
            (WITNESS.name, second),
            (SECOND.name, second),
        ]
        outside.demand_whole(uow)
        log = stage.instance.log.verifier
        assert nightly.check_trail(uow, log, outside.held_notes(public)) == ()
    published = [(public / "checkpoints" / f"{size}.note").read_bytes() for size in (first, second)]
    assert [notes.read_unverified(note)[1] for note in published] == [
        (ORIGIN, WITNESS.name),
        (ORIGIN, SECOND.name, WITNESS.name),
    ]
    assert publish(stage, public) == second
    assert published[1] == (public / "checkpoints" / f"{second}.note").read_bytes()


@pytest.mark.usefixtures("log_key")
@pytest.mark.parametrize("database", ["sqlite"])
def test_what_no_witness_of_this_instance_signed_is_refused(stage: Stage, public: Path) -> None:
    size = publish(stage, public)
    stranger = NoteKey("example.org/stranger", bytes(32), COSIGNATURE)
    imposter = NoteKey(WITNESS.name, bytes(32), COSIGNATURE)
    before = {path: path.read_bytes() for path in public.rglob("*") if path.is_file()}
    for key in (stranger, imposter):
        with pytest.raises(Refused, match="No witness of this instance") as refusal:
            take_in(stage, public, cosigned(public, size, key=key))
        assert refusal.value.field == "file"
    other = NoteKey("example.org/other", bytes(32))
    foreign = notes.cosign(tlog.sign(Checkpoint(other.name, 1, bytes(32)), other), WITNESS, AT)
    for note in (foreign, b"", b"no note"):
        with pytest.raises(Refused, match="no checkpoint of the log"):
            take_in(stage, public, note)
    assert {path: path.read_bytes() for path in public.rglob("*") if path.is_file()} == before


@pytest.mark.promise(13)
@pytest.mark.usefixtures("log_key")
@pytest.mark.parametrize("database", ["sqlite"])
def test_a_machine_that_was_set_back_whole_is_noticed_by_its_witness_alone(
    stage: Stage, public: Path, tmp_path: Path
) -> None:
    """Database and public record come from the same old backup: nothing on the machine differs."""
    file = stage.store.engine.url.database
    assert file
    copy_file(file, tmp_path / "backup.db")
    shutil.copytree(public, tmp_path / "public.backup")
    stage.enrolled()
    size = publish(stage, public)
    seen = cosigned(public, size)
    take_in(stage, public, seen)

    stage.store.engine.dispose()
    copy_file(tmp_path / "backup.db", file)
    shutil.rmtree(public)
    shutil.copytree(tmp_path / "public.backup", public)
    stage.enrolled()
    shorter = publish(stage, public)
    stage.enrolled()
    stage.enrolled()
    longer = publish(stage, public)
    assert shorter <= size < longer
    for forked in (shorter, longer):  # signed with the true key of the log
        with pytest.raises(KeysError, match=r"Fork|Rollback|no leaf|never had"):
            cosigned(public, forked, last=seen)

    with pytest.raises(SetBack) as stop:
        take_in(stage, public, seen)  # what the witness remembers is the evidence
    assert "which example.org/witness co-signed" in stop.value.message
    with stage.store.reading() as uow:
        log = stage.instance.log.verifier
        assert nightly.check_trail(uow, log, outside.held_notes(public)) == (f"Checkpoint {size}",)
    stopped(stage, size)


@pytest.mark.usefixtures("log_key")
@pytest.mark.parametrize("database", ["sqlite"])
def test_two_trees_of_one_size_outside_are_a_fault_of_the_night(stage: Stage, public: Path) -> None:
    size = publish(stage, public)
    fork = tlog.sign(Checkpoint(ORIGIN, size, merkle.leaf_hash(b"another")), stage.instance.log)
    with pytest.raises(SetBack):
        take_in(stage, public, notes.cosign(fork, WITNESS, AT))
    with stage.store.reading() as uow:
        log = stage.instance.log.verifier
        assert nightly.check_trail(uow, log, outside.held_notes(public)) == (f"Checkpoint {size}",)


@pytest.mark.usefixtures("log_key")
@pytest.mark.parametrize("database", ["sqlite"])
def test_a_published_file_that_says_something_else_is_not_overwritten(stage: Stage, public: Path) -> None:
    size = publish(stage, public)
    back = cosigned(public, size)
    path = public / "checkpoints" / f"{size}.note"
    other = tlog.sign(Checkpoint(ORIGIN, size, merkle.leaf_hash(b"another")), stage.instance.log)
    path.write_bytes(other)
    with pytest.raises(SetBack):
        take_in(stage, public, back)
    assert path.read_bytes() == other


def test_a_cosignature_of_a_time_that_cannot_be_is_refused() -> None:
    log = NoteKey(ORIGIN, bytes(range(32)))
    note = notes.cosign(tlog.sign(Checkpoint(ORIGIN, 0, merkle.EMPTY_ROOT), log), WITNESS, (1 << 63) - 1)
    with pytest.raises(KeysError, match="a time that cannot be"):
        outside.held_of(note, WITNESS.verifier)


def test_a_key_whose_id_does_not_fit_is_refused() -> None:
    name, _, rest = WITNESS.verifier.encode().split("+", 2)
    held = outside.reader(Path("nowhere"), [f"{name}+00000000+{rest}"])  # a door starts all the same
    with pytest.raises(Refused, match="key id") as refusal:
        held()
    assert refusal.value.field == "witness_keys"
