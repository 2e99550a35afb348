from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from keys import custody
from randomizer.cli.verify import command
from randomizer.services.verification import pinning
from randomizer.services.verification.steps import STEPS
from tests.services.conftest import activated_sqlite, definition, rehearsal
from tests.services.verification.conftest import log, pins, record, written

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

    from randomizer.services.verification.steps_certificate import Pins

__all__ = ["activated_sqlite", "definition", "log", "pins", "record", "rehearsal", "written"]


pytestmark = pytest.mark.requirement("verify")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def pin_beside(record: Path, pins: Pins) -> None:
    record.chmod(0o755)
    custody.write_pins(record / "pins.json", pinning.texts(pins))


def options(pins: Pins) -> list[str]:
    assert pins.log_key is not None
    return ["--certificate-digest", pins.certificate_digest, "--log-key", pins.log_key.encode()]


@pytest.mark.promise(15)
def test_all_holds_against_the_pins_beside_the_record(record: Path, pins: Pins) -> None:
    pin_beside(record, pins)

    result = run(record)

    assert result.exit_code == 0
    assert "OK: Everything holds against the pins." in result.stdout
    for step in STEPS:
        assert step.id in result.stdout
    assert "✓ holds" in result.stdout


@pytest.mark.promise(15)
def test_pins_come_by_option_too(record: Path, pins: Pins, tmp_path: Path) -> None:
    assert run(record, *options(pins)).exit_code == 0
    digest = pins.certificate_digest.upper()
    grouped = " ".join(digest[at : at + 8] for at in range(0, len(digest), 8))  # as it stands on paper
    assert run(record, "--certificate-digest", grouped, *options(pins)[2:]).exit_code == 0

    assert pins.log_key is not None
    key = tmp_path / "log.vkey"
    key.write_text(f"{pins.log_key.encode()}\n")
    assert run(record, *options(pins)[:2], "--log-key", key).exit_code == 0


def test_options_stand_above_the_pins_beside_the_record(record: Path, pins: Pins) -> None:
    pin_beside(record, pins)

    result = run(record, "--certificate-digest", "ab" * 32)

    assert result.exit_code == 1
    assert "FAILED: pins.certificate." in result.stdout


@pytest.mark.promise(15)
def test_without_pins_it_says_not_pinned(record: Path) -> None:
    result = run(record)

    assert result.exit_code == 3
    assert "NOT PINNED" in result.stdout
    assert "– not checked" in result.stdout  # noqa: RUF001 - the mark of the table


@pytest.mark.promise(15)
def test_the_failing_step_and_record_are_named(record: Path, pins: Pins) -> None:
    path = record / "release" / "allocation.csv"
    path.write_text(path.read_text() + "1,2,3\n")

    result = run(record, *options(pins), "--json")

    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert (found["verdict"], found["verified"], found["failed"]) == ("FAILED", False, ["tables.csv-agree"])
    (failing,) = [step for step in found["steps"] if step["status"] == "fails"]
    assert failing["record"] == "release/allocation.csv line 8"
    table = run(record, *options(pins)).stdout
    assert "✗ FAILS" in table
    assert "allocation.csv line 8" in table


def test_the_public_record_alone_says_what_needs_the_release(record: Path, pins: Pins) -> None:
    shutil.rmtree(record / "release")

    result = run(record, *options(pins), "--json")

    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert (found["verdict"], found["released"], found["facts"]["slots"]) == ("OK", False, 20)
    assert "Everything that needs no release holds" in run(record, *options(pins)).stdout


def test_what_cannot_be_read_is_said_in_a_sentence(record: Path, tmp_path: Path) -> None:
    (record / "public" / "definition.json").write_text("{}")

    result = run(record)
    assert result.exit_code == 2
    assert "public/definition.json: It is not the canonical form of a definition." in result.stderr

    found = json.loads(run(record, "--json").stdout)
    assert (found["verdict"], found["verified"], found["field"]) == (
        "UNREADABLE",
        False,
        "public/definition.json",
    )
    assert run(tmp_path / "nowhere").exit_code == 2
    assert run(record, "--log-key", "no key").exit_code == 2
