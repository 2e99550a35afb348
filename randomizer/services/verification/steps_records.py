"""Every record an act left: whether there can be such a one, and whether it is about the right person."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import datetime
from enum import StrEnum
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from randomizer.domain.acts import Act
from randomizer.domain.participants import Participant
from randomizer.domain.people import Grant
from randomizer.domain.records import (
    Alarm,
    Assessment,
    CodeBreak,
    Deviation,
    PeriodLock,
    Signature,
    Task,
    Telling,
)
from randomizer.domain.stock import CountedKit, StockTake
from randomizer.domain.supply import Kit, PeriodRecord, Product
from randomizer.domain.trial import Allocation, SiteStatus, StratumStatus, Trial
from randomizer.services.verification import steps
from randomizer.services.verification.trail_lines import is_moment

if TYPE_CHECKING:
    from randomizer.services.verification.report import Findings
    from randomizer.services.verification.trail_lines import Row, TrailEntry, Values

COVERED: tuple[type, ...] = (
    Alarm,
    Allocation,
    Assessment,
    CodeBreak,
    CountedKit,
    Deviation,
    Grant,
    Kit,
    Participant,
    PeriodLock,
    PeriodRecord,
    Product,
    Signature,
    SiteStatus,
    StockTake,
    StratumStatus,
    Task,
    Telling,
    Trial,
)
"""Kinds of record that a release tells of; those of acts about people stay inside."""

KEY_FIELDS: dict[str, tuple[str, ...]] = {kind.__name__: kind.KEY for kind in COVERED}  # type: ignore[attr-defined]
PLANNED = frozenset({"available_at", "booked_for", "expires_at"})
"""Moments that lie ahead of the act that sets them."""

AT_THE_ACT = {"Allocation": "allocated_at", "Deviation": "recorded_at", "Signature": "signed_at"}
"""Moments that are the act's own."""

_BYTES = re.compile(r"|sha256:[0-9a-f]{64}")


def _forms(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind, localns={"datetime": datetime})
    return {field.name: hints[field.name] for field in fields(kind)}


FORMS: dict[str, dict[str, Any]] = {kind.__name__: _forms(kind) for kind in COVERED}
"""Type of each field of each kind of record."""


class RecordSteps:
    """Follows the entries with their values.

    Args:
        findings: Where failures go.
    """

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._sites: dict[str, list[str]] = {}  # of each participant, where they are now last
        self._checked = 0

    def see(self, entry: TrailEntry, values: Values) -> None:
        """Take the next entry with its values."""
        for row in values.rows:
            self._checked += 1
            wrong = _wrong_field(row, entry)
            if wrong:
                self._findings.fail(
                    steps.VALUES_RECORDS, values.record, f"The {wrong} of a {row.kind[:40]} cannot be that."
                )
        self._check_subject(entry, values)
        for row in values.rows:
            if row.kind == "Participant":
                self._sites.setdefault(row.text("number"), []).append(row.text("site"))

    def end(self) -> None:
        """Say what came of it."""
        self._findings.hold(steps.VALUES_RECORDS, f"{self._checked} records, as acts left them.")
        self._findings.hold(steps.VALUES_SUBJECTS, f"{len(self._sites)} participants.")

    def _check_subject(self, entry: TrailEntry, values: Values) -> None:
        step, findings = steps.VALUES_SUBJECTS, self._findings
        if entry.act == Act.CODE_BREAK_DENIED:
            return  # it names whoever was asked about, known or not
        about = entry.participant
        if entry.act == Act.PARTICIPANT_CONSENTED:
            named = values.details.get("participant")
            about = named if isinstance(named, str) and not about and named not in self._sites else ""
        elif about and about not in self._sites:
            findings.fail(step, values.record, f"Nobody had consented under the number {about[:16]}.")
        for row in values.rows:
            whose = row.new.get("number" if row.kind == "Participant" else "participant", about)
            if whose != about:
                findings.fail(step, values.record, f"Its {row.kind[:40]} is another participant's.")
            if entry.act == Act.PARTICIPANT_CONSENTED and row.new.get("site", entry.site) != entry.site:
                findings.fail(step, values.record, f"Its {row.kind[:40]} is of another site.")
        self._check_site(entry, values)

    def _check_site(self, entry: TrailEntry, values: Values) -> None:
        been = self._sites.get(entry.participant)
        if not entry.site or not been:
            return
        # What the file of intents held may be entered, or shown, after the participant has moved on.
        late = not entry.actor or entry.act == Act.CODE_BREAK_DISCLOSED
        if entry.site not in (been if late else been[-1:]):
            self._findings.fail(
                steps.VALUES_SUBJECTS,
                values.record,
                f"The participant was at site {been[-1]}, not {entry.site[:16]}.",
            )


def _wrong_field(row: Row, entry: TrailEntry) -> str:
    """The first field that cannot be what it is, or "" where all can."""
    forms = FORMS.get(row.kind)
    if forms is None or row.new.keys() != forms.keys() or not (row.old or {}).keys() <= forms.keys():
        return "kind or the fields"
    for name, form in forms.items():
        value = row.new[name]
        if not _can_be(value, form):
            return name
        moment = form is datetime or datetime in get_args(form)
        if moment and value is not None and name not in PLANNED and value > entry.at:
            return name
    own = AT_THE_ACT.get(row.kind)
    # What the file of intents held is dated as it happened, and entered later.
    return own if own and entry.actor and row.new[own] != entry.at else ""


def _can_be(value: object, form: Any) -> bool:  # noqa: ANN401 - any annotation
    if isinstance(form, UnionType):
        return any(_can_be(value, part) for part in get_args(form))
    if form in {bool, int, NoneType}:
        return type(value) is form
    if not isinstance(value, str):
        return False
    if form is datetime:
        return is_moment(value)
    if form is bytes:
        return _BYTES.fullmatch(value) is not None
    return value in set(form) if issubclass(form, StrEnum) else True
