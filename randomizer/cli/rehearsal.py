"""A rehearsal to work with in a browser: sealed, active, with participants in different states.

DIR/accounts.json   everybody's sign-in, in clear: a rehearsal guards nothing
DIR/instance/       the instance; beside it what `randomizer.cli.story.staging` writes
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from randomizer.cli.story import staging
from randomizer.cli.story.calendar import Agenda, SimulatedClock
from randomizer.cli.story.cast import Member
from randomizer.cli.story.counter import Counter
from randomizer.cli.story.lives import Life, Stage
from randomizer.cli.story.plans import plans
from randomizer.domain.people import SERVICE, Role
from randomizer.errors import Refused
from randomizer.services import recovery_codes

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime
    from pathlib import Path

    from randomizer.config import Settings
    from randomizer.services.transactions import Store

    Say = Callable[[str], None]

DAYS_AGO = (395, 330, 300, 260, 240, 230, 220, 210, 198, 194, 192, 120, 32, 28, 27, 14, 4, 2, 0.1, 90)
"""How long ago each participant consented: some have gone all the way, some have just begun.

The kit of the one of 32 days ago is ready now.
"""

TO_THE_NEXT_INFUSION = timedelta(minutes=25)

ACCOUNTS = "accounts.json"
PRIVATE_MODE = 0o600


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """A rehearsal that is ready to be opened.

    Args:
        instance: The instance directory.
        members: Everybody, with what they sign in with.
    """

    instance: Path
    members: tuple[Member, ...]


def find(directory: Path) -> Rehearsal | None:
    """The rehearsal that was made in a directory before, or None where there is none.

    Raises:
        Refused: The directory holds something else.
    """
    path = directory / ACCOUNTS
    if path.is_file():
        found = json.loads(path.read_text(encoding="utf-8"))["accounts"]
        members = tuple(_member(one) for one in found)
        return Rehearsal(instance=directory / "instance", members=members)
    if directory.exists() and any(directory.iterdir()):
        raise Refused(
            f"{directory} holds something that is no rehearsal. Nothing was changed.",
            field="dir",
            next_step="Name another directory, or delete it.",
        )
    return None


def make(directory: Path, now: datetime, say: Say) -> Rehearsal:
    """Seal and activate a rehearsal, and play participants up to now.

    Args:
        directory: Empty or missing; whole or not there at all afterwards.
        now: The current moment.
        say: Told what is being done.
    """
    unfinished = directory.with_name(f"{directory.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    clock = SimulatedClock(now - timedelta(days=max(DAYS_AGO) + 1))
    say("Writing the definition and making the instance")
    definition = staging.write_definition(unfinished, len(DAYS_AGO))
    settings, store, cast = staging.make_instance(unfinished, definition, clock)
    say("Holding the ceremony: contributors and custodians, each in a process of their own")
    sealed = staging.hold_ceremony(unfinished, definition, settings)
    say("Activating, and playing participants through the past year")
    desk = staging.activate(unfinished, settings, store, cast, sealed)
    stage = Stage(
        cast=cast,
        clock=clock,
        definition=definition,
        desk=desk,
        counter=Counter(),
        infusion_hour=(now + TO_THE_NEXT_INFUSION).time().replace(second=0, microsecond=0),
    )
    members = _with_recovery_codes(store, cast.members)
    _play(stage, settings, now)
    store.engine.dispose()
    _write_accounts(unfinished / ACCOUNTS, members)
    shutil.rmtree(directory, ignore_errors=True)
    unfinished.rename(directory)
    return Rehearsal(instance=directory / "instance", members=members)


def _member(found: dict[str, Any]) -> Member:
    codes = tuple(found.get("recovery_codes", ()))
    return Member(**{**found, "role": Role(found["role"]), "recovery_codes": codes})


def _with_recovery_codes(store: Store, members: tuple[Member, ...]) -> tuple[Member, ...]:
    """Everybody, with a sheet of recovery codes for each who can break a code."""
    with store.writing() as uow:
        sheets = {
            one.account: recovery_codes.issue_missing(uow, SERVICE, account=one.account, second=None)
            for one in members
        }
    return tuple(replace(one, recovery_codes=sheets[one.account]) for one in members)


def _play(stage: Stage, settings: Settings, now: datetime) -> None:
    agenda = Agenda(stage.clock)
    people = plans(stage.definition, len(DAYS_AGO) - 1, stage.clock.now)
    for plan, days in zip(people, DAYS_AGO, strict=True):
        agenda.add(Life(stage, replace(plan, consents_at=now - timedelta(days=days))).play())
    signed_on: list[date] = []

    def each() -> None:
        today = stage.clock.now.date()
        if signed_on[-1:] != [today]:
            signed_on.append(today)
            staging.sign_checkpoint(settings, stage.cast)

    agenda.run(each, until=now)


def _write_accounts(path: Path, members: tuple[Member, ...]) -> None:
    text = json.dumps({"accounts": [asdict(member) for member in members]}, indent=2)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_MODE), "w") as file:
        file.write(f"{text}\n")
