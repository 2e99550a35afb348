"""Leaky builds: each is the shipped code with one line too many, which counts how often it was reached."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog
from flask import request
from fpdf import FPDF

from randomizer import masking
from randomizer.domain import preparation_record, sealed_texts
from randomizer.domain.housekeeping import Answered, Lease
from randomizer.domain.records import Alarm, AlarmKind
from randomizer.domain.supply import Kit, KitState
from randomizer.domain.trial import Allocation
from randomizer.errors import HardStop
from randomizer.services import notices, trail
from randomizer.services.care import dispensing
from randomizer.services.unblinded import preparation
from randomizer.services.upkeep import publishing
from randomizer.services.views import next_steps, participant_views
from randomizer.store.work import UnitOfWork
from randomizer.web.site import lives

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    from flask import Flask, Response

    from tests.games.sealings import World
    from tests.games.seeing import Doors

    Leak = Callable[[pytest.MonkeyPatch, "Secret", Doors], None]


@dataclass
class Secret:
    """What a leaky build would know, and how often it used that."""

    world: World
    uses: int = 0

    def sequence(self, participant: str) -> str:
        """Sequence code of a participant, "" before randomization."""
        self.uses += 1
        database = sqlite3.connect(f"file:{self.world.directory}/trial.db?mode=ro", uri=True)
        row = database.execute("SELECT slot FROM allocation WHERE participant = ?", [participant]).fetchone()
        database.close()
        return self.world.schedule[row[0]].sequence_code if row else ""

    def content(self, kit: str) -> str:
        """Treatment code of what is in a kit."""
        self.uses += 1
        for plan in self.world.schedule:
            for treatment, kits in zip(plan.treatments, plan.kits, strict=True):
                if kit in kits:
                    return treatment
        return ""

    def bit(self, kit: str) -> bool:
        """Whether a kit holds cells."""
        return self.content(kit) == "MSC"


def in_a_refusal(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """The sentence of a hard stop names what the wrong kit holds."""
    shipped = dispensing._demand_right_kit  # noqa: SLF001

    def leaky(uow: Any, todo: Any, scanned: str) -> None:  # noqa: ANN401
        try:
            shipped(uow, todo, scanned)
        except HardStop as stop:
            said = f"{stop.message} It holds {secret.content(scanned)}."
            raise HardStop(
                said, scanned=scanned, needed=stop.needed, next_step=stop.next_step or ""
            ) from stop

    patch.setattr(dispensing, "_demand_right_kit", leaky)


def in_a_log_line(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """The preparation is logged with its content, in a field that is listed."""
    _after_ending(
        patch, lambda _uow, kit: structlog.get_logger("desk").info(f"{secret.content(kit)} prepared")
    )


def in_an_email(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """The notice of a code break tells the sequence."""
    shipped = notices._queue_one  # noqa: SLF001

    def leaky(uow: Any, recipient: Any, subject: str, body: str, occasion: str = "") -> bool:  # noqa: ANN401
        number = "".join(sign for sign in subject if sign.isdigit())[-5:]
        return shipped(uow, recipient, subject, f"{body}\n{secret.sequence(number)}", occasion)

    patch.setattr(notices, "_queue_one", leaky)


def in_an_entry(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """The values of the entry "preparation ended" name the content."""
    _on_ready(patch, lambda act, kit, changes: act.note(content=secret.content(kit.number)) or changes)


def in_an_etag(patch: pytest.MonkeyPatch, secret: Secret, doors: Doors) -> None:
    """The page of a participant has an ETag made of the sequence: a digest, yet none that is listed."""

    def leaky(response: Response) -> Response:
        if request.endpoint == "site.participant" and request.view_args:
            told = secret.sequence(str(request.view_args["key"]))
            response.headers["ETag"] = f'"{hashlib.sha256(told.encode()).hexdigest()}"'
        return response

    _on_answers(doors.site, leaky)


def in_the_length_of_a_page(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """A fact of the page has a space more for one sequence."""
    shipped = lives.facts

    def leaky(whole: Any, site_name: str) -> Any:  # noqa: ANN401
        return shipped(whole, site_name + " " * (secret.sequence(whole["participant"]["number"]) == "AB"))

    patch.setattr(lives, "facts", leaky)


def in_the_order_of_kits(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """Kits with cells are taken from the other end."""

    def leaky(_desk: Any, _slot: int, _period: int, kits: tuple[str, ...]) -> tuple[str, ...]:  # noqa: ANN401
        return tuple(sorted(kits, reverse=secret.bit(kits[0])))

    patch.setattr(preparation, "order_of", leaky)


def in_a_field_of_a_view(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """The allocation is shown with one field more."""
    shipped = masking.show

    def leaky(roles: Any, phase: Any, value: Any, kind: str = "") -> Any:  # noqa: ANN401
        view = shipped(roles, phase, value, kind)
        if isinstance(value, Allocation) and view:
            view["stratum"] = secret.sequence(value.participant)
        return view

    patch.setattr(masking, "show", leaky)


def in_the_number_of_rows(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """A preparation of cells leaves one row more, in a table that nobody looks at."""

    def leaky(uow: Any, kit: str) -> None:  # noqa: ANN401
        if secret.bit(kit):
            uow.insert(Lease(name=f"thaw {kit}", holder="preparation", until_at=uow.clock()))

    _after_ending(patch, leaky)


def in_the_expiry(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """A kit with cells keeps a minute less."""

    def leaky(_act: Any, kit: Kit, changes: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401
        return changes | {"expires_at": changes["expires_at"] - timedelta(minutes=secret.bit(kit.number))}

    _on_ready(patch, leaky)


def in_the_order_of_a_list(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """The list of participants is sorted by sequence."""
    shipped = participant_views.listing

    def leaky(*given: Any, **named: Any) -> Any:  # noqa: ANN401
        found = shipped(*given, **named)
        return found | {"rows": sorted(found["rows"], key=lambda row: secret.sequence(row.get("number", "")))}

    patch.setattr(participant_views, "listing", leaky)


def in_the_length_of_a_sealed_record(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """A preparation record is sealed without being filled up."""
    shipped = sealed_texts.Preparation.to_bytes

    def leaky(self: sealed_texts.Preparation) -> bytes:
        secret.uses += 1
        return shipped(self).rstrip(b" ")

    patch.setattr(sealed_texts.Preparation, "to_bytes", leaky)
    patch.setattr(preparation_record, "decode", _lenient)


def _lenient(data: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(data)
    return found


def in_the_next_step(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """What is waited for is worded by sequence."""
    shipped = next_steps.of

    def leaky(definition: Any, participant: Any, **named: Any) -> Any:  # noqa: ANN401
        step = shipped(definition, participant, **named)
        return replace(step, state=f"{step.state}{'.' * (secret.sequence(participant.number) == 'BA')}")

    patch.setattr(next_steps, "of", leaky)


def in_a_remembered_answer(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """What is kept for a repeated request is longer by the content of the kit; the answer itself is not."""
    shipped = UnitOfWork.insert

    def leaky(self: UnitOfWork, value: object) -> None:
        if isinstance(value, Answered):
            _, _, rest = value.body.partition('"kit": "')
            value = replace(value, body=value.body + " " * len(secret.content(rest[:9])))
        shipped(self, value)

    patch.setattr(UnitOfWork, "insert", leaky)


def in_a_pdf(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """The title in the card's file names the sequence, where no reader looks."""
    shipped = FPDF.set_title

    def leaky(self: Any, title: str) -> None:  # noqa: ANN401
        shipped(self, f"{title} {secret.sequence(title.rpartition(' ')[2])}")

    patch.setattr(FPDF, "set_title", leaky)


