"""The definition is signed before the ceremony: by the sponsor and by the unblinded statistician."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from randomizer.domain import acts
from randomizer.domain.acts import MAY, Act
from randomizer.domain.housekeeping import Entry
from randomizer.domain.records import Signature
from randomizer.domain.trial import Phase
from randomizer.errors import Refused
from randomizer.services import signatures, trail, trials

if TYPE_CHECKING:
    from collections.abc import Mapping

    from randomizer.domain.people import Person
    from randomizer.domain.trial import Trial
    from randomizer.services.signatures import StepUp
    from randomizer.store.work import UnitOfWork

MEANING = "I have read this definition; the trial is to be sealed and run by it."
ABOUT = "definition"


def sign(uow: UnitOfWork, person: Person, step_up: StepUp) -> Signature:
    """Sign the digest of the draft's definition.

    Args:
        uow: The unit of work.
        person: Sponsor representative or unblinded statistician.
        step_up: The signer's re-authentication.

    Raises:
        Refused: The trial is no draft any more, or somebody in this role has signed already.
        StepUpRefused: The re-authentication does not count.
    """
    trial, _ = trials.current(uow)
    trial.demand(frozenset({Phase.DRAFT}), what=Act.DEFINITION_SIGNED.doing)
    trail.check(uow, trial)
    role = acts.demand(person, Act.DEFINITION_SIGNED, None)
    if role in signed(uow):
        raise Refused(
            f"The definition is signed by a {role} already. Nothing was changed.", field="definition"
        )
    with trail.act(uow, Act.DEFINITION_SIGNED, person) as act:
        return signatures.sign(act, step_up, meaning=MEANING, about=ABOUT, values=_values(trial))


def signed(uow: UnitOfWork) -> Mapping[str, Signature]:
    """The signatures under the definition, by the role in which each was given.

    Raises:
        Tampered: A signature differs from its entry.
    """
    found = uow.all(Signature, about=ABOUT)
    trail.check(uow, *found)
    return {uow.get(Entry, one.number).role: one for one in found}


def demand_both(uow: UnitOfWork, trial: Trial) -> None:
    """Refuse unless both have signed exactly this definition.

    Raises:
        Refused: A signature is missing, or is about another definition.
        Tampered: A signature differs from its entry.
    """
    found = signed(uow)
    wanted = signatures.values_digest(_values(trial))
    missing = [
        role
        for role in sorted(MAY[Act.DEFINITION_SIGNED])
        if role not in found or found[role].digest != wanted
    ]
    if missing:
        raise Refused(
            f"The definition is not signed by: {', '.join(missing)}. Nothing was changed.",
            field="definition",
            next_step="Sponsor representative and unblinded statistician sign it before the ceremony.",
        )


def _values(trial: Trial) -> dict[str, Any]:
    return {"definition_digest": trial.definition_digest, "kind": str(trial.kind)}
