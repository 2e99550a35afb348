"""``randomizer token-key``: make the transport key of the code-break host inside its PKCS#11 token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from keys import files, transport
from randomizer.cli.console import answer, instance_option, json_option
from randomizer.config import load_settings
from randomizer.errors import Refused
from randomizer.services.founding import host_token
from randomizer.services.sealed.bundle import RSA_TRANSPORT

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@instance_option
@json_option
def command(instance: Path | None, *, as_json: bool) -> None:
    """Make an RSA key in the token that the settings name, and write its public half for the ceremony."""
    settings = load_settings(instance)
    token = host_token.open_token(settings.directory / "codebreak", settings.pkcs11)
    if token is None:
        raise Refused(
            "The settings of this instance name no PKCS#11 token. Nothing was made.",
            field="pkcs11",
            next_step="Put module and token_label under [pkcs11] in instance.toml.",
        )
    public = token.make_transport()
    path = settings.public / RSA_TRANSPORT
    files.write_public(path, transport.public_line(public, f"{settings.origin} token").encode(), replace=True)
    answer(
        {"token_key": str(path), "digest": transport.digest(public)},
        f"{path} is the public half; the ceremony takes it: randomizer seal --token {path}.\n"
        f"Its digest is {transport.digest(public)}.",
        as_json=as_json,
    )
