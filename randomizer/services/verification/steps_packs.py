"""Emergency packs: whether a pack with the slot was at the site before each allocation in production."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from randomizer.domain.acts import Act
from randomizer.domain.trial import Kind
from randomizer.services.care import issued
from randomizer.services.verification import steps
from randomizer.services.verification.ledger import rows_of

if TYPE_CHECKING:
    from randomizer.services.verification.reading import Public
    from randomizer.services.verification.report import Findings
    from randomizer.services.verification.trail_lines import TrailEntry, Values


class PackSteps:
    """Follows the entries with their values.

    Args:
        public: The public record.
        findings: Where failures go.
    """

    def __init__(self, public: Public, findings: Findings) -> None:
        self._production = public.fields.instance_kind is Kind.PRODUCTION
        self._findings = findings
        self._held: defaultdict[str, set[str]] = defaultdict(set)  # strata that a pack there holds, by site
        self._count = 0

    def see(self, entry: TrailEntry, values: Values) -> None:
        """Take the next entry with its values."""
        held = self._held[entry.site]
        if entry.act == Act.PACK_ISSUED:
            strata = values.details.get(issued.STRATA)
            held.update(map(str, strata if isinstance(strata, list) else ()))
        elif entry.act == Act.PACK_RETURNED and values.details.get(issued.WHOLE) is True:
            held.clear()
        for row in rows_of(values.rows, "Allocation") if self._production else ():
            self._count += 1
            stratum = row.text("stratum")
            if stratum not in held:
                sentence = f"No pack at site {entry.site[:16]} held the slots of stratum {stratum[:16]}."
                self._findings.fail(steps.PACKS_ISSUED, values.record, sentence)

    def end(self) -> None:
        """Say what came of it."""
        if self._production:
            self._findings.hold(steps.PACKS_ISSUED, f"{self._count} allocations.")
        else:
            self._findings.skip(steps.PACKS_ISSUED, "A rehearsal asks for no pack.")
