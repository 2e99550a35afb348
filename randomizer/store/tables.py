"""The tables: one per domain value, field for field.

Rows are read and written through `randomizer.store.work` alone, which gives and takes the domain's values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain import housekeeping, participants, people, records, stock, supply, trial
from randomizer.store.rows import care as care_rows
from randomizer.store.rows import housekeeping as housekeeping_rows
from randomizer.store.rows import people as people_rows
from randomizer.store.rows import records as records_rows
from randomizer.store.rows import trial as trial_rows

if TYPE_CHECKING:
    from sqlmodel import SQLModel

ROWS: dict[type, type[SQLModel]] = {
    people.Account: people_rows.AccountRow,
    people.Credential: people_rows.CredentialRow,
    people.RecoveryCodes: people_rows.RecoveryCodesRow,
    people.Passkey: people_rows.PasskeyRow,
    people.Grant: people_rows.GrantRow,
    trial.Trial: trial_rows.TrialRow,
    trial.SiteStatus: trial_rows.SiteRow,
    trial.StratumStatus: trial_rows.StratumRow,
    trial.Slot: trial_rows.SlotRow,
    trial.Allocation: trial_rows.AllocationRow,
    participants.Participant: care_rows.ParticipantRow,
    supply.Product: care_rows.ProductRow,
    supply.Kit: care_rows.KitRow,
    supply.PeriodRecord: care_rows.PeriodRow,
    stock.StockTake: care_rows.StockTakeRow,
    stock.CountedKit: care_rows.CountedKitRow,
    records.Signature: records_rows.SignatureRow,
    records.Deviation: records_rows.DeviationRow,
    records.Assessment: records_rows.AssessmentRow,
    records.PeriodLock: records_rows.PeriodLockRow,
    records.CodeBreak: records_rows.CodeBreakRow,
    records.Telling: records_rows.TellingRow,
    records.Task: records_rows.TaskRow,
    records.Alarm: records_rows.AlarmRow,
    housekeeping.Entry: housekeeping_rows.EntryRow,
    housekeeping.EntryValues: housekeeping_rows.EntryValuesRow,
    housekeeping.TrailHead: housekeeping_rows.TrailHeadRow,
    housekeeping.SignedCheckpoint: housekeeping_rows.CheckpointRow,
    housekeeping.Session: housekeeping_rows.SessionRow,
    housekeeping.TotpUse: housekeeping_rows.TotpUseRow,
    housekeeping.RecoveryUse: housekeeping_rows.RecoveryUseRow,
    housekeeping.PasskeyUse: housekeeping_rows.PasskeyUseRow,
    housekeeping.ChallengeUse: housekeeping_rows.ChallengeUseRow,
    housekeeping.Notice: housekeeping_rows.NoticeRow,
    housekeeping.Lease: housekeeping_rows.LeaseRow,
    housekeeping.Answered: housekeeping_rows.AnsweredRow,
    housekeeping.PreparationRecord: housekeeping_rows.PreparationRow,
    housekeeping.QualityWatch: housekeeping_rows.QualityWatchRow,
}
"""Which table holds which domain value; a value with a field `entry` is covered by the trail."""

COVERED = tuple(value for value in ROWS if "entry" in value.__dataclass_fields__)  # type: ignore[attr-defined]
"""Domain values that the trail covers."""
