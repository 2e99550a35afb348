"""The PKCS#11 token of a code-break host, where its settings name one; its library is loaded only then."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

from randomizer.config import load_token_pin
from randomizer.errors import Refused

if TYPE_CHECKING:
    from pathlib import Path

    from keys.token import Token
    from randomizer.config import Pkcs11


def open_token(directory: Path, pkcs11: Pkcs11 | None) -> Token | None:
    """Open the token that the settings name.

    Args:
        directory: ``codebreak`` of the instance directory; may hold the PIN.
        pkcs11: Of the settings.

    Returns:
        The token, or None where the keys lie in a file.

    Raises:
        KeyFileRefused: The token cannot be opened.
        Refused: The PIN is missing or open to others, or the optional package is not installed.
    """
    if pkcs11 is None or not pkcs11.module:
        return None
    pin = load_token_pin(directory).get_secret_value()
    try:
        # Not at the top: an optional extra, and no process loads a token's library unless it has one.
        token = import_module("keys.token")
    except ImportError:
        raise Refused(
            "The settings name a PKCS#11 token, and the package python-pkcs11 is not installed.",
            field="pkcs11",
            next_step="Install crossover-randomizer[pkcs11].",
        ) from None
    return cast("Token", token.Token(pkcs11.module, pkcs11.token_label, pin, directory))
