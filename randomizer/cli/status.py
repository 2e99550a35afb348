"""``randomizer status``: how an instance stands; nothing that unblinds, so nobody signs in for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from randomizer.cli.console import answer, instance_option, json_option
from randomizer.cli.instance import open_instance
from randomizer.domain.records import Alarm, PeriodLock
from randomizer.domain.trial import SiteStatus, StratumStatus
from randomizer.services import checkpoints, outside, trials
from randomizer.services.founding import definition_signing

if TYPE_CHECKING:
    from pathlib import Path

    from randomizer.services.transactions import UnitOfWork


@click.command()
@instance_option
@json_option
def command(instance: Path | None, *, as_json: bool) -> None:
    """Say how an instance stands: phase, signatures, sites, strata, checkpoints, alarms."""
    _, store = open_instance(instance)
    with store.reading() as uow:
        fields = describe(uow)
    answer(fields, _text(fields), as_json=as_json)


def describe(uow: UnitOfWork) -> dict[str, Any]:
    """The state of the instance in blinded terms.

    Raises:
        NotFound: It holds no trial.
    """
    trial, definition = trials.current(uow)
    return {
        "trial": definition.trial_id,
        "kind": trial.kind.value,
        "phase": trial.phase.value,
        "periods_locked": [lock.period for lock in uow.all(PeriodLock)],
        "definition_digest": trial.definition_digest,
        "definition_signed_by": sorted(definition_signing.signed(uow)),
        "certificate_digest": trial.certificate_digest or None,
        "sites": {site.code: site.state.value for site in uow.all(SiteStatus)},
        "strata": {
            stratum.code: {"capacity": stratum.capacity, "used": stratum.next_ordinal - 1}
            for stratum in uow.all(StratumStatus)
        },
        "entries_without_checkpoint": checkpoints.overdue(uow),
        "witnessed": [outside.said(one) for one in outside.witnessed(uow)],
        "alarms": [f"{alarm.kind}: {alarm.about}" for alarm in uow.all(Alarm, cleared_at=None)],
    }


def _text(fields: dict[str, Any]) -> str:
    strata = (f"{code} {one['used']} of {one['capacity']}" for code, one in fields["strata"].items())
    lines = {
        "Trial": f"{fields['trial']} ({fields['kind']}), {fields['phase']}{_locked(fields)}",
        "Definition": fields["definition_digest"],
        "Signed by": ", ".join(fields["definition_signed_by"]) or "nobody yet",
        "Certificate": fields["certificate_digest"] or "none yet",
        "Sites": ", ".join(f"{code} {state}" for code, state in fields["sites"].items()),
        "Slots used": ", ".join(strata) or "none sealed yet",
        "Entries without checkpoint": str(fields["entries_without_checkpoint"]),
        "Witnessed by": "; ".join(fields["witnessed"]) or "nobody: self-witnessed",
        "Alarms": "; ".join(fields["alarms"]) or "none",
    }
    width = max(map(len, lines))
    return "\n".join(f"{name:<{width}}  {value}" for name, value in lines.items())


def _locked(fields: dict[str, Any]) -> str:
    return "".join(f", period {period} locked" for period in fields["periods_locked"])
