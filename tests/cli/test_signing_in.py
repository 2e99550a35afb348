"""Who signs in by a command is checked as at a door."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from argon2 import PasswordHasher

from randomizer.cli import signing_in
from randomizer.config import load_codebreak_secrets, load_site_secrets
from randomizer.services.founding.instance_files import write_instance
from randomizer.services.tries import Tries
from randomizer.web import server

if TYPE_CHECKING:
    from pathlib import Path

    from randomizer.services.authentication import Gate


def test_a_password_costs_what_its_library_recommends(tmp_path: Path) -> None:
    """The other tests of commands spend less on it."""
    found = {"kind": "rehearsal", "origin": "example.org/mesems"}
    settings = write_instance(tmp_path / "instance", found, entropy=secrets.token_bytes)
    site, codebreak = load_site_secrets(settings.directory), load_codebreak_secrets(settings.directory)
    for door, held in ((settings.site, site), (settings.codebreak, codebreak)):
        assert cost(server.gate_of(settings, door, held, Tries())) == RECOMMENDED
    assert cost(signing_in.gate_of(settings)) == RECOMMENDED


def cost(gate: Gate) -> tuple[int, int, int]:
    return gate.hasher.time_cost, gate.hasher.memory_cost, gate.hasher.parallelism


RECOMMENDED = (PasswordHasher().time_cost, PasswordHasher().memory_cost, PasswordHasher().parallelism)
