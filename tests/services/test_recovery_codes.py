"""Recovery codes: printed once, of 128 bits, each good once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from randomizer.domain.housekeeping import Notice, RecoveryUse
from randomizer.domain.people import SERVICE, RecoveryCodes, Role
from randomizer.errors import NotAllowed, Refused, SignInRefused, Tampered
from randomizer.services import accounts, recovery_codes
from randomizer.services.recovery_codes import CODES
from tests.activated import totp_secret, username

if TYPE_CHECKING:
    from collections.abc import Callable

    from randomizer.services.recovery_codes import Recovered
    from tests.activated import Instance

pytestmark = pytest.mark.promise(6)

NAME = username(Role.ON_CALL)


@pytest.fixture
def codes(instance: Instance) -> tuple[str, ...]:
    """The sheet of the on-call clinician."""
    return issue(instance)


def issue(instance: Instance, role: Role = Role.ON_CALL) -> tuple[str, ...]:
    with instance.store.writing() as uow:
        return recovery_codes.issue(uow, SERVICE, account=instance.number(role), second=None)


def fit(instance: Instance, typed: str, name: str = NAME) -> Recovered:
    with instance.store.reading() as uow:
        return recovery_codes.fit(uow, username=name, typed=typed)


def use(instance: Instance, typed: str) -> None:
    recovered = fit(instance, typed)
    with instance.store.writing() as uow:
        recovery_codes.use(uow, recovered)


def renew(instance: Instance, role: Role) -> None:
    with instance.store.writing() as uow:
        accounts.set_credential(
            uow,
            instance.gate,
            accounts.person(uow, instance.number(Role.ADMINISTRATOR)),
            account=instance.number(role),
            password="another long password",
            totp_secret=totp_secret("new"),
            second=None,
        )


def test_each_code_works_once_and_its_holder_is_told(instance: Instance, codes: tuple[str, ...]) -> None:
    assert len(set(codes)) == CODES
    for left, code in enumerate(reversed(codes)):
        assert fit(instance, code).left == CODES - 1 - left
        use(instance, code.lower().replace("-", " "))
        with pytest.raises(SignInRefused, match="was used before"):
            fit(instance, code)
    with instance.store.reading() as uow:
        assert uow.count(RecoveryUse) == CODES
        told = [one.body for one in uow.all(Notice, subject="A recovery code of yours was used")]
    assert any("0 of 4 are left" in body for body in told)
    assert len(told) == CODES


def test_a_code_that_was_used_meanwhile_is_not_used_again(instance: Instance, codes: tuple[str, ...]) -> None:
    recovered = fit(instance, codes[0])
    use(instance, codes[0])
    with instance.store.writing() as uow, pytest.raises(SignInRefused):
        recovery_codes.use(uow, recovered)


@pytest.mark.promise(20)
def test_the_code_of_another_and_of_nobody_is_refused_alike(
    instance: Instance, codes: tuple[str, ...]
) -> None:
    issue(instance, Role.SAFETY_PHYSICIAN)
    said = set()
    for name in (username(Role.SAFETY_PHYSICIAN), username(Role.MONITOR), "nobody"):
        with pytest.raises(SignInRefused) as refused:
            fit(instance, codes[0], name)
        said.add((refused.value.message, refused.value.field, refused.value.next_step))
    assert len(said) == 1


@pytest.mark.promise(18)
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda code: code[:-1], "has 27 symbols; 26 were typed"),
        (lambda code: code[:-1] + ("0" if code[-1] != "0" else "1"), "was mistyped"),
        (lambda code: "!" + code[1:], "Symbol 1 of the recovery code"),
    ],
)
def test_a_mistyped_code_says_so(
    instance: Instance, codes: tuple[str, ...], spoil: Callable[[str], str], said: str
) -> None:
    with pytest.raises(SignInRefused, match=said) as refused:
        fit(instance, spoil(codes[0]))
    assert refused.value.field == "recovery_code"
    assert codes[0][:7] not in str(refused.value)


def test_the_store_holds_no_code(instance: Instance, codes: tuple[str, ...]) -> None:
    with instance.store.reading() as uow:
        kept = uow.get(RecoveryCodes, instance.number(Role.ON_CALL))
        told = " ".join(one.body for one in uow.all(Notice))
    for code in codes:
        assert code not in kept.digests
        assert code not in told
    assert "digests" not in repr(kept)


def test_new_codes_and_a_new_sign_in_end_the_codes_before(instance: Instance, codes: tuple[str, ...]) -> None:
    newer = issue(instance)
    with pytest.raises(SignInRefused):
        fit(instance, codes[0])
    assert fit(instance, newer[0]).account == instance.number(Role.ON_CALL)
    with instance.store.writing() as uow:
        accounts.revoke(
            uow,
            accounts.person(uow, instance.number(Role.ADMINISTRATOR)),
            account=instance.number(Role.ON_CALL),
            role=Role.ON_CALL,
        )
    renew(instance, Role.ON_CALL)
    with pytest.raises(SignInRefused):
        fit(instance, newer[0])


@pytest.mark.promise(20)
def test_one_administrator_alone_draws_no_codes(instance: Instance) -> None:
    by = instance.person(Role.ADMINISTRATOR)
    with instance.store.writing() as uow, pytest.raises(NotAllowed, match="second administrator"):
        recovery_codes.issue(uow, by, account=instance.number(Role.ON_CALL), second=None)
    own = instance.step_up(Role.ADMINISTRATOR)
    with instance.store.writing() as uow, pytest.raises(NotAllowed, match="second administrator"):
        recovery_codes.issue(uow, by, account=instance.number(Role.ON_CALL), second=own)


def test_codes_are_for_whoever_can_break_a_code(instance: Instance, codes: tuple[str, ...]) -> None:
    with pytest.raises(Refused, match="cannot"):
        issue(instance, Role.MONITOR)
    with instance.store.writing() as uow:
        for role, count in ((Role.MONITOR, 0), (Role.ON_CALL, 0), (Role.SAFETY_PHYSICIAN, CODES)):
            drawn = recovery_codes.issue_missing(uow, SERVICE, account=instance.number(role), second=None)
            assert len(drawn) == count


@pytest.mark.promise(17)
def test_codes_written_into_the_database_open_nothing(instance: Instance, codes: tuple[str, ...]) -> None:
    forged = recovery_codes.digest_of(bytes(16))
    with instance.store.engine.begin() as connection:
        connection.execute(text("UPDATE recovery_codes SET digests = :digests"), {"digests": forged})
    with pytest.raises(Tampered, match="RecoveryCodes"):
        fit(instance, "000-000-000-000-000-000-000-000-000")
