"""Databases of one kind speak one language: statements are compiled once for all that a process opens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

if TYPE_CHECKING:
    from sqlalchemy import Engine

COMPILED: dict[Any, Any] = {}


class _Alike:
    """Equal to every dialect of its class: a compiled statement is found by its dialect among others."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    @classmethod
    def engine_created(cls, engine: Engine) -> None:
        """Have the engine look among all that was compiled."""
        engine.update_execution_options(compiled_cache=COMPILED)


class Sqlite(_Alike, SQLiteDialect_pysqlite):
    """As the library's."""

    supports_statement_cache = True


class Postgresql(_Alike, PGDialect_psycopg):
    """As the library's."""

    supports_statement_cache = True


def share_compiled() -> None:
    """From now on, every engine shares what it compiles; compiling takes longer than most statements."""
    registry.register("sqlite", __name__, "Sqlite")
    registry.register("postgresql.psycopg", __name__, "Postgresql")
