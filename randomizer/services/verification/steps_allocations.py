"""Allocations, dispensations and code breaks: what the values tell against the sealed rows."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from randomizer.domain.acts import Act
from randomizer.domain.participants import levels_of
from randomizer.domain.supply import KitState
from randomizer.errors import RandomizerError
from randomizer.services.verification import steps
from randomizer.services.verification.ledger import Ledger, allocated, broken, deviated, dispensed, rows_of
from randomizer.services.verification.trail_lines import acting

if TYPE_CHECKING:
    from randomizer.services.verification.ledger import Allocated, Dispensed
    from randomizer.services.verification.reading import Public
    from randomizer.services.verification.report import Findings
    from randomizer.services.verification.steps_schedule import Slots
    from randomizer.services.verification.trail_lines import Row, TrailEntry, Values


class AllocationSteps:
    """Follows the entries with their values.

    Args:
        public: The public record.
        slots: The sealed rows.
        findings: Where failures go.
    """

    def __init__(self, public: Public, slots: Slots, findings: Findings) -> None:
        self._public = public
        self._slots = slots
        self._findings = findings
        self._used: dict[int, str] = {}  # participant by slot
        self._ordinals: defaultdict[str, int] = defaultdict(int)
        self._kits: dict[str, int] = {}  # entry by kit
        self._given: set[tuple[str, int]] = set()
        self._disclosures = 0
        self._readers: dict[str, int] = {}  # account that is shown the answer, by intent
        self.ledger = Ledger()

    def see(self, entry: TrailEntry, values: Values) -> None:
        """Take the next entry with its values."""
        self.ledger.meet(values)
        self._see_allocations(entry, values)
        self._see_kits(entry, values)
        self._see_breaks(entry, values)
        self.ledger.deviations += [deviated(row) for row in rows_of(values.rows, "Deviation")]
        self.ledger.follow(values)

    def end(self) -> None:
        """Say what came of it."""
        findings, count = self._findings, len(self.ledger.allocations)
        for step in (
            steps.ALLOCATIONS_ONE_SLOT,
            steps.ALLOCATIONS_RIGHT_SLOT,
            steps.ALLOCATIONS_RIGHT_STRATUM,
            steps.ALLOCATIONS_IN_ORDER,
        ):
            findings.hold(step, f"{count} allocations.")
        for step in (steps.KITS_RIGHT, steps.KITS_IN_ORDER):
            findings.hold(step, f"{len(self._kits)} kits handed out.")
        findings.hold(
            steps.BREAKS_RECORDS, f"{len(self.ledger.breaks)} intents, {self._disclosures} disclosures."
        )

    def _see_allocations(self, entry: TrailEntry, values: Values) -> None:
        rows = rows_of(values.rows, "Allocation")
        if len(rows) != int(entry.act == Act.RANDOMIZED):
            self._findings.fail(
                steps.ALLOCATIONS_ONE_SLOT,
                values.record,
                "It does not bind one slot to its participant, as a randomization and nothing else does.",
            )
            return
        for row in rows:
            made = allocated(entry, row)
            self._check_once(made, values)
            self._check_slot(made, values)
            self._check_stratum(made, values)

    def _check_once(self, made: Allocated, values: Values) -> None:
        step = steps.ALLOCATIONS_ONE_SLOT
        if made.participant in self.ledger.allocations:
            self._findings.fail(step, values.record, f"Participant {made.participant} has a slot already.")
        if made.slot in self._used:
            self._findings.fail(
                step, values.record, f"Slot {made.slot} is participant {self._used[made.slot]}'s already."
            )
        self._used.setdefault(made.slot, made.participant)
        self.ledger.allocations.setdefault(made.participant, made)

    def _check_slot(self, made: Allocated, values: Values) -> None:
        slot = self._slots.find(made.slot)
        if slot is None or (slot.stratum, slot.ordinal, slot.randomization_number) != (
            made.stratum,
            made.ordinal,
            made.randomization_number,
        ):
            self._findings.fail(
                steps.ALLOCATIONS_RIGHT_SLOT,
                values.record,
                f"Slot {made.slot} has another stratum, ordinal or randomization number.",
            )
        self._ordinals[made.stratum] += 1
        if made.ordinal != self._ordinals[made.stratum]:
            self._findings.fail(
                steps.ALLOCATIONS_IN_ORDER,
                values.record,
                f"Slot {made.ordinal} of stratum {made.stratum} was taken, "
                f"{self._ordinals[made.stratum]} was due.",
            )

    def _check_stratum(self, made: Allocated, values: Values) -> None:
        participant = self.ledger.participants.get(made.participant)
        if participant is None:
            sentence = "Nothing says how the participant stood."
        else:
            sentence = self._wrong_stratum(made, participant)
        if sentence:
            self._findings.fail(steps.ALLOCATIONS_RIGHT_STRATUM, values.record, sentence)

    def _wrong_stratum(self, made: Allocated, participant: Row) -> str:
        try:
            called_for = self._public.definition.stratum_of(levels_of(participant.text("levels"))).code
        except (RandomizerError, ValueError):
            return "The levels of the participant lead to no stratum."
        if called_for == made.stratum == participant.text("stratum"):
            return ""
        return f"The levels of the participant lead to stratum {called_for}, not {made.stratum}."

    def _see_kits(self, entry: TrailEntry, values: Values) -> None:
        if entry.act == Act.DISPENSATION_UNDONE:
            self._take_back(entry, values)
            return
        kits = rows_of(values.rows, "Kit")
        out = [row for row in kits if row.text("state") == KitState.DISPENSED != _state_before(row)]
        made = dispensed(entry, values)
        if made is None:
            if out or entry.act == Act.KIT_DISPENSED:
                self._findings.fail(
                    steps.KITS_RIGHT,
                    values.record,
                    "It does not hand out one kit for one period, as a dispensation and nothing else does.",
                )
            return
        record = rows_of(values.rows, "PeriodRecord")[0]
        self._check_kit(made, kits[0], record, values)
        self._check_period(made, values)
        self._kits.setdefault(made.kit, made.entry)
        self._given.add((made.participant, made.period))
        self.ledger.dispensations.append(made)

    def _take_back(self, entry: TrailEntry, values: Values) -> None:
        """A kit that was handed out in error came back: its period is open again, and its line goes."""
        kits, records = rows_of(values.rows, "Kit"), rows_of(values.rows, "PeriodRecord")
        moved = [(_state_before(row), row.text("state")) for row in kits]
        told = [
            (row.text("number"), entry.participant, records[0].whole("period")) for row in kits if records
        ]
        out = [one for one in self.ledger.dispensations if (one.kit, one.participant, one.period) in told]
        open_still = len(out) == 1 and not self._outcome(out[0])
        if moved != [(KitState.DISPENSED, KitState.RETURNED)] or not open_still:
            self._findings.fail(
                steps.KITS_RIGHT, values.record, "It takes back no kit that was out and not recorded."
            )
        for one in out:
            self._given.discard((one.participant, one.period))
            self.ledger.dispensations.remove(one)

    def _outcome(self, made: Dispensed) -> str:
        record = self.ledger.periods.get((made.participant, made.period))
        return record.outcome if record else ""

    def _check_kit(self, made: Dispensed, kit: Row, record: Row, values: Values) -> None:
        step, mine = steps.KITS_RIGHT, self.ledger.allocations.get(made.participant)
        slot = self._slots.find(mine.slot) if mine else None
        belongs = slot is not None and 1 <= made.period <= len(slot.kits)
        if slot is None or mine is None:
            self._findings.fail(step, values.record, "It is not for a participant who has a slot.")
        elif not belongs or made.kit not in slot.kits[made.period - 1]:
            self._findings.fail(
                step,
                values.record,
                f"Kit {made.kit[:20]} is not of slot {mine.slot}, period {made.period}.",
            )
        elif (kit.new.get("slot"), kit.new.get("period"), record.new.get("kit")) != (
            mine.slot,
            made.period,
            made.kit,
        ):
            self._findings.fail(step, values.record, f"Kit {made.kit} is told of another slot or period.")
        if _state_before(kit) != KitState.READY:
            self._findings.fail(step, values.record, f"Kit {made.kit[:20]} had not been declared ready.")
        if made.kit in self._kits:
            self._findings.fail(
                step, values.record, f"Kit {made.kit[:20]} went out before, by entry {self._kits[made.kit]}."
            )

    def _check_period(self, made: Dispensed, values: Values) -> None:
        step = steps.KITS_IN_ORDER
        if (made.participant, made.period) in self._given:
            self._findings.fail(step, values.record, f"Period {made.period} was dispensed for before.")
        for earlier in range(1, min(made.period, self._public.definition.period_count + 1)):
            before = self.ledger.periods.get((made.participant, earlier))
            if before is None or not before.outcome:
                self._findings.fail(step, values.record, f"Period {earlier} was not closed yet.")

    def _see_breaks(self, entry: TrailEntry, values: Values) -> None:
        step, rows = steps.BREAKS_RECORDS, rows_of(values.rows, "CodeBreak")
        expected = int(entry.act in {Act.CODE_BREAK_INTENT, Act.CODE_BREAK_DISCLOSED})
        if len(rows) != expected:
            self._findings.fail(step, values.record, "Intent and disclosure each name one code break.")
            return
        for row in rows:
            made = broken(entry, row)
            who = row.text("participant")
            if who != entry.participant or who not in self.ledger.allocations:
                self._findings.fail(step, values.record, "It is not about a participant who has a slot.")
            intended = entry.act == Act.CODE_BREAK_INTENT
            # An answer may be for a colleague, or for somebody without an account: then the service shows it.
            reader = made.account if intended else self._readers.get(made.intent, made.account)
            if entry.actor != reader and made.account != acting(entry, values):
                self._findings.fail(step, values.record, "It is another account's code break.")
            if intended:
                self._intend(row, values)
                self.ledger.breaks.setdefault(made.intent, made)
            else:
                self._disclose(row, values)

    def _intend(self, row: Row, values: Values) -> None:
        for telling in rows_of(values.rows, "Telling"):
            self._readers[telling.text("intent")] = telling.whole("reader")
        if row.old is not None or row.text("disclosed_at") or row.text("intent") in self.ledger.breaks:
            self._findings.fail(
                steps.BREAKS_RECORDS, values.record, "It is not a new intent without a disclosure."
            )

    def _disclose(self, row: Row, values: Values) -> None:
        self._disclosures += 1
        intent = self.ledger.breaks.get(row.text("intent"))
        told = (row.text("participant"), row.whole("account"))
        if intent is None or told != (intent.participant, intent.account) or not row.text("disclosed_at"):
            self._findings.fail(
                steps.BREAKS_RECORDS,
                values.record,
                "No intent of this account for this participant stands before it.",
            )
            return
        if intent.disclosure_entry is not None:
            self._findings.fail(steps.BREAKS_RECORDS, values.record, "Its intent was disclosed before.")
            return
        intent.disclosed_at = row.text("disclosed_at")
        intent.disclosure_entry = values.number
        if intent.disclosed_at < intent.intended_at:
            self._findings.fail(steps.BREAKS_RECORDS, values.record, "It is dated before its intent.")


def _state_before(kit: Row) -> object:
    """The state in which a kit was before the act, or None where the act made it."""
    return None if kit.before is None else kit.before.get("state")
