"""What somebody typed while their session ran out, sealed for the way back through their own browser.

It is encrypted and bound to account and page: whoever signs in next at the same machine finds nothing.
"""

from __future__ import annotations

import json
import zlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cryptography.fernet import InvalidToken

from randomizer.services.sessions import SESSION_HOURS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from randomizer.services.authentication import Gate

LABEL = "crossover-randomizer/v1/typed"


def seal(gate: Gate, account: int, page: str, fields: Mapping[str, str], now: datetime) -> str:
    """Seal what was typed into a form.

    Args:
        gate: Holds the key.
        account: Whose it is.
        page: Path of the page that shows the form.
        fields: What was typed, by field name; no secrets.
        now: The current moment.
    """
    content = [LABEL, account, page, now.isoformat(), dict(fields)]
    packed = zlib.compress(json.dumps(content, separators=(",", ":")).encode(), level=9)
    return gate.seal_bytes(packed).decode()


def unseal(gate: Gate, sealed: str, account: int, page: str, now: datetime) -> dict[str, str]:
    """What was typed into the form of a page by this person; empty where it is another's, too old, or none.

    Args:
        gate: Holds the key.
        sealed: From `seal`, as the browser gave it back.
        account: Who is signed in.
        page: Path of the page.
        now: The current moment.
    """
    try:
        content: list[Any] = json.loads(zlib.decompress(gate.open_bytes(sealed.encode())))
    except (InvalidToken, ValueError, zlib.error):
        return {}
    *about, typed_at, fields = content
    if about != [LABEL, account, page]:
        return {}
    recent = datetime.fromisoformat(typed_at).astimezone(UTC) > now - timedelta(hours=SESSION_HOURS)
    return {str(name): str(text) for name, text in fields.items()} if recent else {}
