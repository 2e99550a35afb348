"""The one listed filter: what may differ between two schedules, and nothing else.

Each value is replaced by a placeholder of the same length, numbered by its first appearance in the whole
recording: what is equal stays equal and what differs stays different, so that an index made of a secret
shows all the same.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

QUOTE = rb"\\*\""  # JSON inside JSON has its quotes escaped
SEALED_FIELDS = (
    b"digest",
    b"release_digest",
    b"imported_digest",
    b"staged_digest",
    b"certificate_digest",
    b"facts_digest",
    b"leaf_root",
    b"sealed_root",
    b"lasting_root",
    b"certificate",
    b"leaf_hash",
    b"proof",
    b"ciphertext",
    b"details",
    b"shown",
    b"frontier",
    b"note",
)

LISTED: tuple[tuple[str, bytes], ...] = (
    (
        "digests, roots, proofs and sealed bytes",
        QUOTE
        + rb"(?:%s)" % b"|".join(SEALED_FIELDS)
        + QUOTE
        + rb": ?"
        + QUOTE
        + rb"((?:sha256:)?[0-9a-f]{16,})"
        + QUOTE,
    ),
    ("digests in a list as CSV", rb"(?m)^\d+,[^\n]*,([0-9a-f]{64}),"),
    ("root on the trail page", rb'<p class="digest">([0-9a-f]{64})</p>'),
    (
        "start of the certificate's digest on the lock page",
        rb"<dt>Certificate</dt>\s*<dd[^>]*>([0-9a-f]{16})</dd>",
    ),
    ("root of a checkpoint", rb"(?m)^\d+\n([A-Za-z0-9+/]{43}=)$"),
    ("signature of a checkpoint", rb"(?m)^\xe2\x80\x94 \S+ ([A-Za-z0-9+/]+=*)$"),
    ("session cookie", rb"(?m)^Set-Cookie: (?:site|codebreak)=([^;\n]+);"),
    ("sealed cookie of what was typed", rb"(?m)^Set-Cookie: (?:site|codebreak)-typed=([^;\n]+);"),
    ("CSRF value", rb'name="csrf_token" value="([^"]+)"'),
    ("request id of an answer", rb"(?m)^X-Request-Id: ([0-9a-f]{16})$"),
    ("request id of a problem", rb"urn:request:([0-9a-f]{16})"),
    ("request id in the log", rb'"request": "([0-9a-f]{16})"'),
    ("Date", rb"(?m)^(?:Date: |Set-Cookie: .*Expires=)([A-Z][a-z]{2}, [^;\n]+)"),
    ("time of a log line", rb'"timestamp": "([0-9T:.Z-]+)"'),
)
"""Name and place of everything that may differ; the one group is the value."""

PATTERNS = tuple(re.compile(pattern) for _, pattern in LISTED)


class Placeholders:
    """Replaces what is listed, the same value by the same placeholder wherever it stands."""

    def __init__(self) -> None:
        self._numbers: dict[bytes, int] = {}

    def put(self, content: bytes) -> bytes:
        """The content with every listed value replaced."""
        for pattern in PATTERNS:
            content = pattern.sub(self._replace, content)
        return content

    def _replace(self, found: re.Match[bytes]) -> bytes:
        value = found[1]
        number = self._numbers.setdefault(value, len(self._numbers))
        start, end = found.start(1) - found.start(), found.end(1) - found.start()
        return found[0][:start] + _placeholder(number, len(value)) + found[0][end:]


def _placeholder(number: int, length: int) -> bytes:
    return b"#%d" % number + b"#" * (length - len(b"#%d" % number))


def compared(one: Iterable[tuple[str, bytes]], other: Iterable[tuple[str, bytes]]) -> list[str]:
    """Names of everything in which two recordings differ behind the filter.

    Args:
        one: Name and bytes of everything that could be seen, in order.
        other: The same of the other instance.
    """
    left, right = Placeholders(), Placeholders()
    ones, others = list(one), list(other)
    names = [name for name, _ in ones]
    if names != [name for name, _ in others]:
        return ["what there is to be seen"]
    return [
        name
        for (name, seen), (_, seen_too) in zip(ones, others, strict=True)
        if left.put(seen) != right.put(seen_too)
    ]
