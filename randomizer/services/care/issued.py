"""Which emergency packs a site has: in production nobody is randomized to a slot that none of them holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry
from randomizer.domain.trial import Kind
from randomizer.errors import Refused
from randomizer.services import trail

if TYPE_CHECKING:
    from randomizer.domain.participants import Participant
    from randomizer.domain.trial import Trial
    from randomizer.store.work import UnitOfWork

STRATA: Final = "strata"
"""What *emergency pack issued* notes: codes of the strata of which the pack holds every slot."""

WHOLE: Final = "whole"
"""What *emergency pack returned* notes: whether it was the whole pack."""


def ever_issued(uow: UnitOfWork, site: str) -> bool:
    """Whether a pack was ever issued to a site."""
    return bool(_entries(uow, site, Act.PACK_ISSUED))


def ever_held(uow: UnitOfWork, site: str, stratum: str) -> bool:
    """Whether a pack that was ever issued to a site holds the slots of a stratum.

    Raises:
        Tampered: The values of such an entry are not those that it was made of.
    """
    found = _entries(uow, site, Act.PACK_ISSUED)
    return any(stratum in trail.noted(uow, entry.number)[STRATA] for entry in found)


def held(uow: UnitOfWork, site: str, stratum: str) -> bool:
    """Whether a site has a pack now that holds the slots of a stratum.

    A pack that came back whole takes with it all that were issued to the site before.

    Raises:
        Tampered: The values of such an entry are not those that it was made of.
    """
    for entry in _entries(uow, site, Act.PACK_ISSUED, Act.PACK_RETURNED):
        noted = trail.noted(uow, entry.number)
        if entry.act == Act.PACK_RETURNED and noted[WHOLE]:
            return False
        if entry.act == Act.PACK_ISSUED and stratum in noted[STRATA]:
            return True
    return False


def demand_held(uow: UnitOfWork, trial: Trial, participant: Participant) -> None:
    """Refuse to allocate in production where no emergency pack of the site holds the slot.

    Raises:
        Refused: None does; a rehearsal needs none.
        Tampered: The values of an entry about packs are not those that it was made of.
    """
    if trial.kind is Kind.PRODUCTION and not held(uow, participant.site, participant.stratum):
        raise Refused(
            f"No emergency pack at site {participant.site} holds the slots of stratum {participant.stratum}, "
            "so nobody can be randomized to one there. Nothing was changed.",
            field="participant",
            next_step="The trial manager issues it: randomizer emergency-pack issue "
            f"--site {participant.site}.",
        )


def _entries(uow: UnitOfWork, site: str, *kinds: Act) -> tuple[Entry, ...]:
    """Entries about the packs of a site, the newest first; none of these names a participant."""
    return uow.all(Entry, order="-number", participant="", site=site, act=[str(kind) for kind in kinds])
