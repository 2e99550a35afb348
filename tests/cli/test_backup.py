"""Backups: whole, consistent, taken while somebody writes, and without a secret."""

from __future__ import annotations

import secrets
import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from keys.merkle import Frontier
from randomizer.config import system_clock
from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry, SignedCheckpoint, TrailHead
from randomizer.domain.people import SERVICE, Account
from randomizer.services import checkpoints, outside, trail
from randomizer.services.founding.instance_files import read_checkpoint_key, write_instance
from randomizer.services.transactions import open_store
from randomizer.services.upkeep import nightly, publishing
from tests.conftest import missing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from randomizer.config import Settings
    from randomizer.services.transactions import Store
    from tests.cli.conftest import Randomizer

ORIGIN = "example.org/mesems"
LONGEST_NAME = 14  # letters of "session_secret"; every secret is longer


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    found = {"kind": "rehearsal", "origin": ORIGIN, "database_url": database_url}
    return write_instance(
        tmp_path / "instance", found, entropy=secrets.token_bytes, smtp_password="hush, do not tell anybody"
    )


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    opened = open_store(settings.engine_url, clock=system_clock, entropy=secrets.token_bytes)
    with opened.writing() as uow:
        uow.insert(TrailHead(size=0, frontier=Frontier().to_bytes()))
    for number in range(1, 20):
        add_account(opened, number)
    sign(opened, settings)
    yield opened
    opened.engine.dispose()


def add_account(store: Store, number: int) -> None:
    with store.writing() as uow, trail.act(uow, Act.ACCOUNT_CREATED, SERVICE) as act:
        act.add(Account(number=number, username=f"u{number}", printed_name="U", email="u@example.org"))


def sign(store: Store, settings: Settings) -> None:
    with store.writing() as uow:
        checkpoints.sign(uow, read_checkpoint_key(settings.directory), ORIGIN)
    with store.reading() as uow:
        publishing.export(uow, settings.public)


def demand_pg_dump(settings: Settings) -> None:
    if settings.engine_url.startswith("postgresql") and shutil.which("pg_dump") is None:
        missing("pg_dump is not on the path: no backup of PostgreSQL was made.")


def test_a_backup_holds_database_settings_and_public_record_and_no_secret(
    settings: Settings, store: Store, tmp_path: Path, randomizer: Randomizer
) -> None:
    demand_pg_dump(settings)
    target = tmp_path / "backup"
    answer = randomizer("backup", target, "--instance", settings.directory, "--json").fields
    kind = "trial.db" if settings.engine_url.startswith("sqlite") else "trial.dump"
    names = {str(path.relative_to(target)) for path in target.rglob("*") if path.is_file()}
    assert names == {
        kind,
        "instance.toml",
        "backup.json",
        *("public/log.vkey", "public/transport.pub", "public/entries.jsonl", "public/checkpoints/19.note"),
    }
    assert answer["database"] == str(target / kind)
    assert {path.removeprefix(f"{settings.directory}/") for path in answer["kept_apart"]} == {
        "site/secrets.json",
        "codebreak/secrets.json",
        "codebreak/transport.key",
        "jobs/secrets.json",
        "jobs/checkpoint.key",
    }
    assert (target / kind).stat().st_mode & 0o777 == 0o600
    held = b"".join(path.read_bytes() for path in target.rglob("*") if path.is_file())
    for path in answer["kept_apart"]:
        words = Path(path).read_text().replace('"', " ").split()
        assert not any(word.encode() in held for word in words if len(word) > LONGEST_NAME)


@pytest.mark.promise(17)
def test_a_copy_made_while_somebody_writes_is_one_state_of_a_sound_trail(
    settings: Settings, store: Store, tmp_path: Path, randomizer: Randomizer
) -> None:
    if not settings.engine_url.startswith("sqlite"):
        pytest.skip("pg_dump copies one state by itself; a restore would need a second database.")
    stop = threading.Event()
    number = 20

    def write() -> None:
        nonlocal number
        while not stop.is_set():
            add_account(store, number)
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        answer = randomizer("backup", tmp_path / "backup", "--instance", settings.directory)
    finally:
        stop.set()
        writer.join()
    assert answer.status == 0
    assert "A restore also needs these files" in answer.out
    copy = open_store(
        f"sqlite:///{tmp_path}/backup/trial.db", clock=system_clock, entropy=secrets.token_bytes
    )
    with copy.reading() as uow:
        held = outside.held_notes(tmp_path / "backup" / "public")
        assert nightly.check_trail(uow, read_checkpoint_key(settings.directory).verifier, held) == ()
        assert 19 <= uow.count(Entry) <= number
        assert uow.count(SignedCheckpoint) == 1
    copy.engine.dispose()


@pytest.mark.parametrize("place", ["instance/backup", "instance/codebreak/backup", "instance"])
def test_a_copy_beside_the_keys_is_refused(
    settings: Settings, store: Store, tmp_path: Path, randomizer: Randomizer, place: str
) -> None:
    before = sorted(tmp_path.rglob("*"))
    answer = randomizer("backup", tmp_path / place, "--instance", settings.directory)
    assert "is inside the instance, beside its keys. Nothing was copied." in answer.refusal
    assert [path for path in sorted(tmp_path.rglob("*")) if "trial.db" not in path.name] == [
        path for path in before if "trial.db" not in path.name
    ]


def test_a_backup_is_never_written_over_another(
    settings: Settings, store: Store, tmp_path: Path, randomizer: Randomizer
) -> None:
    (tmp_path / "backup").mkdir()
    answer = randomizer("backup", tmp_path / "backup", "--instance", settings.directory)
    assert "is there already. Nothing was copied." in answer.refusal
