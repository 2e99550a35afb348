"""A contributor reveals only where the published commitments are sound and hold their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from keys import contribution, hpke
from keys.commands.contribute import contribute
from keys.contribution import MACHINE, Terms
from keys.errors import ContributionRefused, KeysError
from keys.hpke import Identity
from keys.notes import NoteKey
from keys.stream import Stream

if TYPE_CHECKING:
    from pathlib import Path

TERMS = Terms(1, "aa" * 32, "bb" * 32)
BITS = Stream(bytes(32), "tests").take


def publish(directory: Path, number: int, name: str, terms: Terms = TERMS) -> None:
    key = NoteKey.generate(name, BITS)
    made = contribution.new_contribution(name, terms, BITS)
    (directory / f"{number}.note").write_bytes(made.commitment.note(key))
    (directory / f"{number}.vkey").write_text(key.verifier.encode())


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Anna has committed; the machine's commitment is published, hers is not yet."""
    (tmp_path / "published").mkdir()
    publish(tmp_path / "published", 1, MACHINE)
    ceremony = Identity.generate(BITS)
    (tmp_path / "ceremony.pub").write_text(hpke.public_line(ceremony.public, "ceremony"))
    digests = ["--definition-digest", "aa" * 32, "--generator-digest", "bb" * 32, "--attempt", "1"]
    done = CliRunner().invoke(contribute, ["commit", "--dir", f"{tmp_path}/anna", "--name", "anna", *digests])
    assert done.exit_code == 0, done.output
    return tmp_path


def reveal(place: Path) -> BaseException | None:
    options = ["--dir", place / "anna", "--commitments", place / "published", "--to", place / "ceremony.pub"]
    done = CliRunner().invoke(
        contribute, ["reveal", *map(str, options), "--out", f"{place}/reveal.sealed"], standalone_mode=False
    )
    assert (place / "reveal.sealed").exists() == (done.exception is None)
    return done.exception


def publish_annas(place: Path, number: int) -> None:
    for ending, source in (("note", "commitment.note"), ("vkey", "contributor.vkey")):
        (place / "published" / f"{number}.{ending}").write_bytes((place / "anna" / source).read_bytes())


@pytest.mark.promise(11)
def test_a_contribution_is_revealed_where_its_commitment_is_published(place: Path) -> None:
    publish_annas(place, 2)
    assert reveal(place) is None


@pytest.mark.promise(11)
def test_nothing_is_revealed_where_the_own_commitment_is_missing_or_replaced(place: Path) -> None:
    publish(place / "published", 2, "bob")
    assert "not among the 2" in str(reveal(place))
    publish(place / "published", 3, "anna")
    assert "not among the 3" in str(reveal(place))


@pytest.mark.promise(11)
def test_nothing_is_revealed_where_the_list_is_unsound(place: Path) -> None:
    publish_annas(place, 2)
    publish(place / "published", 3, "bob", Terms(2, "aa" * 32, "bb" * 32))
    assert isinstance(reveal(place), ContributionRefused)
    (place / "published" / "3.note").write_bytes((place / "published" / "1.note").read_bytes())
    assert isinstance(reveal(place), KeysError)
