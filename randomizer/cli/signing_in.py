"""Acts on the command line sign in like everybody: user name, password and six-digit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from randomizer.config import load_site_secrets
from randomizer.services import accounts, authentication
from randomizer.services.authentication import Gate

if TYPE_CHECKING:
    from randomizer.config import Settings
    from randomizer.domain.people import Person
    from randomizer.services.signatures import StepUp
    from randomizer.services.transactions import Store

as_option = click.option("--as", "username", required=True, help="Your user name.")
password_option = click.option(
    "--password",
    envvar="RANDOMIZER_PASSWORD",
    prompt=True,
    prompt_required=True,
    hide_input=True,
    help="Asked for when it is not in RANDOMIZER_PASSWORD.",
)
code_option = click.option(
    "--code",
    envvar="RANDOMIZER_CODE",
    prompt="Six-digit code",
    help="Asked for when it is not in RANDOMIZER_CODE.",
)


def sign_in(
    store: Store, settings: Settings, *, username: str, password: str, code: str
) -> tuple[Person, StepUp]:
    """Who acts, and their re-authentication: one password and code for one command.

    Raises:
        SignInRefused: They do not fit; the sentence never says which.
    """
    gate = gate_of(settings)
    with store.writing() as uow:
        step_up = authentication.witness(uow, gate, username=username, password=password, code=code)
        return accounts.person(uow, step_up.account), step_up


def gate_of(settings: Settings) -> Gate:
    """What it takes to check a password and a code, with the key of the site door.

    Raises:
        Refused: The secrets of the site door cannot be read.
    """
    return Gate(
        totp_key=load_site_secrets(settings.directory).totp_key.get_secret_value().encode(),
        step_up_seconds=settings.step_up_seconds,
    )
