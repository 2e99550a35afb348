from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from keys import __main__ as keys_main
from randomizer import cli
from randomizer.cli import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Randomizer

ROOT = Path(__file__).parents[2]


DATABASE = {"sqlalchemy", "sqlmodel", "alembic", "psycopg"}
OURS = {"keys", "randomizer"}
OFFLINE = ("draft", "seal", "certificate", "prove", "verify", "token_key", "install_keys", "key_inventory")


def loaded_after(code: str) -> set[str]:
    """The modules, ours and the database's, that a fresh process has loaded after some code."""
    report = f"; import sys; print(*(m for m in sys.modules if m.split('.')[0] in {OURS | DATABASE}))"
    done = subprocess.run(
        [sys.executable, "-c", code + report], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.promise(5)
def test_the_command_line_loads_no_command_before_it_is_called() -> None:
    assert loaded_after("import randomizer.cli") == {"randomizer", "randomizer.cli", "randomizer.errors"}


@pytest.mark.promise(5)
def test_help_loads_no_command() -> None:
    code = "import randomizer.cli as c; c.randomizer.main(['--help'], standalone_mode=False)"
    assert not [name for name in loaded_after(code) if name.startswith("keys")]


@pytest.mark.requirement("ceremony")
def test_what_is_done_offline_or_checked_by_anybody_loads_no_database() -> None:
    loaded = loaded_after("; ".join(f"import randomizer.cli.{command}" for command in OFFLINE))
    assert "randomizer.cli.seal" in loaded
    assert not {name for name in loaded if name.split(".")[0] in DATABASE or "randomizer.store" in name}


@pytest.mark.requirement("migrations")
def test_what_opens_an_instance_loads_no_migrations() -> None:
    loaded = loaded_after("import randomizer.cli.status")
    assert "sqlalchemy" in loaded
    assert "alembic" not in loaded


def test_every_command_that_is_listed_can_be_called(randomizer: Randomizer) -> None:
    for name in COMMANDS:
        told = randomizer(name, "--help")
        assert told.status == 0, name
        assert told.out.startswith(f"Usage: randomizer {name}")


def test_an_unknown_command_is_refused_in_a_sentence(randomizer: Randomizer) -> None:
    assert "No such command 'randomise'" in randomizer("randomise").refusal


def test_a_missing_option_is_named(randomizer: Randomizer) -> None:
    assert "--definition" in randomizer("init", "somewhere").refusal


@pytest.mark.promise(14)
@pytest.mark.parametrize("main", [cli.main, keys_main.main])
def test_no_command_leaves_a_picture_of_its_memory_when_it_crashes(
    monkeypatch: pytest.MonkeyPatch, main: Callable[[], int]
) -> None:
    limits: list[tuple[int, tuple[int, int]]] = []
    monkeypatch.setattr(resource, "setrlimit", lambda *limit: limits.append(limit))
    monkeypatch.setattr(sys, "argv", ["a command", "--help"])

    assert main() == 0
    assert limits == [(resource.RLIMIT_CORE, (0, 0))]
