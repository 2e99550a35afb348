"""The type of a source of randomness, and the one way to draw from it."""

from __future__ import annotations

from collections.abc import Callable

from keys.errors import KeysError

Entropy = Callable[[int], bytes]


def draw(entropy: Entropy, count: int) -> bytes:
    """Draw exactly ``count`` bytes.

    Args:
        entropy: The source; in production ``secrets.token_bytes``.
        count: Number of bytes.

    Raises:
        KeysError: The source gave another number of bytes.
    """
    drawn = entropy(count)
    if len(drawn) != count:
        raise KeysError(f"The source of randomness gave {len(drawn)} bytes where {count} were asked for.")
    return drawn
