"""Templates compiled once for all the doors that a test process opens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import BytecodeCache

if TYPE_CHECKING:
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
