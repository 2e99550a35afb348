"""What a person needs to open a rehearsal: addresses, one sign-in per role, the codes of the moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyotp
from rich.console import Group
from rich.table import Table
from rich.text import Text

from randomizer.domain.people import UNBLINDED, Role

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from rich.console import RenderableType

    from randomizer.cli.story.cast import Member

AT_THE_CODE_BREAK_DOOR = frozenset(
    {*UNBLINDED, Role.INVESTIGATOR, Role.ON_CALL, Role.SAFETY_PHYSICIAN, Role.SPONSOR}
)
"""Roles that have something to do there; all but the unblinded ones work at the site door too."""

TOTP_SECONDS = 30


def one_per_role(members: Sequence[Member]) -> tuple[Member, ...]:
    """The first member of each role."""
    first: dict[Role, Member] = {}
    for member in members:
        first.setdefault(member.role, member)
    return tuple(first.values())


def doors_of(role: Role) -> str:
    """Where a role works, in words."""
    if role in UNBLINDED:
        return "code break"
    return "both" if role in AT_THE_CODE_BREAK_DOOR else "site"


def code_of(member: Member, now: datetime) -> str:
    """The six digits that the member's authenticator shows now."""
    return pyotp.TOTP(member.totp_secret).at(now)


def table(members: Sequence[Member], addresses: Sequence[tuple[str, str]], now: datetime) -> RenderableType:
    """Addresses and sign-ins.

    Args:
        members: One per role.
        addresses: Pairs of name and address.
        now: Whose codes are shown.
    """
    left = TOTP_SECONDS - int(now.timestamp()) % TOTP_SECONDS
    shown = Table(
        title="REHEARSAL: sign-in of one person per role",
        caption=f"Codes count for {left} more seconds, and each works once.",
        box=None,
        pad_edge=False,
    )
    for column in ("Role", "Door", "User name", "Password", "Code", "Code secret"):
        shown.add_column(column, no_wrap=True)
    for member in members:
        shown.add_row(
            f"{member.role}{f' at {member.site}' if member.site else ''}",
            doors_of(member.role),
            member.username,
            member.password,
            code_of(member, now),
            member.totp_secret,
        )
    lines = [Text(f"{name:16} {address}") for name, address in addresses]
    return Group(*lines, Text(), shown, *_recovery(members))


def _recovery(members: Sequence[Member]) -> Iterator[Text]:
    """The printed codes of whoever has no phone at hand at night."""
    for member in members:
        if member.role is Role.ON_CALL and member.recovery_codes:
            yield Text()
            yield Text(f"Recovery codes of {member.username}, each good once at the code-break door:")
            yield from (Text(f"  {code}") for code in member.recovery_codes)
