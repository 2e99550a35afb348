"""Column types that give back exactly the domain's values."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import String, Text
from sqlalchemy.types import TypeDecorator

from randomizer.domain.canonical import time_text

if TYPE_CHECKING:
    from enum import StrEnum

    from sqlalchemy.engine import Dialect


class UtcTime(TypeDecorator[datetime]):
    """A moment in UTC as sortable text, the same on every database."""

    impl = String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Text of a moment; a naive one is a programming error."""
        return None if value is None else time_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """The moment, timezone-aware."""
        return None if value is None else datetime.fromisoformat(value)


class Word(TypeDecorator[Any]):
    """One word of a closed list (a StrEnum)."""

    impl = String(64)
    cache_ok = True

    def __init__(self, words: type[StrEnum]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """The word as text."""
        return None if value is None else str(self.words(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:  # noqa: ARG002
        """The word of the list."""
        return None if value is None else self.words(value)


class KitSets(TypeDecorator[Any]):
    """Per period a set of kit numbers, as JSON."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:  # noqa: ANN401, ARG002
        """JSON of the tuples."""
        return json.dumps(value, separators=(",", ":"))

    def process_result_value(self, value: Any, dialect: Dialect) -> tuple[tuple[str, ...], ...]:  # noqa: ANN401, ARG002
        """Tuples of tuples."""
        return tuple(tuple(period) for period in json.loads(value))


class Wraps(TypeDecorator[Any]):
    """A slot key's wraps by purpose, as JSON with base64."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:  # noqa: ANN401, ARG002
        """JSON of purpose and wrap."""
        return json.dumps([[purpose, b64encode(wrap).decode()] for purpose, wrap in value])

    def process_result_value(self, value: Any, dialect: Dialect) -> tuple[tuple[str, bytes], ...]:  # noqa: ANN401, ARG002
        """Pairs of purpose and wrap."""
        return tuple((purpose, b64decode(wrap)) for purpose, wrap in json.loads(value))
