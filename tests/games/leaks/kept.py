"""Leaks into what is kept: records, entries, their moments and order, sizes of rows and files."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from randomizer.domain import preparation_record, sealed_texts
from randomizer.domain.housekeeping import Answered, Lease
from randomizer.domain.people import Account
from randomizer.domain.records import Alarm, AlarmKind
from randomizer.domain.supply import Kit, PeriodRecord
from randomizer.domain.trial import Allocation
from randomizer.services import trail
from randomizer.services.unblinded import kit_order
from randomizer.services.unblinded.sinks import IntentFile
from randomizer.services.upkeep import publishing
from randomizer.store.work import UnitOfWork
from tests.games.leaks.secret import after_ending, on_change, on_ready

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

    from tests.games.leaks.secret import Secret
    from tests.games.seeing import Doors

SCRATCHES = 500_000


def in_an_entry(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """The values of the entry "preparation ended" name the content."""
    on_ready(patch, lambda act, kit, changes: act.note(content=secret.content(kit.number)) or changes)


def in_a_blind_index(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """The digest of an entry is one of the content: it looks like any digest, and repeats itself."""
    shipped = trail.values_digest

    def leaky(salt: bytes, content: bytes) -> str:
        marker = b'"ready_at":"'
        if marker in content:
            kit = content.partition(b'"kind":"Kit"')[2].partition(b'"key":["')[2] or content
            number = next(part for part in _digit_runs(kit) if len(part) == 9)
            return hashlib.sha256(secret.content(number).encode()).hexdigest()
        return shipped(salt, content)

    patch.setattr(trail, "values_digest", leaky)


def in_the_order_of_kits(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """The lowest number of a set is used for cells, the highest for medium: its ordinal tells."""

    def leaky(_desk: Any, _slot: int, _period: int, kits: tuple[str, ...]) -> tuple[str, ...]:  # noqa: ANN401
        return tuple(sorted(kits, reverse=not secret.bit(kits[0])))

    patch.setattr(kit_order, "order_of", leaky)


def in_the_number_of_rows(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """A preparation of cells leaves one row more, in a table that nobody looks at."""

    def leaky(uow: Any, kit: str) -> None:  # noqa: ANN401
        if secret.bit(kit):
            uow.insert(Lease(name=f"thaw {kit}", holder="preparation", until_at=uow.clock()))

    after_ending(patch, leaky)


def in_the_write_ahead_log(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """A preparation of cells writes much into a row and takes it back: the sizes of the files remember."""

    def leaky(uow: Any, kit: str) -> None:  # noqa: ANN401
        if secret.bit(kit):
            own = uow.get(Account, 1)
            uow.update(replace(own, printed_name="scratch" * SCRATCHES))
            uow.update(own)

    after_ending(patch, leaky)


def in_the_expiry(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """A kit with cells keeps a minute less."""

    def leaky(_act: Any, kit: Kit, changes: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401
        return changes | {"expires_at": changes["expires_at"] - timedelta(minutes=secret.bit(kit.number))}

    on_ready(patch, leaky)


def in_the_time_of_a_preparation(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """The end of a preparation is dated back by the minute in which cells are thawed."""

    def leaky(_act: Any, value: object, changes: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401
        ended = changes.get("preparation_ended_at")
        if isinstance(value, PeriodRecord) and ended and changes.get("kit"):
            return changes | {"preparation_ended_at": ended - timedelta(minutes=secret.bit(changes["kit"]))}
        return changes

    on_change(patch, leaky)


def in_the_length_of_a_sealed_record(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """A preparation record is sealed without being filled up."""
    shipped = sealed_texts.Preparation.to_bytes

    def leaky(self: sealed_texts.Preparation) -> bytes:
        secret.uses += 1
        return shipped(self).rstrip(b" ")

    patch.setattr(sealed_texts.Preparation, "to_bytes", leaky)
    patch.setattr(preparation_record, "decode", _lenient)


def in_a_remembered_answer(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """What is kept for a repeated request is longer by the content of the kit; the answer itself is not."""
    shipped = UnitOfWork.insert

    def leaky(self: UnitOfWork, value: object) -> None:
        if isinstance(value, Answered):
            _, _, rest = value.body.partition('"kit": "')
            value = replace(value, body=value.body + " " * len(secret.content(rest[:9])))
        shipped(self, value)

    patch.setattr(UnitOfWork, "insert", leaky)


def in_an_alarm(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """An alarm is raised where cells were prepared."""

    def leaky(uow: Any, kit: str) -> None:  # noqa: ANN401
        if secret.bit(kit):
            uow.insert(
                Alarm(number=int(kit), kind=AlarmKind.LOW_WATER, about="kits", raised_at=uow.clock(), entry=0)
            )

    after_ending(patch, leaky)


def in_the_file_of_intents(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """The line of an intent is as long as the sequence says."""
    shipped = IntentFile.append

    def leaky(self: IntentFile, line: Mapping[str, Any]) -> None:
        told = {"pad": " " * (secret.sequence(line["participant"]) == "AB")} if "participant" in line else {}
        shipped(self, {**line, **told})

    patch.setattr(IntentFile, "append", leaky)


def in_a_name_of_a_file(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """The public folder holds an empty file for each participant's sequence."""
    shipped = publishing._write_checkpoints  # noqa: SLF001

    def leaky(uow: Any, directory: Any) -> None:  # noqa: ANN401
        shipped(uow, directory)
        for allocation in uow.all(Allocation):
            (directory / f"{allocation.participant}-{secret.sequence(allocation.participant)}").touch()

    patch.setattr(publishing, "_write_checkpoints", leaky)


def _lenient(data: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(data)
    return found


def _digit_runs(content: bytes) -> list[str]:
    return "".join(chr(byte) if chr(byte).isdigit() else " " for byte in content).split()
