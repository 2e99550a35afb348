"""The trail: every act writes its entry in the transaction of the act.

One RFC 6962 tree. An entry holds ids and a salted digest; the values stand beside it. The values hold each
touched record whole, so that a record can be compared with its last entry at any time.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from dataclasses import fields, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import rfc8785

from keys.merkle import Frontier, leaf_hash
from randomizer.domain import acts, kit_moves
from randomizer.domain.acts import AFTER_LOCK, NOT_AFTER_PERIOD_LOCK, Act
from randomizer.domain.canonical import time_text
from randomizer.domain.housekeeping import Entry, EntryValues, TrailHead
from randomizer.domain.people import SERVICE, Person
from randomizer.domain.records import PeriodLock
from randomizer.domain.supply import Kit, KitState, PeriodRecord
from randomizer.domain.trial import FINAL, Trial
from randomizer.errors import Refused, Stopped, Tampered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from randomizer.domain.people import Role
    from randomizer.store.work import UnitOfWork

T = TypeVar("T")

SALT_BYTES = 32
AT_HAND = 8  # entries
ERASED = "erased"
"""What the act that erases a reason notes: the number of its entry."""


class OpenAct:
    """An act under way: what it touches and notes ends up in its entry.

    Args:
        uow: The unit of work.
        what: The act.
        number: Number of the entry that it will leave.
        at: The moment of the act.
        person: Who acts.
        participant: Participant number that it is about, or "".
    """

    def __init__(
        self, uow: UnitOfWork, what: Act, number: int, at: datetime, person: Person, *, participant: str = ""
    ) -> None:
        self.uow = uow
        self.what = what
        self.participant = participant
        self.number = number
        self.at = at
        self.person = person
        self._rows: list[dict[str, Any]] = []
        self._details: dict[str, Any] = {}

    def add(self, value: T) -> T:
        """Insert a value that the trail covers."""
        stamped = replace(value, entry=self.number)  # type: ignore[type-var]
        self.uow.insert(stamped)
        self._rows.append({"kind": type(value).__name__, "key": _key(value), "new": plain(stamped)})
        return stamped

    def change(self, value: T, **changes: object) -> T:
        """Replace fields of a value that the trail covers; refused if somebody else was first.

        Raises:
            Conflict: Somebody changed it since it was read.
            Refused: It is a kit whose state does not admit the act, or a record of a period whose data are
                locked.
            Tampered: It differs from its entry: a new entry would cover what somebody wrote beside the trail.
        """
        if value.entry != self.number:  # type: ignore[attr-defined]
            check(self.uow, value)
        if isinstance(value, PeriodRecord):
            _demand_period_open(self.uow, value)
        changed = replace(value, **changes, entry=self.number)  # type: ignore[type-var]
        if isinstance(value, Kit):
            _demand_move(self.uow, self.what, value, changed.state)  # type: ignore[attr-defined]
        self.uow.update(changed, seen_entry=value.entry)  # type: ignore[attr-defined]
        old, new = plain(value), plain(changed)
        before = {name: content for name, content in old.items() if new[name] != content}
        self._rows.append({"kind": type(value).__name__, "key": _key(value), "old": before, "new": new})
        return changed

    def note(self, **details: object) -> None:
        """Keep details that are no record: confirmed items, a signature's meaning, a spoken name."""
        self._details.update({name: _plain(content) for name, content in details.items()})

    def content(self, why_digest: str) -> bytes:
        """The values of the entry as canonical JSON (RFC 8785)."""
        return rfc8785.dumps({"why_digest": why_digest, "details": self._details, "rows": self._rows})


