"""Six-digit codes of an authenticator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyotp

from randomizer.domain.housekeeping import TotpUse
from randomizer.errors import SignInRefused

if TYPE_CHECKING:
    from datetime import datetime

    from randomizer.store.work import UnitOfWork

TOTP_SECONDS = 30
TOTP_DRIFT_STEPS = 1  # a phone's clock may be one step off


def fitting_step(secret: str, code: str, now: datetime) -> int | None:
    """The time step that a code was made for, or None where it fits none near now.

    Args:
        secret: Base32 secret shared with the authenticator.
        code: As typed; spaces are left out.
        now: The current moment.

    Source: RFC 6238.
    """
    totp = pyotp.TOTP(secret)
    current = int(now.timestamp()) // TOTP_SECONDS
    steps = range(current - TOTP_DRIFT_STEPS, current + TOTP_DRIFT_STEPS + 1)
    given = code.replace(" ", "")
    return next((step for step in steps if pyotp.utils.strings_equal(totp.generate_otp(step), given)), None)


def use(uow: UnitOfWork, account: int, step: int) -> None:
    """Remember the time step of a code, so that it never works twice.

    Args:
        uow: The unit of work.
        account: Number of the account.
        step: From `fitting_step`.

    Raises:
        SignInRefused: It, or a later one, was used since it was checked.
    """
    used = uow.find(TotpUse, account, locked=True)
    if used is None:
        uow.insert(TotpUse(account=account, last_step=step))
        return
    if step <= used.last_step:
        raise SignInRefused(
            "This code was used already. Nothing was changed.",
            field="code",
            next_step="Wait for the next code.",
        )
    uow.update(TotpUse(account=account, last_step=step))
