"""The questions that every registry record leaves open, each with a pattern to fill in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """One open question: where the answer goes, what is asked, a pattern to fill in."""

    place: str
    question: str
    pattern: tuple[str, ...]

    def lines(self) -> list[str]:
        """Return it as comments."""
        return [f"# OPEN: {self.place}: {self.question}", *(f"#   {line}" for line in self.pattern), ""]


TRIAL_OPENINGS = (
    Opening(
        place="trial.telephone",
        question="number of the trial office",
        pattern=('telephone = "+33 1 99 00 00 00"',),
    ),
    Opening(
        place="trial.design",
        question="treatments x sequences x periods; no record states sequences, they are never guessed",
        pattern=('design = "2x2x2"',),
    ),
    Opening(
        place="trial.product_gate",
        question="is the product cleared before a participant is randomized?",
        pattern=("product_gate = true",),
    ),
)
SECTION_OPENINGS = (
    Opening(
        place="periods",
        question="how many periods, which interval and which windows? One table for each; zeros in period 1",
        pattern=(
            "[[periods]]",
            "number = 1",
            "interval_days = 0",
            "minimum_interval_days = 0",
            "window_before_days = 0",
            "window_after_days = 0",
        ),
    ),
    Opening(
        place="carry_over",
        question="may an effect last into the next period, and why (not)?",
        pattern=("[carry_over]", "declared = true", 'rationale = "..."'),
    ),
    Opening(
        place="strata",
        question="factors, if any, and for each combination of levels how many slots?",
        pattern=("[[strata]]", 'code = "ALL"', "capacity = 24", "low_water = 4"),
    ),
    Opening(
        place="kits",
        question="how are kits counted, timed and stored? No preparation ends before preparation_minutes",
        pattern=(
            "[kits]",
            "kits_per_period = 1",
            "expiry_minutes = 240",
            "preparation_minutes = 60",
            "lead_time_hours = 48",
            'storage_place = "..."',
            "infusion_minutes = 20",
            "volume_ml = 100",
        ),
    ),
    Opening(
        place="quorum",
        question="how many custodians, and how many of them open the release?",
        pattern=("[quorum]", "k = 2", "n = 3"),
    ),
    Opening(
        place="code_break",
        question="which reasons, which emergency text, which number day and night?",
        pattern=(
            "[code_break]",
            'telephone = "+33 1 99 00 00 00"',
            'emergency_text = "..."',
            'reasons = [{ code = "emergency", text = "..." }]',
        ),
    ),
    Opening(
        place="notices",
        question="who is told of a code break, of a low stratum, of an overdue period?",
        pattern=(
            "[notices]",
            'code_break_roles = ["investigator", "sponsor representative"]',
            'low_water_roles = ["trial manager"]',
            'overdue_roles = ["coordinator"]',
        ),
    ),
)
