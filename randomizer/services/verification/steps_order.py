"""What the entries alone show of the order of events."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from randomizer.domain.acts import AFTER_LOCK, NOT_AFTER_PERIOD_LOCK, Act
from randomizer.domain.canonical import time_text
from randomizer.domain.people import Role
from randomizer.services.verification import steps
from randomizer.services.verification.steps_entries import ENTRIES_RECORD

if TYPE_CHECKING:
    from randomizer.services.verification.reading import Public
    from randomizer.services.verification.report import Findings
    from randomizer.services.verification.trail_lines import TrailEntry

SIGNERS = frozenset({str(Role.SPONSOR), str(Role.UNBLINDED_STATISTICIAN)})


class OrderSteps:
    """Follows the entries.

    Args:
        public: The public record.
        findings: Where failures go.
    """

    def __init__(self, public: Public, findings: Findings) -> None:
        self._public = public
        self._findings = findings
        self._signers: set[str] = set()
        self._position = -1
        self._activation: TrailEntry | None = None
        self._activated_at = -1  # position
        self._first_allocation: TrailEntry | None = None
        self._allocated_at = -1
        self._randomized: set[str] = set()
        self._dispensed: Counter[str] = Counter()
        self._intents: Counter[str] = Counter()
        self._disclosures = 0
        self._period_lock: TrailEntry | None = None
        self._lock: TrailEntry | None = None
        self._after_lock = 0

    def see(self, entry: TrailEntry) -> None:
        """Take the next entry."""
        self._position += 1
        if self._lock is not None:
            self._after_lock += 1
            if entry.act not in AFTER_LOCK:
                self._findings.fail(
                    steps.LOCK_NO_DATA_ACT,
                    entry.record,
                    f"{entry.act[:40]!r} came after the lock (entry {self._lock.number}).",
                )
        self._follow_period_lock(entry)
        if entry.act == Act.DEFINITION_SIGNED and self._activation is None:
            self._signers.add(entry.role)
        elif entry.act == Act.TRIAL_ACTIVATED:
            self._activate(entry)
        elif entry.act == Act.RANDOMIZED:
            self._randomize(entry)
        elif entry.act in {Act.KIT_DISPENSED, Act.DISPENSATION_UNDONE}:
            self._follow_kits(entry)
        elif entry.act == Act.CODE_BREAK_INTENT:
            self._intents[entry.participant] += 1
        elif entry.act == Act.CODE_BREAK_DISCLOSED:
            self._disclose(entry)
        elif entry.act == Act.TRIAL_LOCKED and self._lock is None:
            self._lock = entry

    def end(self, covering: int) -> None:
        """Say what came of it.

        Args:
            covering: Size of the first checkpoint over the activation, or -1.
        """
        findings = self._findings
        self._end_activation(covering)
        findings.hold(steps.RANDOMIZATIONS_ONCE, f"{len(self._randomized)} randomizations.")
        findings.hold(steps.DISPENSATIONS_AFTER, f"{self._dispensed.total()} kits handed out.")
        findings.hold(steps.BREAKS_INTENT, f"{self._disclosures} disclosures.")
        if self._lock is None:
            findings.skip(steps.LOCK_NO_DATA_ACT, "The trial is not locked yet.")
        else:
            findings.hold(
                steps.LOCK_NO_DATA_ACT, f"Locked by entry {self._lock.number}, then {self._after_lock} more."
            )

    def _follow_period_lock(self, entry: TrailEntry) -> None:
        locked = self._period_lock
        if locked is None:
            if entry.act == Act.STAGED_EXPORTED:
                self._findings.fail(
                    steps.LOCK_NO_DATA_ACT, entry.record, "Period 1 was not locked before it."
                )
            elif entry.act == Act.PERIOD_LOCKED:
                self._period_lock = entry
        elif entry.act in NOT_AFTER_PERIOD_LOCK:
            self._findings.fail(
                steps.LOCK_NO_DATA_ACT,
                entry.record,
                f"{entry.act[:40]!r} came after the lock of period 1 (entry {locked.number}).",
            )

    def _activate(self, entry: TrailEntry) -> None:
        if self._activation is not None:
            self._findings.fail(
                steps.ORDER_ACTIVATED,
                entry.record,
                f"The trial was activated before, by entry {self._activation.number}.",
            )
            return
        self._activation, self._activated_at = entry, self._position
        missing = SIGNERS - self._signers
        if missing:
            self._findings.fail(
                steps.ORDER_SIGNED, entry.record, f"Not signed by: {', '.join(sorted(missing))}."
            )

    def _randomize(self, entry: TrailEntry) -> None:
        if self._first_allocation is None:
            self._first_allocation, self._allocated_at = entry, self._position
        if entry.participant in self._randomized:
            self._findings.fail(
                steps.RANDOMIZATIONS_ONCE,
                entry.record,
                f"Participant {entry.participant[:16]} was randomized before.",
            )
        self._randomized.add(entry.participant)

    def _follow_kits(self, entry: TrailEntry) -> None:
        if entry.act == Act.KIT_DISPENSED:
            self._dispense(entry)
        else:
            self._take_back(entry)

    def _dispense(self, entry: TrailEntry) -> None:
        self._dispensed[entry.participant] += 1
        if entry.participant not in self._randomized:
            self._findings.fail(
                steps.DISPENSATIONS_AFTER,
                entry.record,
                f"Participant {entry.participant[:16]} was not randomized.",
            )
        elif self._dispensed[entry.participant] > self._public.definition.period_count:
            self._findings.fail(
                steps.DISPENSATIONS_AFTER,
                entry.record,
                f"Participant {entry.participant[:16]} was given more kits than there are periods.",
            )

    def _take_back(self, entry: TrailEntry) -> None:
        self._dispensed[entry.participant] -= 1
        if self._dispensed[entry.participant] < 0:
            self._findings.fail(
                steps.DISPENSATIONS_AFTER,
                entry.record,
                f"Participant {entry.participant[:16]} had no kit that could be taken back.",
            )

    def _disclose(self, entry: TrailEntry) -> None:
        self._disclosures += 1
        self._intents[entry.participant] -= 1
        if self._intents[entry.participant] < 0:
            self._findings.fail(
                steps.BREAKS_INTENT,
                entry.record,
                f"No intent for participant {entry.participant[:16]} stands before it.",
            )

    def _end_activation(self, covering: int) -> None:
        findings, activation, first = self._findings, self._activation, self._first_allocation
        if activation is None:
            for step in (steps.ORDER_ACTIVATED, steps.ORDER_SIGNED, steps.ORDER_SEALED):
                findings.fail(step, ENTRIES_RECORD, "No entry says that the trial was activated.")
            return
        findings.hold(steps.ORDER_SIGNED, "Both signed.")
        findings.hold(steps.ORDER_ACTIVATED, f"Entry {activation.number}.")
        if first is None:
            if covering < 0:
                findings.fail(steps.ORDER_SEALED, ENTRIES_RECORD, "No checkpoint covers the activation.")
            findings.hold(steps.ORDER_SEALED, "Nobody is randomized yet.")
            return
        sealed_at = time_text(self._public.sealed_at)
        if not self._activated_at < covering <= self._allocated_at:
            sentence = (
                f"The activation is entry {activation.number}, the first checkpoint over it covers "
                f"{covering if covering >= 0 else 'nothing'}."
            )
            findings.fail(steps.ORDER_SEALED, first.record, sentence)
        elif sealed_at > first.at:
            findings.fail(
                steps.ORDER_SEALED, first.record, f"It is of {first.at}, the sealing only of {sealed_at}."
            )
        findings.hold(
            steps.ORDER_SEALED,
            f"Activated by entry {activation.number}, under a checkpoint over {covering} entries, first "
            f"allocation by entry {first.number}.",
        )