@contextmanager
def act(
    uow: UnitOfWork,
    what: Act,
    person: Person,
    *,
    site: str = "",
    participant: str = "",
    why: str = "",
    among: frozenset[Role] | None = None,
) -> Iterator[OpenAct]:
    """One act: checked, carried out under a savepoint, and entered.

    Args:
        uow: The unit of work; a commit may carry several acts.
        what: The act.
        person: Who acts, as the store knew them when the request came in.
        site: Site code that it is about, or "".
        participant: Participant number, or "".
        why: The reason, free text; it stands in the side table only.
        among: Roles of those that may do the act, where what it is about admits fewer; None for all of them.

    Yields:
        The open act; leave the block to enter it, raise to undo it.

    Raises:
        NotAllowed: The person's roles do not cover the act at this site.
        Refused: The data are locked, and the act would change them.
    """
    role = "" if person is SERVICE else str(acts.demand(person, what, site or None, among=among))
    with uow.savepoint():
        head = uow.find(TrailHead, 1, locked=True)
        if head is None:
            raise Stopped("The trail of this instance has no head; nothing can be recorded.")
        _demand_not_locked(uow, what)
        opened = OpenAct(uow, what, head.size, uow.clock(), person, participant=participant)
        yield opened
        salt = uow.entropy(SALT_BYTES)
        content = opened.content(values_digest(salt, why.encode()))
        entry = Entry(
            number=head.size,
            at=opened.at,
            act=what,
            actor=person.account,
            role=role,
            site=site,
            participant=participant,
            digest=values_digest(salt, content),
        )
        frontier = Frontier.from_bytes(head.frontier)
        frontier.append(leaf_hash(leaf(entry)))
        uow.insert(entry)
        uow.insert(EntryValues(number=entry.number, salt=salt, content=content.decode(), why=why))
        uow.update(TrailHead(size=head.size + 1, frontier=frontier.to_bytes()))


def _demand_not_locked(uow: UnitOfWork, what: Act) -> None:
    # Here and not in each service: the lock is a statement that data are final, so no act may forget it.
    if what in AFTER_LOCK:
        return
    if what in NOT_AFTER_PERIOD_LOCK and uow.all(PeriodLock, limit=1):
        raise Refused(
            f"The data of period 1 are locked, so nobody can {what.doing} any more. Nothing was changed.",
            next_step="The trial manager decides whether this becomes a dated addendum.",
        )
    trial = uow.find(Trial, 1)
    if trial is not None and trial.phase in FINAL:
        raise Refused(
            f"The data are {trial.phase}, so nobody can {what.doing} any more. Nothing was changed.",
            next_step="The trial manager decides whether this becomes a dated addendum.",
        )


def _demand_period_open(uow: UnitOfWork, record: PeriodRecord) -> None:
    # Here for the same reason: whatever the act, a period that was stated to be final stays as it is.
    if uow.find(PeriodLock, record.period) is not None:
        raise Refused(
            f"The data of period {record.period} are locked, so its records stay as they are. "
            "Nothing was changed.",
            field="participant",
            next_step="The trial manager decides whether this becomes a dated addendum.",
        )


def _demand_move(uow: UnitOfWork, what: Act, kit: Kit, to: KitState) -> None:
    # Here too: whichever service moves a kit, it moves by the table alone.
    kit_moves.demand_move(what, kit, to)
    if what in kit_moves.CAME_FROM:
        kit_moves.demand_came_from(what, kit, state_before(uow, kit))


def state_before(uow: UnitOfWork, kit: Kit) -> KitState:
    """The state out of which the last entry about a kit took it.

    Raises:
        Tampered: Its last entry did not move it.
    """
    content = _told(uow, kit.entry) or {"rows": []}
    moved = [
        row["old"]["state"]
        for row in content["rows"]
        if row["kind"] == Kit.__name__ and row["key"] == _key(kit) and "state" in row.get("old", {})
    ]
    if not moved:
        raise Tampered(about(kit))
    return KitState(moved[-1])


def take_turn(uow: UnitOfWork) -> None:
    """Wait until no other writer acts: what is read from now on stays true to the end of the transaction."""
    uow.find(TrailHead, 1, locked=True)


def leaf(entry: Entry) -> bytes:
    """The bytes of an entry that the tree is built over: canonical JSON (RFC 8785)."""
    return rfc8785.dumps(plain(entry))


def values_digest(salt: bytes, content: bytes) -> str:
    """SHA-256 of salt and values, hex: what the entry says of them without telling them."""
    return hashlib.sha256(salt + content).hexdigest()


def plain(value: object) -> dict[str, Any]:
    """A record as JSON values; long bytes stand as their digest."""
    return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}  # type: ignore[arg-type]


