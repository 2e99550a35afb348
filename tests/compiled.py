"""What every door compiles anew and is always the same, compiled once for all that a test process opens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Flask
from jinja2 import BytecodeCache
from werkzeug.routing import Rule

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType

    from jinja2.bccache import Bucket


class Compiled(BytecodeCache):
    """Compiling a page takes longer than testing it, and nearly every test opens a door of its own."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], CodeType | None] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Called by the library."""
        bucket.code = self.kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Called by the library."""
        self.kept[bucket.key, bucket.checksum] = bucket.code


def keep() -> None:
    """From now on, templates and the functions that make addresses are compiled once."""
    Flask.jinja_options = {"bytecode_cache": Compiled()}
    write = Rule._compile_builder  # noqa: SLF001 - the library has no setting for it
    kept: dict[Any, Callable[..., tuple[str, str]]] = {}

    def builder(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:  # noqa: FBT001, FBT002 - as there
        key = (rule.rule, *rule._trace, *sorted((rule.defaults or {}).items()), append_unknown)  # noqa: SLF001
        if key not in kept:
            kept[key] = write(rule, append_unknown)
        return kept[key]

    Rule._compile_builder = builder  # type: ignore[assignment, method-assign] # noqa: SLF001
