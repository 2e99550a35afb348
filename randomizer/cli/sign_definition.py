"""``randomizer sign-definition``: the sponsor and the unblinded statistician, before the ceremony."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from randomizer.cli.console import answer, instance_option, json_option
from randomizer.cli.instance import open_instance
from randomizer.cli.signing_in import as_option, code_option, password_option, sign_in
from randomizer.errors import Refused
from randomizer.services import trials
from randomizer.services.founding import definition_signing

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@instance_option
@click.option("--digest", required=True, help="Digest of the definition that you have read, in hex.")
@as_option
@password_option
@code_option
@json_option
def command(
    instance: Path | None, digest: str, username: str, password: str, code: str, *, as_json: bool
) -> None:
    """Sign the definition of the draft; sponsor representative and unblinded statistician both do it."""
    settings, store = open_instance(instance)
    with store.reading() as uow:
        trial, _ = trials.current(uow)
    if digest.strip().lower() != trial.definition_digest:
        raise Refused(
            f"The instance holds the definition with digest {trial.definition_digest}; you named another. "
            "Nothing was signed.",
            field="digest",
            next_step="Read the definition that the instance holds, or have the right one put in.",
        )
    person, step_up = sign_in(store, settings, username=username, password=password, code=code)
    with store.writing() as uow:
        signature = definition_signing.sign(uow, person, step_up)
        roles = sorted(definition_signing.signed(uow))
    fields = {
        "signed_by": signature.printed_name,
        "signed_at": signature.signed_at.isoformat(),
        "definition_digest": trial.definition_digest,
        "signed_roles": roles,
    }
    answer(
        fields,
        f"{signature.printed_name} signed: {signature.meaning} Signed so far: {', '.join(roles)}.",
        as_json=as_json,
    )
