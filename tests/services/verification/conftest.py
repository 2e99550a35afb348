"""The record of a small complete trial, written once; every test has a copy of its own."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from keys.notes import NoteKey
from randomizer.services.verification.steps_certificate import Pins
from tests import activated
from tests.services.verification import story
from tests.services.verification.forging import Forged

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from tests.activated import Rehearsal


@pytest.fixture(scope="session")
def log() -> NoteKey:
    """The key that signs the checkpoints."""
    return NoteKey.generate(activated.ORIGIN, activated.entropy_of("log"))


@pytest.fixture(scope="session")
def written(
    tmp_path_factory: pytest.TempPathFactory,
    rehearsal: Rehearsal,
    activated_sqlite: tuple[Path, datetime],
) -> Path:
    """The directory with ``public`` and ``release``; nobody writes into it."""
    directory = tmp_path_factory.mktemp("written")
    path, now = activated_sqlite
    shutil.copy(path, directory / "trial.db")
    with activated.opened(f"sqlite:///{directory}/trial.db", rehearsal.definition, now) as instance:
        story.play(instance, rehearsal, directory)
    return directory


@pytest.fixture
def record(written: Path, tmp_path: Path) -> Path:
    """A copy of the record."""
    directory = tmp_path / "record"
    for name in ("public", "release"):
        shutil.copytree(written / name, directory / name)
    return directory


@pytest.fixture
def forged(record: Path, log: NoteKey) -> Forged:
    """The record in the hands of somebody who holds the log's key and can seal anew."""
    return Forged(record, log)


@pytest.fixture(scope="session")
def pins(rehearsal: Rehearsal, log: NoteKey) -> Pins:
    """What the trial master file says."""
    return Pins(certificate_digest=rehearsal.digest, ceremony_key=rehearsal.key, log_key=log.verifier)
