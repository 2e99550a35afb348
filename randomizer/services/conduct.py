"""The trial's own life at the site door: sites open and close, enrolment closes, the trial is terminated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain import reasons
from randomizer.domain.acts import Act
from randomizer.domain.trial import Phase, SiteState, SiteStatus, Trial
from randomizer.errors import Refused
from randomizer.services import acting, trail, trials
from randomizer.services.signatures import StepUp, sign

if TYPE_CHECKING:
    from randomizer.domain.people import Person
    from randomizer.store.work import UnitOfWork

OPEN_MEANING = "I give the go for this site."
TERMINATE_MEANING = "I terminate this trial early."


def open_site(uow: UnitOfWork, person: Person, step_up: StepUp, code: str) -> SiteStatus:
    """The sponsor's go for a site.

    Raises:
        NotFound: There is no such site.
        Refused: It is open already, or the trial is not active.
        StepUpRefused: The re-authentication does not count.
    """
    acting.in_trial(uow, Act.SITE_OPENED)
    site = _not_open(uow, code)
    with trail.act(uow, Act.SITE_OPENED, person, site=code) as act:
        sign(act, step_up, meaning=OPEN_MEANING, about=f"site {code}", values={"site": code})
        return act.change(site, state=SiteState.OPEN, opened_at=act.at)


def close_site(uow: UnitOfWork, person: Person, code: str, why: str) -> SiteStatus:
    """Close a site to enrolment, randomization and transfer; participants there are treated to their end.

    Raises:
        NotFound: There is no such site.
        Refused: It is not open, the data are locked, or the reason is missing.
    """
    acting.in_trial(uow, Act.SITE_CLOSED)
    site = trials.demand_open_site(uow, code)
    reasons.demand(why, "Give the reason.")
    with trail.act(uow, Act.SITE_CLOSED, person, site=code, why=why) as act:
        return act.change(site, state=SiteState.CLOSED)


def close_enrolment(uow: UnitOfWork, person: Person, why: str) -> Trial:
    """Close enrolment; harvested participants can still be randomized.

    Raises:
        Refused: The trial is not active, or the reason is missing.
    """
    trial, _ = acting.in_trial(uow, Act.ENROLMENT_CLOSED)
    reasons.demand(why, "Give the reason.")
    with trail.act(uow, Act.ENROLMENT_CLOSED, person, why=why) as act:
        return act.change(trial, phase=Phase.ENROLMENT_CLOSED)


def terminate(uow: UnitOfWork, person: Person, step_up: StepUp, why: str) -> Trial:
    """End the trial early; lock and release follow as in any other.

    Raises:
        Refused: The trial is not running, or the reason is missing.
        StepUpRefused: The re-authentication does not count.
    """
    trial, _ = acting.in_trial(uow, Act.TRIAL_TERMINATED)
    reasons.demand(why, "Give the reason.")
    with trail.act(uow, Act.TRIAL_TERMINATED, person, why=why) as act:
        sign(act, step_up, meaning=TERMINATE_MEANING, about="trial", values={"phase": Phase.TERMINATED})
        return act.change(trial, phase=Phase.TERMINATED)


def demand_possible(uow: UnitOfWork, act: Act, code: str) -> None:
    """Refuse to open or close a site that cannot be opened or closed now.

    Raises:
        NotFound: There is no such site.
        Refused: Its state or the trial's phase rules it out.
    """
    acting.in_phase(uow, act)
    if act is Act.SITE_OPENED:
        _not_open(uow, code)
    else:
        trials.demand_open_site(uow, code)


def _not_open(uow: UnitOfWork, code: str) -> SiteStatus:
    site = uow.get(SiteStatus, code, what="site")
    if site.state is SiteState.OPEN:
        raise Refused(
            f"Site {code} is open already. Nothing was changed.",
            field="site",
            next_step="Choose a site that is not open yet.",
        )
    return site
