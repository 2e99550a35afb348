"""People of a world of the games, beside its cast."""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain.people import SERVICE, Role
from randomizer.services import accounts
from tests.activated import PASSWORD, totp_secret

if TYPE_CHECKING:
    from randomizer.domain.people import Account
    from tests.games.sealings import World


def newcomer(world: World, name: str, *roles: Role) -> Account:
    """An account made for the test."""
    with world.instance.store.writing() as uow:
        account = accounts.create(
            uow,
            world.instance.gate,
            SERVICE,
            username=name,
            printed_name=name.title(),
            email=f"{name}@example.org",
            password=PASSWORD,
            totp_secret=totp_secret(name),
        )
        for role in roles:
            accounts.grant(uow, SERVICE, account=account.number, role=role)
    return account
