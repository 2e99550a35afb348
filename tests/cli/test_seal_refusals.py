"""What a ceremony refuses, and what an attempt leaves that is given up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from keys.notes import VerifierKey
from randomizer.services.sealed import bundle_check
from randomizer.services.sealed.bundle import Bundle
from tests.ceremony_table import CONFIG, files_of, run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.ceremony_table import Table


def refusal(table: Table, tmp_path: Path, *more: object) -> str:
    done = run(*table.seal(*more, "--out", tmp_path / "out"), cwd=table.place, status=1)
    assert done.out == ""
    assert "Traceback" not in done.error
    assert not (tmp_path / "out" / "certificate.note").exists()
    return done.error


@pytest.mark.requirement("rehearsal")
def test_a_production_ceremony_refuses_the_example_for_rehearsals(table: Table, tmp_path: Path) -> None:
    told = refusal(table, tmp_path, "--kind", "production", "--contributor", tmp_path)
    assert "rehearsal_only = true" in told


def test_a_production_ceremony_refuses_fixed_randomness(table: Table, tmp_path: Path) -> None:
    unblinded = tmp_path / "real.toml"
    unblinded.write_text(
        (CONFIG / "mesems.unblinded.toml")
        .read_text()
        .replace("rehearsal_only = true", "rehearsal_only = false")
    )
    options = ("--unblinded", unblinded, "--kind", "production")
    assert "Only a rehearsal may fix" in refusal(table, tmp_path, *options, "--rehearsal-seed", "x")
    assert "at least 2 people, got 1" in refusal(table, tmp_path, *options, "--contributor", tmp_path)


@pytest.mark.requirement("definition")
def test_a_design_that_gives_neighbours_away_is_not_sealed(table: Table, tmp_path: Path) -> None:
    unblinded = tmp_path / "pairs.toml"
    unblinded.write_text(
        (CONFIG / "mesems.unblinded.toml").read_text().replace("block_sizes = [4, 6]", "block_sizes = [2, 4]")
    )
    told = refusal(table, tmp_path, "--unblinded", unblinded, "--kind", "rehearsal", "--rehearsal-seed", "x")
    assert "block size of 2 is refused" in told
    assert not (tmp_path / "out").exists()


def test_a_contributor_who_does_not_come_ends_the_attempt(table: Table, tmp_path: Path) -> None:
    told = refusal(
        table, tmp_path, "--kind", "rehearsal", "--contributor", tmp_path / "nobody", "--timeout-minutes", "0"
    )
    assert "No commitment came from" in told
    assert files_of(tmp_path / "out") == {"terms.json", "commitments/1.note", "commitments/1.vkey"}
    later = run(
        *table.seal(
            "--kind", "rehearsal", "--rehearsal-seed", "x", "--attempt", 2,
            "--earlier", tmp_path / "out", "Nobody came.", "--out", tmp_path / "later", "--json",
        ),
        cwd=table.place,
    )  # fmt: skip
    key = VerifierKey.parse(later.json["ceremony_key"])
    fields = bundle_check.check(Bundle(tmp_path / "later"), key).fields
    assert fields.schedule_version == 2
    assert [(one.attempt, one.reason) for one in fields.attempts] == [(1, "Nobody came.")]
    assert len(fields.attempts[0].commitments) == 1


def test_a_second_attempt_must_tell_of_the_first(table: Table, tmp_path: Path) -> None:
    told = refusal(table, tmp_path, "--kind", "rehearsal", "--rehearsal-seed", "x", "--attempt", 2)
    assert "must tell of every attempt before it" in told


def test_shares_of_the_wrong_purpose_are_refused(table: Table, tmp_path: Path) -> None:
    staged = table.place / "split" / "staged-shares.json"
    told = refusal(table, tmp_path, "--kind", "rehearsal", "--rehearsal-seed", "x", "--release", staged)
    assert "does not hold the shares of a release key" in told
