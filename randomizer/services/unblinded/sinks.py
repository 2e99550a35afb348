"""The second sink of code breaks: an append-only file of JSON lines, each on the disk before anything opens.

It stands on the code-break host beside its keys, so that an intent survives an unwritable database. Nothing
in it ever changes but the words of a reason that were erased from the trail.
"""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Any

import structlog

from keys import files
from randomizer.domain.people import Role
from randomizer.domain.records import Way

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

FILE_MODE = 0o600
INTENT = "intent"
DISCLOSED = "disclosed"
DENIED = "denied"
ABORTED = "aborted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """Somebody's intent to break the code of one participant.

    Args:
        intent: 32 hex digits.
        participant: Participant number.
        site: The participant's site at that time.
        account: Who.
        printed_name: Their name at that time.
        role: In which role.
        reason: Code of the reason.
        text: The reason in the person's own words, and who telephoned; or "".
        intended_at: When.
        way: How the answer goes.
        reader: Number of the account that is shown it, 0 where it goes to somebody without one.
        page_opened_at: When the page of the participant was opened, or None.
    """

    intent: str
    participant: str
    site: str
    account: int
    printed_name: str
    role: Role
    reason: str
    text: str = field(repr=False)
    intended_at: datetime
    way: Way
    reader: int
    page_opened_at: datetime | None = None

    def to_line(self) -> dict[str, Any]:
        """The intent as a line of the file."""
        texts = {name: str(getattr(self, name)) for name in _TEXTS}
        numbers = {"account": self.account, "reader": self.reader}
        opened = self.page_opened_at.isoformat() if self.page_opened_at else ""
        moments = {"intended_at": self.intended_at.isoformat(), "page_opened_at": opened}
        return texts | numbers | moments | {"what": INTENT}

    @classmethod
    def of_line(cls, line: Mapping[str, Any]) -> Intent:
        """The intent that `to_line` wrote."""
        texts = {name: str(line[name]) for name in _TEXTS if name not in _WORDS}
        opened = str(line.get("page_opened_at", ""))
        return cls(
            **texts,
            role=Role(str(line["role"])),
            # A line from before answers went to others: it went to who broke the code.
            way=Way(str(line.get("way", Way.OWN))),
            account=int(line["account"]),
            reader=int(line.get("reader", line["account"])),
            intended_at=datetime.fromisoformat(str(line["intended_at"])),
            page_opened_at=datetime.fromisoformat(opened) if opened else None,
        )


_WORDS = ("role", "way")
_TEXTS = ("intent", "participant", "site", "printed_name", "reason", "text", *_WORDS)


class IntentFile:
    """Lines that are on the disk when `append` returns.

    Args:
        path: In the directory of the code-break host's keys.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.turn = Lock()  # of whoever must know that nobody files meanwhile what they are about to file
        self.entered: set[str] = (
            set()
        )  # refusals that the database has, should the disk not take a word of it
        self.waiting = True  # until a reconciliation has looked, there may be lines the database lacks
        self._lock = Lock()

    def append(self, line: Mapping[str, Any]) -> None:
        """Add a line and bring it to the disk.

        Raises:
            OSError: It could not be made durable.
        """
        # The newline in front ends a line that a crash may have torn.
        content = b"\n" + _encode(line) + b"\n"
        with self._lock:
            is_new = not self.path.exists()
            handle = self._open()
            if self._is_former(handle):  # it was written anew meanwhile
                os.close(handle)
                handle = self._open()
            try:
                if os.write(handle, content) != len(content):
                    raise OSError("The line was written in part.")
                os.fsync(handle)
            finally:
                os.close(handle)
            if is_new:
                self._fsync_directory()

    def worded(self) -> frozenset[str]:
        """Identifiers of the intents whose words stand in the file."""
        return frozenset(str(line["intent"]) for line in self.lines(INTENT) if line.get("text"))

    def erase_words(self, intents: frozenset[str]) -> int:
        """Write the file anew without the words of some intents, all else as it was; gives their number.

        A crash leaves the former file or the new one, whole. Every line that comes in meanwhile is kept, also
        of the process of the door that ends while the next one begins.

        Args:
            intents: Their identifiers.

        Raises:
            KeyFileRefused: The directory is open to others.
            OSError: The disk does not take it; nothing was changed.
        """
        erased = 0
        with self._lock, self.path.open("rb") as former:
            fcntl.flock(former, fcntl.LOCK_EX)
            files.remove_unfinished(self.path.parent, self.path.name)
            kept = list(self.lines())  # a torn line goes: nobody can read it, and it may hold words
            for number, line in enumerate(kept):
                if line.get("what") == INTENT and line.get("intent") in intents:
                    kept[number], erased = line | {"text": ""}, erased + 1
            if erased:
                content = b"".join(b"\n" + _encode(line) + b"\n" for line in kept)
                files.write_private(self.path, content, replace=True)
        return erased

    def lines(self, what: str = "") -> Iterator[dict[str, Any]]:
        """Every whole line in order, or those of one kind; a torn one is left out.

        A file that can't be read has none: the database alone must do then.
        """
        try:
            content = self.path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return
        except OSError as error:
            structlog.get_logger("code break").error("intent file not read", error=type(error).__name__)
            return
        for text in content.splitlines():
            with suppress(ValueError):
                line = json.loads(text)
                if isinstance(line, dict) and what in {"", line.get("what")}:
                    yield line

    def intent(self, intent: str) -> Intent | None:
        """The intent of this identifier, if the file holds it."""
        for line in self.lines(INTENT):
            if line.get("intent") == intent:
                return Intent.of_line(line)
        return None

    def disclosure(self, intent: str) -> dict[str, Any] | None:
        """The line that says what was shown for an intent, if the file holds it."""
        return next((line for line in self.lines(DISCLOSED) if line.get("intent") == intent), None)

    def try_append(self, line: Mapping[str, Any]) -> bool:
        """Add a line if the disk takes it; says whether it did."""
        try:
            self.append(line)
        except OSError as error:
            structlog.get_logger("code break").error("intent file not written", error=type(error).__name__)
            return False
        return True

    def _open(self) -> int:
        """The file to append to; whoever writes it anew waits until it is closed, or has done so."""
        handle = os.open(
            self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, FILE_MODE
        )
        with suppress(OSError):  # a disk without locks holds up no code break
            fcntl.flock(handle, fcntl.LOCK_SH)
        return handle

    def _is_former(self, handle: int) -> bool:
        try:
            return not os.path.samestat(os.fstat(handle), self.path.stat())
        except OSError:
            return True

    def _fsync_directory(self) -> None:
        handle = os.open(self.path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _encode(line: Mapping[str, Any]) -> bytes:
    return json.dumps(dict(line), sort_keys=True).encode()
