"""What the API takes and gives for lock and release."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from randomizer.web.exchange import Body, Trial
from randomizer.web.surface import Answer

Sealed = Annotated[str, StringConstraints(max_length=32_000_000)]


class Copy(Body):
    """This host's copy of the opened release, base64."""

    copy_base64: Sealed


class Lock(Answer):
    """The trial, and what stands in the way of its lock."""

    KINDS = ("Lock",)
    trial: Trial
    blocks: list[str]


class Exported(Answer):
    """The sealed release and the certificate, base64."""

    certificate_note: str
    release_sealed: str
