"""What is printed for whoever opens a rehearsal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from randomizer.cli.rehearsal_table import table
from randomizer.cli.story.cast import Member
from randomizer.domain.people import Role
from tests.activated import START, totp_secret

CODES = ("000-111", "222-333")


def member(role: Role) -> Member:
    return Member(
        account=1,
        role=role,
        site="",
        username=str(role).replace(" ", "-"),
        password="hush",
        totp_secret=totp_secret(role),
        recovery_codes=CODES if role is not Role.MONITOR else (),
    )


@pytest.mark.requirement("set-up")
def test_addresses_sign_ins_and_the_recovery_codes_of_the_on_call_clinician_are_printed() -> None:
    members = [member(role) for role in (Role.MONITOR, Role.ON_CALL, Role.SAFETY_PHYSICIAN)]
    printed = io.StringIO()
    Console(file=printed, width=160).print(table(members, [("site door", "http://localhost:1")], START))
    said = printed.getvalue()
    assert "http://localhost:1" in said
    assert all(one.totp_secret in said for one in members)
    assert "Recovery codes of on-call-clinician, each good once" in said
    assert [said.count(code) for code in CODES] == [1, 1]
