"""The small complete trial of the other verifier's tests, for the verifier of one file."""

from __future__ import annotations

from tests.services.conftest import activated_sqlite, rehearsal
from tests.services.verification.conftest import forged, log, pins, record, written

__all__ = ["activated_sqlite", "forged", "log", "pins", "record", "rehearsal", "written"]
