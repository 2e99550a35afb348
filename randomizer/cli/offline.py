"""Whether this machine could reach another one: asked of its own routes, without sending anything."""

from __future__ import annotations

import socket
from typing import Final

from randomizer.errors import Refused

ELSEWHERE: Final = (
    (socket.AF_INET, "192.0.2.1"),  # RFC 5737: an address for documentation, nobody's
    (socket.AF_INET6, "2001:db8::1"),  # RFC 3849
)
DISCARD: Final = 9


def demand_offline() -> None:
    """Refuse to go on while this machine has a route to others.

    Raises:
        Refused: It has one.
    """
    if any(_routed(family, address) for family, address in ELSEWHERE):
        raise Refused(
            "This machine is connected to a network; the ceremony was to be offline. Nothing was made.",
            field="offline",
            next_step="Unplug the network, switch the radio off, and begin again.",
        )


def _routed(family: socket.AddressFamily, address: str) -> bool:
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as asked:
            asked.connect((address, DISCARD))  # of a datagram socket: looks up the route, sends no packet
    except OSError:
        return False
    return True
