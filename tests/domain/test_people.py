from __future__ import annotations

import itertools

import pytest

from randomizer.domain.acts import MAY, SIGNED, Act
from randomizer.domain.people import (
    BREAKERS,
    SEPARATE,
    UNBLINDED,
    Account,
    Person,
    Role,
    check_grant,
    demand,
    one_person,
)
from randomizer.errors import NotAllowed, Refused

SITES = frozenset({"TLS", "GEN"})


def somebody(*grants: tuple[Role, str]) -> Person:
    return Person(account=1, username="x", printed_name="X", grants=frozenset(grants))


@pytest.mark.promise(20)
def test_every_act_says_who_may_do_it() -> None:
    assert set(MAY) == set(Act)
    assert set(Act) >= SIGNED


@pytest.mark.promise(5)
def test_no_act_of_a_blinded_person_is_also_one_of_an_unblinded_person() -> None:
    # Signed by sponsor and statistician, each for themselves; a passkey is everybody's own.
    shared = {Act.DEFINITION_SIGNED, Act.PASSKEY_ADDED, Act.PASSKEY_REMOVED}
    for act, roles in MAY.items():
        if act not in shared:
            assert not (roles & UNBLINDED and roles - UNBLINDED), act


def test_who_breaks_a_code_is_blinded_until_then() -> None:
    assert not BREAKERS & UNBLINDED


@pytest.mark.promise(4)
@pytest.mark.parametrize(("first", "second"), list(itertools.permutations(Role, 2)))
def test_roles_that_unblind_or_grant_are_never_combined(first: Role, second: Role) -> None:
    holder = somebody((first, ""))
    site = "TLS"
    if first in SEPARATE or second in SEPARATE:
        with pytest.raises(Refused, match="at once"):
            check_grant(holder, second, site, known_sites=SITES)
    else:
        check_grant(holder, second, site, known_sites=SITES)


@pytest.mark.parametrize(
    ("name", "email", "one"),
    [
        ("Anna  ROSSI", "other@example.org", True),
        ("Another Name", "Anna.Rossi@Example.org", True),
        ("Another Name", "anna.rossi+kits@example.org", True),
        ("Anna Russi", "anna.russi@example.org", False),
    ],
    ids=["name", "case", "plus", "somebody else"],
)
def test_one_person_with_two_accounts_counts_once(name: str, email: str, *, one: bool) -> None:
    anna = Account(number=1, username="anna", printed_name="Anna Rossi", email="anna.rossi@example.org")
    assert one_person(anna, anna)
    assert one_person(anna, Account(number=2, username="ar2", printed_name=name, email=email)) is one


def test_a_role_counts_at_its_site_only() -> None:
    person = somebody((Role.PHARMACIST, "TLS"))
    assert demand(person, MAY[Act.KIT_DISPENSED], "TLS", what="x") is Role.PHARMACIST
    with pytest.raises(NotAllowed, match="You cannot x here: your role is for another site"):
        demand(person, MAY[Act.KIT_DISPENSED], "GEN", what="x")


def test_a_trial_wide_role_counts_everywhere() -> None:
    person = somebody((Role.SAFETY_PHYSICIAN, ""))
    assert demand(person, MAY[Act.CODE_BREAK_INTENT], "GEN", what="x") is Role.SAFETY_PHYSICIAN
    assert person.sees_site("GEN")


def test_nobody_may_do_what_only_the_service_does() -> None:
    everything = somebody(*((role, "") for role in Role))
    with pytest.raises(NotAllowed, match="the service itself"):
        demand(everything, MAY[Act.KIT_EXPIRED], None, what="x")
