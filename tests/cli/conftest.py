"""Commands called in this process, and a small definition as a file."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from keys import hpke
from randomizer.cli import main, signing_in
from randomizer.config import load_settings, system_clock
from randomizer.domain.definition import parse_definition
from randomizer.services.authentication import Gate
from randomizer.services.transactions import open_store
from tests.activated import CHEAP, Rehearsal, seal_rehearsal
from tests.ceremony_table import CONFIG, Table, lay
from tests.cli.places import Place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Answer:
    """What a command came to."""

    status: int
    out: str
    error: str

    @property
    def fields(self) -> dict[str, Any]:
        """Its answer in JSON."""
        assert self.status == 0, self.error
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def refusal(self) -> str:
        """Its plain sentences."""
        assert self.status == 1
        assert self.out == ""
        assert "Traceback" not in self.error
        return self.error


Randomizer = Callable[..., Answer]


@pytest.fixture
def randomizer(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Randomizer:
    """Call a command as its console script would, with passwords that cost next to nothing."""
    monkeypatch.setattr(signing_in, "Gate", partial(Gate, hasher=CHEAP))

    def call(*arguments: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["randomizer", *map(str, arguments)])
        capsys.readouterr()
        status = main()
        told = capsys.readouterr()
        return Answer(status, told.out, told.err)

    return call


@pytest.fixture(scope="session")
def definition_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example with 24 slots; its quorum is 2 of 3."""
    text = (CONFIG / "mesems.toml").read_text(encoding="utf-8")
    for old, new in (
        ("capacity = 120", "capacity = 12"),
        ("capacity = 80", "capacity = 12"),
        ("low_water = 12", "low_water = 2"),
        ("low_water = 8", "low_water = 2"),
    ):
        assert old in text
        text = text.replace(old, new)
    path = tmp_path_factory.mktemp("definition") / "trial.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory, definition_file: Path) -> Table:
    """Everything that a ceremony needs; each test seals into a directory of its own."""
    return lay(tmp_path_factory.mktemp("ceremony"), definition_file)


@pytest.fixture
def place(
    tmp_path: Path, randomizer: Randomizer, monkeypatch: pytest.MonkeyPatch, definition_file: Path
) -> Iterator[Place]:
    directory = tmp_path / "instance"
    made = randomizer(
        "init", directory, "--definition", definition_file, "--kind", "rehearsal",
        "--origin", "example.org/mesems", "--json",
    ).fields  # fmt: skip
    assert made["kind"] == "rehearsal"
    store = open_store(load_settings(directory).engine_url, clock=system_clock, entropy=secrets.token_bytes)
    found = Place(directory, store, randomizer, monkeypatch)
    found.join()
    yield found
    store.engine.dispose()


@pytest.fixture
def sealed(place: Place, tmp_path: Path, definition_file: Path) -> Rehearsal:
    """A bundle sealed to the transport key of the instance."""
    definition = parse_definition(definition_file.read_text(encoding="utf-8"), "trial.toml")
    transport = hpke.Identity.load(place.directory / "codebreak" / "transport.key")
    return seal_rehearsal(tmp_path / "bundle", definition=definition, transport=transport)
