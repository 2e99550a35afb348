"""The whole trial in one command, looked at from outside: files, database, and what the release says."""

from __future__ import annotations

import csv
import json
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from randomizer.cli.story import processes
from randomizer.cli.story.plans import Event
from randomizer.errors import Refused

if TYPE_CHECKING:
    from pathlib import Path


def demo(directory: Path, participants: int) -> dict[str, Any]:
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "randomizer",
        "demo",
        "--dir",
        directory,
        "--participants",
        str(participants),
    ]
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    directory = tmp_path_factory.mktemp("demo") / "trial"
    return directory, demo(directory, 8)


@pytest.mark.requirement("demo")
def test_eight_participants_go_through_every_event_and_the_trial_is_verified(
    told: tuple[Path, dict[str, Any]],
) -> None:
    _, answer = told
    assert answer["verified"] is True
    assert answer["participants"] == 8
    assert answer["code_breaks"] == 1
    assert answer["dispensations"] == 8 + 8 - 3  # one died, one withdrew, one missed period 2
    assert answer["witness"] == "self-witnessed: its witness ran on this machine"
    assert set(answer["seconds"]) >= {"ceremony", "activation", "trial", "release", "verification"}


@pytest.mark.requirement("demo")
def test_every_event_stands_in_the_release(told: tuple[Path, dict[str, Any]]) -> None:
    release = told[0] / "release"
    people = {row["participant"]: row for row in rows(release / "participants.csv")}
    assert {row["ending"] for row in people.values()} == {"", "died", "consent withdrawn"}
    assert sum(row["state"] == "screen failed" for row in people.values()) == 1
    assert sum(row["attempts"] == "2" for row in people.values()) == 1
    assert [row["state"] for row in rows(release / "products.csv")].count("failed") == 1
    said = {row["what"] for row in rows(release / "deviations.csv")}
    assert said == {"outside the visit window", "randomized in error", "randomized with a wrong factor"}
    assert len(rows(release / "allocation.csv")) == 8
    assert len(rows(release / "code_breaks.csv")) == 1


@pytest.mark.promise(14)
def test_no_file_holds_two_shares_or_a_release_key(told: tuple[Path, dict[str, Any]]) -> None:
    directory = told[0]
    shares = [path.read_text().strip() for path in directory.glob("people/*/share.txt")]
    assert len(shares) == 3
    for path in directory.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            held = [share for share in shares if share.encode() in content]
            assert len(held) <= 1, path
            assert not held or path.name == "share.txt", path


@pytest.mark.promise(11)
def test_contributions_stay_with_their_contributors(told: tuple[Path, dict[str, Any]]) -> None:
    directory = told[0]
    released = json.loads((directory / "release" / "schedule.json").read_bytes())
    secrets = [bytes.fromhex(one["contribution"]) for one in released["contributions"]]
    secrets.append(bytes.fromhex(released["seed"]))
    spared = {"schedule.json", "contribution.secret"}
    for path in directory.rglob("*"):
        if path.is_file() and path.name not in spared:
            content = path.read_bytes()
            for secret in secrets:
                assert secret not in content, path
                assert secret.hex().encode() not in content, path


@pytest.mark.promise(3)
def test_the_database_binds_no_sequence_to_anybody(told: tuple[Path, dict[str, Any]]) -> None:
    """Treatment names are public in the definition; sequence codes, block sizes and positions are nowhere."""
    directory = told[0]
    with sqlite3.connect(f"file:{directory}/instance/trial.db?mode=ro", uri=True) as connection:
        tables = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        texts = [
            (table, str(cell))
            for table in tables
            for row in connection.execute(f"SELECT * FROM {table}")  # noqa: S608 - names of our own tables
            for cell in row
        ]
    connection.close()
    treatments = ("MSC", "MEDIUM")
    for table, text in texts:
        assert "block" not in text.lower() or table == "trial", table
        if table != "trial":  # the definition names both treatments
            assert not any(f'"{code}"' in text or text == code for code in treatments), table
            assert text not in {"AB", "BA"}, table


def test_one_participant_ends_after_period_1_and_the_trial_is_terminated(tmp_path: Path) -> None:
    answer = demo(tmp_path / "trial", 1)
    assert answer["verified"] is True
    assert (answer["participants"], answer["dispensations"]) == (1, 1)
    assert len(rows(tmp_path / "trial" / "release" / "allocation.csv")) == 1


def test_a_directory_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    command: list[str | Path] = [sys.executable, "-m", "randomizer", "demo", "--dir", tmp_path, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "is not empty. Nothing was changed." in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_the_story_plays_every_kind_of_event() -> None:
    from randomizer.cli.story.plans import SCRIPTED  # noqa: PLC0415

    played = frozenset().union(*SCRIPTED)
    assert set(Event) - played == {Event.SCREEN_FAILURE, Event.TERMINATED}


@pytest.mark.promise(18)
def test_a_process_of_the_story_that_does_not_end_is_ended_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(processes, "PATIENCE_SECONDS", 0.1)
    sleeper = subprocess.Popen(["sleep", "60"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with pytest.raises(Refused, match="did not end within"):
        processes.result(sleeper)
    assert sleeper.poll() is not None
