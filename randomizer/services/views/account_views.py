"""Accounts and grants as the administrator sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from randomizer import masking
from randomizer.domain.people import BREAKERS, GUARDED, SITE_BOUND, Account, Grant, Person, Role, demand
from randomizer.domain.trial import Phase, Trial
from randomizer.services import account_closing, trials

if TYPE_CHECKING:
    from randomizer.store.work import UnitOfWork


def listing(uow: UnitOfWork, person: Person) -> list[dict[str, Any]]:
    """Every account with the grants that stand.

    Raises:
        NotAllowed: The person is no administrator.
    """
    _demand(person)
    return [_row(uow, person, account) for account in uow.all(Account)]


def one(uow: UnitOfWork, person: Person, number: int) -> dict[str, Any]:
    """One account with the grants that stand.

    Raises:
        NotAllowed: The person is no administrator.
        NotFound: There is no such account.
    """
    _demand(person)
    return _row(uow, person, uow.get(Account, number, what="account"))


def demand_closable(uow: UnitOfWork, person: Person, number: int) -> None:
    """Refuse the page of closing an account that cannot be closed.

    Raises:
        NotAllowed: The person is no administrator.
        NotFound: There is no such account.
        Refused: It is closed already, or the administrator's own.
    """
    _demand(person)
    account_closing.demand_open(uow.get(Account, number, what="account"), person)


def _row(uow: UnitOfWork, person: Person, account: Account) -> dict[str, Any]:
    trial = uow.find(Trial, 1)
    phase = trial.phase if trial else Phase.DRAFT
    grants = uow.all(Grant, account=account.number, revoked_at=None)
    shown = [masking.show(person.roles, phase, grant) for grant in grants]
    return masking.show(person.roles, phase, account) | {
        "grants": shown,
        "breaker": any(grant.role in BREAKERS for grant in grants),
    }


def _demand(person: Person) -> None:
    demand(person, frozenset({Role.ADMINISTRATOR}), None, what="see accounts")


def roles() -> list[dict[str, Any]]:
    """Every role with whether it is for one site and whether it needs a second administrator."""
    return [{"role": role, "site_bound": role in SITE_BOUND, "second": role in GUARDED} for role in Role]


def sites(uow: UnitOfWork) -> tuple[tuple[str, str], ...]:
    """Code and name of every site of the definition; none before a trial is loaded."""
    if uow.find(Trial, 1) is None:
        return ()
    _, definition = trials.current(uow)
    return tuple((site.code, f"{site.code}: {site.name}") for site in definition.sites)
