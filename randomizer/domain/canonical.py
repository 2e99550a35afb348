"""Canonical forms of frozen values: one byte string for one value, to be signed and hashed.

Source: RFC 8785 (JSON Canonicalization Scheme). Decimals stand as strings: no floating point. A field that
has its default is left out, so that what was signed before a field was added is still read, byte for byte.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import UTC
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

import rfc8785
from pydantic import TypeAdapter, ValidationError

from randomizer.errors import DefinitionFaulty

if TYPE_CHECKING:
    from collections.abc import Hashable
    from datetime import datetime

T = TypeVar("T")


def write(form: str, value: object) -> bytes:
    """Return the canonical form of a frozen dataclass.

    Args:
        form: Names the format and its version; stands in the bytes.
        value: A dataclass of texts, whole numbers, flags, decimals, tuples and further dataclasses.
    """
    return rfc8785.dumps({"format": form, "value": _plain(value)})


def read(data: bytes, form: str, kind: type[T]) -> T:
    """Return the value of a canonical form; the round trip is exact.

    Raises:
        DefinitionFaulty: The bytes are not the canonical form of such a value; they are not repeated.
    """
    try:
        envelope = _adapter(dict).validate_json(data)
        value: T = _adapter(cast("Hashable", kind)).validate_json(
            rfc8785.dumps(envelope["value"]), strict=True
        )
        fits = write(form, value) == data
    except (ValidationError, KeyError, ValueError, RecursionError):
        fits = False
    if not fits:
        raise DefinitionFaulty((("canonical form", f"must be the canonical bytes of {form}"),))
    return value


def time_text(moment: datetime) -> str:
    """A UTC moment as fixed-length text.

    Args:
        moment: Timezone-aware.

    Raises:
        ValueError: The moment has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError("A moment without time zone has no canonical form.")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _plain(value: object) -> Any:  # noqa: ANN401 - JSON has no narrower type
    if is_dataclass(value) and not isinstance(value, type):
        said = {field.name: getattr(value, field.name) for field in fields(value)}
        left_out = {field.name for field in fields(value) if said[field.name] == field.default}
        return {name: _plain(content) for name, content in said.items() if name not in left_out}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Decimal) else value


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:  # noqa: ANN401 - any class
    return TypeAdapter(kind)
