"""Six-digit codes of an authenticator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyotp

if TYPE_CHECKING:
    from datetime import datetime

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
