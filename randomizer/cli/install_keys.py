"""``randomizer install-keys``: on the code-break host, where it is another machine than the database's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from randomizer.cli.bundle_options import digest_option, key_option, read_key
from randomizer.cli.console import FILE, answer, instance_option, json_option
from randomizer.config import load_settings
from randomizer.services.founding import host_token, key_installation
from randomizer.services.sealed.bundle import Bundle

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("bundle", type=FILE)
@instance_option
@key_option
@digest_option
@json_option
def command(bundle: Path, instance: Path | None, vkey: str, pinned_digest: str, *, as_json: bool) -> None:
    """Open the key ring of BUNDLE with this host's transport key or token, and pin its certificate."""
    settings = load_settings(instance)
    directory = settings.directory / "codebreak"
    pins = key_installation.install(
        Bundle(bundle),
        directory,
        key=read_key(vkey),
        pinned_digest=pinned_digest,
        token=host_token.open_token(directory, settings.pkcs11),
    )
    answer(
        pins.texts(),
        f"The keys of trial {pins.trial_id} are on this host; pinned certificate {pins.certificate_digest}.",
        as_json=as_json,
    )
