"""The trial as the other services need it: its row, its definition, and whether allocation may go on."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from randomizer.domain.definition import from_canonical
from randomizer.domain.records import STOPS_ALLOCATION, Alarm
from randomizer.domain.trial import SiteState, SiteStatus, Trial
from randomizer.errors import NotFound, Refused, Stopped
from randomizer.services import trail

if TYPE_CHECKING:
    from randomizer.domain.definition_values import Definition
    from randomizer.store.work import UnitOfWork


def current(uow: UnitOfWork, *, checked: bool = False) -> tuple[Trial, Definition]:
    """The trial of this instance and its definition.

    Args:
        uow: The unit of work.
        checked: Whether to compare it with its entry first, as everything must that an act rests on.

    Raises:
        NotFound: The instance holds no trial yet.
        Tampered: The trial or its definition differ from their entry.
    """
    trial = uow.find(Trial, 1)
    if trial is None:
        raise NotFound(
            "This instance holds no trial yet.", next_step="An administrator activates a sealed bundle."
        )
    if checked:
        trail.check(uow, trial)
    return trial, _definition(trial.definition)


def demand_open_site(uow: UnitOfWork, code: str) -> SiteStatus:
    """The site, open.

    Raises:
        NotFound: There is no such site.
        Refused: The sponsor has not opened it, or has closed it.
        Tampered: The site's row differs from its entry.
    """
    site = uow.get(SiteStatus, code, what="site")
    trail.check(uow, site)
    if site.state is not SiteState.OPEN:
        raise Refused(
            f"Site {code} is {site.state}. Nothing was changed.",
            field="site",
            next_step="The sponsor representative opens a site.",
        )
    return site


def demand_no_alarm(uow: UnitOfWork) -> None:
    """Refuse to allocate while an alarm stands that could mean a bent record.

    Raises:
        Stopped: Such an alarm stands; a code break works all the same.
    """
    alarms = uow.all(Alarm, kind=STOPS_ALLOCATION, cleared_at=None)
    if alarms:
        raise Stopped(
            f"Allocation is stopped: {alarms[0].kind} ({alarms[0].about}). Nothing was changed.",
            next_step="Call the trial office. A code break still works.",
        )


@lru_cache(maxsize=8)
def _definition(text: str) -> Definition:
    return from_canonical(text.encode())
