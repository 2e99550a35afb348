"""``randomizer lock``: the sponsor's signed statement that the data are final."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from randomizer.cli.console import answer, instance_option, json_option
from randomizer.cli.instance import open_instance
from randomizer.cli.signing_in import as_option, code_option, password_option, sign_in
from randomizer.services import locking

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@instance_option
@click.option(
    "--period",
    type=click.Choice(["1"]),
    help="Lock the data of this period alone, for a staged release; the others go on.",
)
@click.option("--why", required=True, help='The occasion, e.g. "All queries are closed".')
@as_option
@password_option
@code_option
@json_option
def command(
    *,
    instance: Path | None,
    period: str | None,
    why: str,
    username: str,
    password: str,
    code: str,
    as_json: bool,
) -> None:
    """Lock the data; a sponsor representative signs. What stands in the way is listed, all of it."""
    settings, store = open_instance(instance)
    person, step_up = sign_in(store, settings, username=username, password=password, code=code)
    if period:
        with store.writing() as uow:
            locked = locking.lock_period(uow, person, step_up, why)
        answer(
            {
                "period": locked.period,
                "locked_at": locked.locked_at.isoformat(),
                "statement": locking.PERIOD_LOCK_MEANING,
            },
            f"{person.printed_name} signed: {locking.PERIOD_LOCK_MEANING} "
            f"Locked at {locked.locked_at.isoformat()}.\n"
            "Now an unblinded statistician exports the staged release: randomizer release export --staged.",
            as_json=as_json,
        )
        return
    with store.writing() as uow:
        trial = locking.lock(uow, person, step_up, why)
    locked_at = trial.locked_at.isoformat() if trial.locked_at else ""
    answer(
        {"phase": trial.phase.value, "locked_at": locked_at, "statement": locking.LOCK_MEANING},
        f"{person.printed_name} signed: {locking.LOCK_MEANING} Locked at {locked_at}.\n"
        "Now an unblinded statistician exports the sealed release: randomizer release export.",
        as_json=as_json,
    )