def in_a_name_of_a_file(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """The public folder holds an empty file for each participant's sequence."""
    shipped = publishing._write_checkpoints  # noqa: SLF001

    def leaky(uow: Any, directory: Any) -> None:  # noqa: ANN401
        shipped(uow, directory)
        for allocation in uow.all(Allocation):
            (directory / f"{allocation.participant}-{secret.sequence(allocation.participant)}").touch()

    patch.setattr(publishing, "_write_checkpoints", leaky)


def in_a_blind_index(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """The digest of an entry is one of the content: it looks like any digest, and repeats itself."""
    shipped = trail.values_digest

    def leaky(salt: bytes, content: bytes) -> str:
        marker = b'"state":"ready"'
        if marker in content:
            kit = content.partition(b'"kind":"Kit"')[2].partition(b'"key":["')[2] or content
            number = next(part for part in _digit_runs(kit) if len(part) == 9)
            return hashlib.sha256(secret.content(number).encode()).hexdigest()
        return shipped(salt, content)

    patch.setattr(trail, "values_digest", leaky)


def in_an_alarm(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """An alarm is raised where cells were prepared."""

    def leaky(uow: Any, kit: str) -> None:  # noqa: ANN401
        if secret.bit(kit):
            number = 10_000 + int(kit[:4])
            uow.insert(
                Alarm(number=number, kind=AlarmKind.LOW_WATER, about="kits", raised_at=uow.clock(), entry=0)
            )

    _after_ending(patch, leaky)


def _digit_runs(content: bytes) -> list[str]:
    return "".join(chr(byte) if chr(byte).isdigit() else " " for byte in content).split()


def _after_ending(patch: pytest.MonkeyPatch, then: Callable[[Any, str], object]) -> None:
    """Do something when a kit was declared ready."""
    shipped = preparation.end

    def leaky(uow: Any, *given: Any, **named: Any) -> Any:  # noqa: ANN401
        record = shipped(uow, *given, **named)
        if record.kit:
            then(uow, record.kit)
        return record

    patch.setattr(preparation, "end", leaky)


def _on_ready(patch: pytest.MonkeyPatch, what: Callable[[Any, Kit, dict[str, Any]], dict[str, Any]]) -> None:
    """Change what an act writes when a kit becomes ready."""
    shipped = trail.OpenAct.change

    def leaky(self: Any, value: Any, **changes: Any) -> Any:  # noqa: ANN401
        if isinstance(value, Kit) and changes.get("state") is KitState.READY:
            changes = what(self, value, changes)
        return shipped(self, value, **changes)

    patch.setattr(trail.OpenAct, "change", leaky)


def _on_answers(app: Flask, change: Callable[[Response], Response]) -> None:
    app.after_request(change)


CATALOGUE: dict[str, Leak] = {
    name: leak for name, leak in list(globals().items()) if name.startswith("in_") and callable(leak)
}
"""Every leaky build by name."""