def _plain(content: Any) -> Any:  # noqa: ANN401
    if content is None or isinstance(content, (int, str)):
        return str(content) if isinstance(content, str) else content  # a word of a closed list is text
    if isinstance(content, datetime):
        return time_text(content)
    if isinstance(content, bytes):
        return f"sha256:{hashlib.sha256(content).hexdigest()}" if content else ""
    if isinstance(content, dict):
        return {str(name): _plain(part) for name, part in content.items()}
    if isinstance(content, (tuple, list, set, frozenset)):
        return [
            _plain(part) for part in (sorted(content) if isinstance(content, (set, frozenset)) else content)
        ]
    return str(content)


def _key(value: object) -> list[Any]:
    return [_plain(getattr(value, name)) for name in value.KEY]  # type: ignore[attr-defined]


def check(uow: UnitOfWork, *values: object) -> None:
    """Compare records with their last entries: the one function that does so.

    Args:
        uow: The unit of work in which the records were read.
        *values: Values that the trail covers; one whose `entry` is 0 and that no act has touched is a kit as
            activated, which the sealed rows cover.

    Raises:
        Tampered: A record, its entry's values or its digest do not agree.
    """
    for value in values:
        if value in uow.agreed:
            continue
        if not _agrees(uow, value):
            raise Tampered(about(value))
        uow.agreed.add(value)


def check_entry(uow: UnitOfWork, entry: Entry, values: EntryValues) -> None:
    """Compare the values of an entry, and its reason, with its digest.

    Raises:
        Tampered: They differ.
    """
    same = values_digest(values.salt, values.content.encode()) == entry.digest
    if not same or not reason_agrees(uow, values, json.loads(values.content)):
        raise Tampered(f"Entry {entry.number}")


def reason_agrees(uow: UnitOfWork, values: EntryValues, content: dict[str, Any]) -> bool:
    """Whether a reason is the one that its entry was made with, or was erased by an act that says so.

    Args:
        uow: The unit of work.
        values: Of the entry.
        content: Their parsed content.
    """
    if content["why_digest"] == values_digest(values.salt, values.why.encode()):
        return True
    if values.why or values.erased_by <= values.number:
        return False
    recorded = uow.recorded(values.erased_by)
    if recorded is None:
        return False
    entry, told = recorded
    if entry.act != Act.REASON_ERASED or values_digest(told.salt, told.content.encode()) != entry.digest:
        return False
    return bool(json.loads(told.content)["details"].get(ERASED) == values.number)


def about(value: object) -> str:
    """A record named for a person: kind and key, never content."""
    return " ".join([type(value).__name__, *(str(part) for part in _key(value))])


def noted(uow: UnitOfWork, number: int) -> dict[str, Any]:
    """What the act of an entry noted, compared with the entry's digest.

    Raises:
        Tampered: There is no such entry, or its values are not those that it was made of.
    """
    recorded = uow.recorded(number)
    if recorded is None:
        raise Tampered(f"Entry {number}")
    entry, values = recorded
    if values_digest(values.salt, values.content.encode()) != entry.digest:
        raise Tampered(f"Entry {number}")
    details: dict[str, Any] = json.loads(values.content)["details"]
    return details


def _agrees(uow: UnitOfWork, value: Any) -> bool:  # noqa: ANN401
    if value.entry == 0 and isinstance(value, Kit):
        return value == Kit(number=value.number, slot=value.slot, period=value.period)
    content = _told(uow, value.entry)
    if content is None:
        return False
    expected = {"kind": type(value).__name__, "key": _key(value), "new": plain(value)}
    # The last mention counts: an act may touch a record twice.
    mentions = [
        row for row in content["rows"] if row["kind"] == expected["kind"] and row["key"] == expected["key"]
    ]
    return bool(mentions) and mentions[-1]["new"] == expected["new"]


def _told(uow: UnitOfWork, number: int) -> dict[str, Any] | None:
    """What an entry tells, if values and reason agree with its digest; the last few stay at hand.

    An act touches several records, which are then compared one after the other.
    """
    if number in uow.told:
        return uow.told[number]
    recorded = uow.recorded(number)
    if recorded is None:
        return None
    entry, values = recorded
    if values_digest(values.salt, values.content.encode()) != entry.digest:
        return None
    content: dict[str, Any] = json.loads(values.content)
    if not reason_agrees(uow, values, content):
        return None
    if len(uow.told) >= AT_HAND:
        uow.told.clear()
    uow.told[number] = content
    return content
