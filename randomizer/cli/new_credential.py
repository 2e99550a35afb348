"""Passwords and code secrets of new accounts."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyotp

if TYPE_CHECKING:
    from keys.entropy import Entropy

PASSWORD_BYTES = 15
GROUP = 4  # letters between two dashes
TOTP_BYTES = 20
ISSUER = "Crossover randomizer"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCredential:
    """A password and a code secret that were just drawn.

    Args:
        password: 120 random bits as letters and digits in groups.
        totp_secret: Base32.
    """

    password: str = field(repr=False)
    totp_secret: str = field(repr=False)

    @classmethod
    def draw(cls, entropy: Entropy) -> NewCredential:
        """Draw both."""
        letters = base64.b32encode(entropy(PASSWORD_BYTES)).decode().lower()
        groups = [letters[start : start + GROUP] for start in range(0, len(letters), GROUP)]
        return cls(password="-".join(groups), totp_secret=base64.b32encode(entropy(TOTP_BYTES)).decode())

    def fields(self, username: str, trial_id: str = "") -> dict[str, str]:
        """What its holder needs: password, secret, and the secret as an authenticator app reads it."""
        issuer = f"{ISSUER} {trial_id}".strip()
        uri = pyotp.TOTP(self.totp_secret).provisioning_uri(name=username, issuer_name=issuer)
        return {
            "username": username,
            "password": self.password,
            "totp_secret": self.totp_secret,
            "otpauth": uri,
        }


def recovery_field(codes: tuple[str, ...]) -> dict[str, list[str]]:
    """Recovery codes as a field of an answer, or nothing where there are none."""
    return {"recovery_codes": list(codes)} if codes else {}


def recovery_sheet(codes: tuple[str, ...]) -> str:
    """Recovery codes as text to print, or nothing where there are none."""
    if not codes:
        return ""
    head = (
        "\n\nRecovery codes, each good once at the code-break door instead of password and six-digit code:\n"
    )
    lines = "\n".join(f"{number}  {code}" for number, code in enumerate(codes, start=1))
    return f"{head}{lines}\nShown this once. Print them and hand them over in person."
