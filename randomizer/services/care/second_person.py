"""A second person who checks what is done with a kit, where the definition asks for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from randomizer.domain.acts import CHECKING_KITS
from randomizer.errors import Refused
from randomizer.services import accounts, trials

if TYPE_CHECKING:
    from randomizer.domain.people import Person
    from randomizer.services.signatures import StepUp
    from randomizer.store.work import UnitOfWork

FIELD: Final = "second_username"
"""The field of a refusal that asks for a second person."""


def demand(
    uow: UnitOfWork, person: Person, site: str, second: StepUp | None, *, before: str, nothing: str
) -> int:
    """Account of the second person, where the definition asks for one; 0 where it does not.

    Args:
        uow: The unit of work.
        person: Who acts.
        site: Site code of the kit.
        second: The re-authentication of whoever checks it.
        before: What is checked before what, such as "this kit before it is handed out".
        nothing: A sentence that says what has not happened, such as "Nothing was handed out."

    Raises:
        Refused: Nobody fit checked it (field: `FIELD`).
    """
    if not trials.current(uow)[1].kits.second_person:
        return 0
    if second is None:
        raise Refused(
            f"A second person checks {before}. {nothing}",
            field=FIELD,
            next_step="Ask a colleague of this site to compare the kit and enter name, password and code.",
        )
    oneself = accounts.same_person(uow, second.account, person.account)
    if oneself or not second.at <= uow.clock() < second.expires_at:
        raise Refused(
            f"The second person must be somebody else than you, and sign in now. {nothing}",
            field=FIELD,
            next_step="Ask a colleague of this site to enter their own name, password and code.",
        )
    if accounts.person(uow, second.account).role_for(CHECKING_KITS, site) is None:
        known = ", ".join(sorted(CHECKING_KITS))
        raise Refused(
            f"Whoever checks a kit is one of: {known}, at this site. {nothing}",
            field=FIELD,
            next_step="Ask a colleague with such a role.",
        )
    return second.account
