"""Codes used while the database could only be read are spent after a restart, and at the site door."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from randomizer.domain.housekeeping import TotpUse
from randomizer.domain.people import Role
from randomizer.errors import SignInRefused
from randomizer.services import six_digits
from randomizer.services.unblinded.code_breaks import reconcile
from randomizer.services.unblinded.sinks import IntentFile
from randomizer.services.unblinded.spent_codes import RECOVERY, SIX_DIGITS, SpentCodes

if TYPE_CHECKING:
    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance

pytestmark = [pytest.mark.promise(6), pytest.mark.requirement("code-break door")]

STEP = 60_000_000  # later than any that the fixtures used


def used(instance: Instance, account: int) -> int:
    with instance.store.reading() as uow:
        return uow.get(TotpUse, account).last_step


def test_the_site_door_knows_the_last_one_once_the_database_takes_it(instance: Instance, desk: Desk) -> None:
    doctor, other = instance.number(Role.INVESTIGATOR), instance.number(Role.ON_CALL)
    reconcile(desk)
    codes = SpentCodes(desk.file)
    for account, step in ((doctor, STEP), (doctor, STEP + 2), (doctor, STEP + 1), (other, STEP)):
        assert codes.file_step(account, step)
    assert SpentCodes(IntentFile(desk.file.path)).steps() == {doctor: STEP + 2, other: STEP}
    assert reconcile(desk)
    assert (used(instance, doctor), used(instance, other)) == (STEP + 2, STEP)
    with instance.store.writing() as uow, pytest.raises(SignInRefused):
        six_digits.use(uow, doctor, STEP + 2)


@pytest.mark.parametrize("database", ["sqlite"])
def test_a_line_that_says_nothing_keeps_no_door_from_opening(desk: Desk) -> None:
    desk.file.append({"what": SIX_DIGITS, "account": "1\ufffd", "step": 1})
    desk.file.append({"what": RECOVERY})
    codes = SpentCodes(desk.file)
    codes.file_step(2, STEP)
    assert codes.steps() == {2: STEP}
    assert "digest" not in codes.recovered()


@pytest.mark.parametrize("database", ["sqlite"])
def test_a_later_code_in_the_database_stands(instance: Instance, desk: Desk) -> None:
    doctor = instance.number(Role.INVESTIGATOR)
    with instance.store.writing() as uow:
        six_digits.use(uow, doctor, STEP + 5)
    SpentCodes(desk.file).file_step(doctor, STEP)
    assert reconcile(desk) == 0
    assert used(instance, doctor) == STEP + 5
