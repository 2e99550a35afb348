"""Blinded assessments: each one declared, and signed by somebody who had not been shown the treatment."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from randomizer.domain.acts import Act
from randomizer.services.exposure import OPENER
from randomizer.services.verification import steps
from randomizer.services.verification.ledger import assessed, rows_of

if TYPE_CHECKING:
    from randomizer.services.verification.ledger import Ledger
    from randomizer.services.verification.reading import Public
    from randomizer.services.verification.report import Findings
    from randomizer.services.verification.trail_lines import TrailEntry, Values


class AssessmentSteps:
    """Follows the entries with their values.

    Args:
        public: The public record.
        ledger: Takes what is told.
        findings: Where failures go.
    """

    def __init__(self, public: Public, ledger: Ledger, findings: Findings) -> None:
        self._points = {one.code: one.time_points for one in public.definition.assessments}
        self._ledger = ledger
        self._findings = findings
        self._readers: dict[str, int] = {}  # account that is shown the answer, by intent
        self._shown: defaultdict[str, set[object]] = defaultdict(set)  # accounts by participant

    def see(self, entry: TrailEntry, values: Values) -> None:
        """Take the next entry with its values."""
        for telling in rows_of(values.rows, "Telling"):
            self._readers[telling.text("intent")] = telling.whole("reader")
        if entry.act == Act.CODE_BREAK_DISCLOSED:
            for row in rows_of(values.rows, "CodeBreak"):
                reader = self._readers.get(row.text("intent"), row.whole("account"))
                self._shown[entry.participant].add(reader)
        if entry.act == Act.PACK_OPENED:
            self._shown[entry.participant].add(values.details.get(OPENER))
        self._check(entry, values)

    def end(self) -> None:
        """Say what came of it."""
        self._findings.hold(steps.ASSESSMENTS_BLIND, f"{len(self._ledger.assessments)} blinded assessments.")

    def _check(self, entry: TrailEntry, values: Values) -> None:
        step, rows = steps.ASSESSMENTS_BLIND, rows_of(values.rows, "Assessment")
        if len(rows) != int(entry.act == Act.ASSESSMENT_SIGNED):
            self._findings.fail(step, values.record, f"It tells of {len(rows)} blinded assessments.")
            return
        for row in rows:
            self._ledger.assessments.append(assessed(entry, row))
            if row.text("time_point") not in self._points.get(row.text("assessment"), ()):
                self._findings.fail(step, values.record, "The definition has no such assessment.")
            if entry.actor in self._shown[entry.participant]:
                self._findings.fail(
                    step, values.record, "Whoever signed it had been shown what the participant was given."
                )
