"""A code-break host with a PKCS#11 token by commands: transport key, ceremony, activation, rotation."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest

from keys import files, transport
from randomizer.config import PIN_FILE, SETTINGS_FILE
from tests import tokens

if TYPE_CHECKING:
    from tests.ceremony_table import Table
    from tests.cli.conftest import Randomizer
    from tests.cli.places import Place

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 30
pytestmark = pytest.mark.requirement("custody")


@pytest.fixture
def with_token(place: Place, made_token: tokens.Made) -> Place:
    """An instance whose settings name a token."""
    path = place.directory / SETTINGS_FILE
    section = f'\n[pkcs11]\nmodule = "{made_token.module}"\ntoken_label = "{made_token.label}"\n'
    path.write_text(path.read_text() + section)
    files.write_private(place.directory / "codebreak" / PIN_FILE, tokens.PIN.encode())
    return place


def answers(place: Place) -> bool:
    """Whether the code-break door comes up as a process of its own, with its keys in the token."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with subprocess.Popen(
        [sys.executable, "-m", "randomizer.web.codebreak", place.directory],
        cwd=ROOT,
        env={**os.environ, "RANDOMIZER_CODEBREAK__PORT": str(port)},
        stderr=subprocess.DEVNULL,
    ) as door:
        try:
            for _ in range(PATIENCE_SECONDS * 10):
                with suppress(OSError), urlopen(f"http://127.0.0.1:{port}/sign-in") as page:
                    return bool(page.status == 200)
                if door.poll() is not None:
                    return False
                time.sleep(0.1)
        finally:
            door.terminate()
    return False


def test_the_keys_go_from_the_ceremony_into_the_token(
    with_token: Place, made_token: tokens.Made, table: Table, randomizer: Randomizer, tmp_path: Path
) -> None:
    instance = ("--instance", with_token.directory)
    made = randomizer("token-key", *instance, "--json").fields
    public = with_token.directory / "public" / "token.pub"
    assert made == {
        "token_key": str(public),
        "digest": transport.digest(transport.parse_public_line(public.read_text())),
    }
    bundle = tmp_path / "bundle"
    sealed = randomizer(
        "seal", *table.options, "--token", public, "--kind", "rehearsal", "--rehearsal-seed", "a text",
        "--out", bundle, "--json",
    ).fields  # fmt: skip
    with_token.sign()
    tokens.forget(made_token)
    activated = with_token.as_person(
        "admin", "activate", bundle, "--vkey", bundle / "ceremony.vkey",
        "--digest", sealed["certificate_digest"], "--json",
    ).fields  # fmt: skip
    assert activated["keys_installed"]
    assert not (with_token.directory / "codebreak" / "keys.json").exists()

    assert answers(with_token)
    tokens.forget(made_token)
    rotated = with_token.as_person("admin", "rotate", "--json").fields
    assert rotated["slots"] == 24
    tokens.forget(made_token)
    listed = {one["name"]: one for one in randomizer("key-inventory", *instance, "--json").fields["keys"]}
    key = listed["code-break key"]
    assert (key["place"], key["known_as"]) == (f"token {made_token.label}", rotated["key"])
    assert (key["age_days"], key["fault"]) == (0, None)
    assert "preparation key" in listed


def test_a_token_that_cannot_be_opened_is_at_fault(
    with_token: Place, made_token: tokens.Made, randomizer: Randomizer
) -> None:
    (with_token.directory / "codebreak" / PIN_FILE).write_text("another")
    told = randomizer("key-inventory", "--instance", with_token.directory, "--json")
    faults = [one["fault"] for one in json.loads(told.out)["keys"] if one["fault"]]
    assert (told.status, len(faults)) == (1, 1)
    assert "cannot be opened" in faults[0]
    assert "another" not in faults[0]


def test_without_a_token_there_is_no_token_key(place: Place, randomizer: Randomizer) -> None:
    assert "name no PKCS#11 token" in randomizer("token-key", "--instance", place.directory).refusal
