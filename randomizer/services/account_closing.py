"""Closing an account: its holder is out at once, and it is never opened again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain import reasons
from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Session
from randomizer.domain.people import Account, Person
from randomizer.errors import Refused
from randomizer.services import trail

if TYPE_CHECKING:
    from randomizer.store.work import UnitOfWork


def close(uow: UnitOfWork, by: Person, account: int, why: str) -> Account:
    """Close an account and end its sessions.

    Args:
        uow: The unit of work.
        by: An administrator, who has re-authenticated for this.
        account: Whose account it is.
        why: The reason.

    Raises:
        NotFound: There is no such account.
        Refused: It is closed, it is the administrator's own, or the reason is missing.
    """
    closing = uow.get(Account, account, what="account")
    demand_open(closing, by)
    reasons.demand(why, "Closing an account needs its reason.")
    with trail.act(uow, Act.ACCOUNT_CLOSED, by, why=why) as act:
        closed = act.change(closing, active=False)
        uow.remove(Session, account=account)
    return closed


def demand_open(account: Account, by: Person) -> None:
    """Refuse to close what is closed, or one's own account.

    Raises:
        Refused: One of the two.
    """
    if not account.active:
        raise Refused(
            f"The account of {account.printed_name} is closed already. Nothing was changed.",
            field="account",
            next_step="A person who comes back gets a new account.",
        )
    if account.number == by.account:
        raise Refused(
            "This is your own account, and you would lock yourself out. Nothing was changed.",
            field="account",
            next_step="Ask another administrator to close it.",
        )
