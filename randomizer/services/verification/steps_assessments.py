"""Blinded assessments: each one declared, and signed by somebody who had not been shown the treatment."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from randomizer.domain.acts import Act
from randomizer.services.exposure import OPENER, REPORTED
from randomizer.services.verification import steps
from randomizer.services.verification.ledger import assessed, rows_of

if TYPE_CHECKING:
    from randomizer.services.verification.ledger import Assessed, Ledger
    from randomizer.services.verification.reading import Public
    from randomizer.services.verification.report import Findings
    from randomizer.services.verification.trail_lines import Row, TrailEntry, Values

ACTS = frozenset({Act.ASSESSMENT_SIGNED, Act.ASSESSMENT_CORRECTED, Act.ASSESSMENT_STRUCK})


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """That somebody was blind: one signature under an assessment.

    Args:
        record: Where it stands, as a finding names it.
        assessment: Number of the assessment.
        account: Who signed.
        at: When.
    """

    record: str
    assessment: int
    account: int
    at: str


class AssessmentSteps:
    """Follows the entries with their values.

    What somebody was shown may be entered later than it happened: from the file of intents, or by a report.
    So it is held against what was signed after its entry, and against what was signed after its own time.

    Args:
        public: The public record.
        ledger: Takes what is told.
        findings: Where failures go.
    """

    def __init__(self, public: Public, ledger: Ledger, findings: Findings) -> None:
        self._plans = {one.code: one for one in public.definition.assessments}
        self._ledger = ledger
        self._findings = findings
        self._readers: dict[str, int] = {}  # account that is shown the answer, by intent
        self._shown: defaultdict[str, set[object]] = defaultdict(set)  # accounts by participant
        self._made: defaultdict[str, list[Statement]] = defaultdict(list)  # by participant
        self._known_late: list[Statement] = []

    def see(self, entry: TrailEntry, values: Values) -> None:
        """Take the next entry with its values."""
        for telling in rows_of(values.rows, "Telling"):
            self._readers[telling.text("intent")] = telling.whole("reader")
        if entry.act == Act.CODE_BREAK_DISCLOSED:
            for row in rows_of(values.rows, "CodeBreak"):
                reader = self._readers.get(row.text("intent"), row.whole("account"))
                self._expose(entry.participant, reader, row.text("disclosed_at"))
        if entry.act == Act.PACK_OPENED:
            self._expose(entry.participant, values.details.get(OPENER), values.details.get(REPORTED))
        self._check(entry, values)

    def end(self) -> None:
        """Say what came of it."""
        told = []
        for one in self._known_late:
            if self._ledger.assessments[one.assessment].struck:
                told.append(f"Entry {one.assessment} was signed by somebody who knew, and is struck out.")
                continue
            self._findings.fail(
                steps.ASSESSMENTS_BLIND,
                one.record,
                f"Account {one.account} signed this at {one.at} and had been shown before what the "
                "participant was given; that was entered later.",
            )
        count = len(self._ledger.assessments)
        self._findings.hold(steps.ASSESSMENTS_BLIND, " ".join([f"{count} blinded assessments.", *told]))

    def _expose(self, participant: str, account: object, since: object) -> None:
        self._shown[participant].add(account)
        self._known_late += [
            one
            for one in self._made[participant]
            if one.account == account and isinstance(since, str) and since < one.at
        ]

    def _check(self, entry: TrailEntry, values: Values) -> None:
        step, rows = steps.ASSESSMENTS_BLIND, rows_of(values.rows, "Assessment")
        if len(rows) != int(entry.act in ACTS):
            self._findings.fail(step, values.record, f"It tells of {len(rows)} blinded assessments.")
            return
        for row in rows:
            before = self._ledger.assessments.get(row.whole("number"))
            if not _goes_on(entry, row, before):
                self._findings.fail(step, values.record, "It is no act on a blinded assessment that stands.")
                return
            if not self._declared(entry, row, before):
                self._findings.fail(
                    step, values.record, "The definition has no such assessment, or not for this role."
                )
            if entry.actor in self._shown[entry.participant]:
                self._findings.fail(
                    step, values.record, "Whoever signed it had been shown what the participant was given."
                )
            number = row.whole("number")
            signed = Statement(record=values.record, assessment=number, account=entry.actor, at=entry.at)
            self._made[entry.participant].append(signed)
            self._ledger.assess(assessed(entry, row))

    def _declared(self, entry: TrailEntry, row: Row, before: Assessed | None) -> bool:
        plan = self._plans.get(row.text("assessment"))
        earlier = plan if before is None else self._plans.get(before.assessment)
        return (
            plan is not None
            and earlier is not None
            and row.text("time_point") in plan.time_points
            and entry.role in plan.roles
            and entry.role in earlier.roles
        )


def _goes_on(entry: TrailEntry, row: Row, before: Assessed | None) -> bool:
    """Whether the act makes a new assessment, or changes one of the participant that stands, as it says."""
    struck = row.new.get("struck")
    if entry.act == Act.ASSESSMENT_SIGNED:
        return row.whole("number") == entry.number and struck is False
    if before is None or before.struck or before.participant != entry.participant:
        return False
    told = tuple(row.text(name) for name in ("assessment", "time_point", "done_at"))
    same = told == (before.assessment, before.time_point, before.done_at)
    return struck is same and same is (entry.act == Act.ASSESSMENT_STRUCK)
