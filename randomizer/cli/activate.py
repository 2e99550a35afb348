"""``randomizer activate``: a sealed bundle becomes an active trial."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from randomizer.cli.bundle_options import digest_option, key_option, read_key
from randomizer.cli.console import FILE, answer, instance_option, json_option, progress
from randomizer.cli.instance import open_instance
from randomizer.cli.signing_in import as_option, code_option, password_option, sign_in
from randomizer.services import trials
from randomizer.services.founding import activation, host_token, instance_publication, key_installation
from randomizer.services.sealed.bundle import Bundle

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("bundle", type=FILE)
@instance_option
@key_option
@digest_option
@click.option(
    "--without-keys", is_flag=True, help="The code-break host is another machine: use install-keys there."
)
@as_option
@password_option
@code_option
@json_option
def command(
    *,
    bundle: Path,
    instance: Path | None,
    vkey: str,
    pinned_digest: str,
    without_keys: bool,
    username: str,
    password: str,
    code: str,
    as_json: bool,
) -> None:
    """Check BUNDLE and load it into the instance; an administrator does it."""
    settings, store = open_instance(instance)
    key, source = read_key(vkey), Bundle(bundle)
    person, _ = sign_in(store, settings, username=username, password=password, code=code)
    with store.reading() as uow:
        total = trials.current(uow)[1].capacity
    with progress("Loading slots", total) as advance, store.writing() as uow:
        trial = activation.activate(
            uow, person, source, key=key, pinned_digest=pinned_digest, progress=advance
        )
        # Before the commit, and safe to repeat: a host without keys must not come up with an active trial.
        instance_publication.publish(source, settings.public)
        if not without_keys:
            directory = settings.directory / "codebreak"
            token = host_token.open_token(directory, settings.pkcs11)
            key_installation.install(source, directory, key=key, pinned_digest=pinned_digest, token=token)
    fields = {
        "phase": trial.phase.value,
        "kind": trial.kind.value,
        "certificate_digest": trial.certificate_digest,
        "slots": total,
        "keys_installed": not without_keys,
    }
    answer(
        fields,
        f"The trial is {trial.phase}: {total} slots. Certificate {trial.certificate_digest}.\n"
        "Nobody can be randomized before the jobs process has signed a checkpoint and the sponsor has opened "
        "a site.",
        as_json=as_json,
    )
