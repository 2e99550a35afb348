from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Randomizer

RECORD = Path(__file__).parents[2] / "config" / "mesems.registry.txt"


@pytest.mark.requirement("draft")
def test_a_record_becomes_a_draft_with_its_open_questions(randomizer: Randomizer, tmp_path: Path) -> None:
    out = tmp_path / "draft.toml"
    fields = randomizer("draft", RECORD, "--out", out, "--json").fields
    drafted = tomllib.loads(out.read_text(encoding="utf-8"))
    assert fields["registry_id"] == drafted["trial"]["registry_id"] == "NCT02403947"
    assert fields["open_questions"] == drafted["trial"]["open_questions"] != []
    assert "sequences" not in drafted


def test_without_a_file_the_draft_goes_to_standard_output(randomizer: Randomizer) -> None:
    told = randomizer("draft", RECORD)
    assert tomllib.loads(told.out)["trial"]["registry_id"] == "NCT02403947"
    assert "open questions" in told.error


def test_a_draft_overwrites_nothing(randomizer: Randomizer, tmp_path: Path) -> None:
    out = tmp_path / "draft.toml"
    out.write_text("kept")
    assert "is there already" in randomizer("draft", RECORD, "--out", out).refusal
    assert out.read_text() == "kept"


@pytest.mark.requirement("draft")
def test_a_record_that_is_none_is_refused(randomizer: Randomizer, tmp_path: Path) -> None:
    (tmp_path / "record.txt").write_bytes(b"\xff\x00 nothing")
    assert randomizer("draft", tmp_path / "record.txt").refusal
    assert "cannot be read" in randomizer("draft", tmp_path / "missing").refusal
