"""What stands around every page: the trial, whether it is a rehearsal, whom to call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from randomizer.domain.trial import Kind, Trial
from randomizer.services import trials

if TYPE_CHECKING:
    from randomizer.store.work import UnitOfWork


def of(uow: UnitOfWork) -> dict[str, Any]:
    """Name, kind and telephone numbers of the trial; an instance without one has none of them."""
    trial = uow.find(Trial, 1)
    if trial is None:
        return {"trial": None, "rehearsal": False, "sites": {}, "office": "", "emergency": ""}
    definition = trials.current(uow)[1]
    return {
        "trial": definition.trial_id.upper(),
        "rehearsal": trial.kind is Kind.REHEARSAL,
        "sites": {site.code: site.name for site in definition.sites},
        "office": definition.telephone,
        "emergency": definition.code_break.telephone,
    }
