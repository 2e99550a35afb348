"""An instance on disk, and who acts in it by commands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyotp

from randomizer.config import load_settings, load_site_secrets, system_clock
from randomizer.domain.housekeeping import TotpUse
from randomizer.domain.people import SERVICE, Role
from randomizer.services import accounts, checkpoints
from randomizer.services.founding.instance_files import read_checkpoint_key
from tests.activated import PASSWORD, cheap_gate

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from randomizer.services.transactions import Store
    from tests.activated import Rehearsal
    from tests.cli.conftest import Answer, Randomizer

TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PEOPLE = {
    "sponsor": Role.SPONSOR,
    "statistician": Role.UNBLINDED_STATISTICIAN,
    "admin": Role.ADMINISTRATOR,
    "manager": Role.TRIAL_MANAGER,
}


@dataclass
class Place:
    """An instance on disk, and who acts in it by commands."""

    directory: Path
    store: Store
    randomizer: Randomizer
    monkeypatch: pytest.MonkeyPatch

    def join(self) -> None:
        """Give every person an account."""
        totp_key = load_site_secrets(self.directory).totp_key.get_secret_value().encode()
        gate = replace(cheap_gate(), totp_key=totp_key)
        with self.store.writing() as uow:
            for name, role in PEOPLE.items():
                account = accounts.create(
                    uow,
                    gate,
                    SERVICE,
                    username=name,
                    printed_name=name.title(),
                    email=f"{name}@example.org",
                    password=PASSWORD,
                    totp_secret=TOTP_SECRET,
                )
                accounts.grant(uow, SERVICE, account=account.number, role=role)

    def as_person(self, name: str, *arguments: object, password: str = PASSWORD) -> Answer:
        """A command with a fresh code; a code that was used a moment ago counts as fresh."""
        with self.store.writing() as uow:
            uow.remove(TotpUse)
        self.monkeypatch.setenv("RANDOMIZER_PASSWORD", password)
        self.monkeypatch.setenv("RANDOMIZER_CODE", pyotp.TOTP(TOTP_SECRET).at(system_clock()))
        return self.randomizer(*arguments, "--instance", self.directory, "--as", name)

    def status(self) -> Answer:
        return self.randomizer("status", "--instance", self.directory, "--json")

    def sign(self) -> None:
        """Sponsor and statistician sign the definition."""
        digest = self.status().fields["definition_digest"]
        for name in ("sponsor", "statistician"):
            done = self.as_person(name, "sign-definition", "--digest", digest, "--json").fields
            assert done["definition_digest"] == digest

    def activate(self, sealed: Rehearsal, *more: object, name: str = "admin", **changed: str) -> Answer:
        """Load a bundle."""
        return self.as_person(
            name, "activate", sealed.directory, "--vkey", sealed.directory / "ceremony.vkey",
            "--digest", sealed.digest, *more, "--json", **changed,
        )  # fmt: skip

    def checkpoint(self) -> None:
        """What the jobs process does within seconds."""
        settings = load_settings(self.directory)
        with self.store.writing() as uow:
            checkpoints.sign(uow, read_checkpoint_key(self.directory), settings.origin)
