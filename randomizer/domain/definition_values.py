"""The values of a blinded definition: frozen; nothing in them binds a participant or a slot."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal  # noqa: TC003 - read at run time when a canonical form is opened
from typing import TYPE_CHECKING

from randomizer.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

MASKABLE_ROLES = ("participant", "care provider", "investigator", "outcomes assessor")
OPERATORS = ("between", "at least", "at most", "less than", "more than", "not within")
ASSESSING_ROLES = ("outcomes assessor", "investigator")
TIME_UNITS = ("days", "months")
ITEM_KINDS = ("inclusion", "exclusion")
SITE_FACTOR = "site"  # a factor of this code is levelled by the site of the participant


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """What is given in one period."""

    code: str  # at most 16 ASCII letters, digits or hyphens
    name: str
    spares: int  # kits of a period that can really be filled beside the first one


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodPlan:
    """One period; intervals count from the infusion of the period before, and are zero for period 1."""

    number: int  # 1-based
    interval_days: int
    minimum_interval_days: int
    window_before_days: int
    window_after_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CarryOver:
    """Whether effects of a period may reach into the next; declared, never tested away."""

    declared: bool
    rationale: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A place where participants are enrolled."""

    code: str
    name: str
    country: str
    telephone: str
    language: str = "en"  # of its labels


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One value of a factor."""

    code: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """A stratification variable."""

    code: str
    name: str
    levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StratumPlan:
    """One combination of levels, with the number of slots that are sealed for it."""

    code: str
    levels: tuple[tuple[str, str], ...]  # (factor code, level code), in the order of the factors
    capacity: int  # slots
    low_water: int  # slots left at which an alarm is raised


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What must hold of one number or date for a participant to be eligible.

    "not within" is about the time since the last dose or event: with `inclusive` the participant is held back
    while that time is at most `high` (the record's "≤ 1 month"), without it while it is less ("< 3 months").
    """

    field: str
    label: str
    unit: str
    operator: str  # one of OPERATORS
    low: Decimal | None = None
    high: Decimal | None = None
    inclusive: bool = False
    plausible_low: Decimal | None = None  # what lies outside is a slip of the pen, not a finding
    plausible_high: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EligibilityItem:
    """One criterion; confirmed means: the inclusion criterion is met, the exclusion criterion is absent."""

    code: str
    kind: str  # one of ITEM_KINDS
    text: str
    checks: tuple[Check, ...] = ()
    sites: tuple[str, ...] | None = None  # None: every site
    open_question: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentWindow:
    """When an assessment of one time point is due, counted from the first infusion that was given."""

    time_point: str
    due_days: int
    before_days: int
    after_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentPlan:
    """A blinded assessment that somebody signs for; its result belongs to the trial's data base."""

    code: str
    label: str
    roles: tuple[str, ...]  # of ASSESSING_ROLES: who signs it
    time_points: tuple[str, ...]  # such as "week 24", in order
    open_question: str | None = None
    windows: tuple[
        AssessmentWindow, ...
    ] = ()  # a time point without one, such as "unscheduled", is never due

    def window(self, time_point: str) -> AssessmentWindow | None:
        """When the assessment of a time point is due, or None where it is made as it is needed."""
        return next((one for one in self.windows if one.time_point == time_point), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class KitPolicy:
    """How kits are counted, timed and handled; the same whatever the treatment."""

    kits_per_period: int
    expiry_minutes: int  # from "ready"; from "begun" where preparation_minutes is set
    lead_time_hours: int
    storage_place: str
    infusion_minutes: int
    volume_ml: int
    travel: bool  # whether kits travel to the site, which receives each one before it is handed out
    second_person: bool  # whether somebody else checks each kit handed out or destroyed
    preparation_minutes: int = 0  # the least time from "begun" to "ended", ready or not; 0: none


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityTest:
    """A test whose result the unblinded side waits for; the same whatever the treatment."""

    code: str
    label: str
    of_kit: bool  # of each kit once it is ready; else of each lot of a participant's product
    before_clearance: bool  # whether no product is cleared while it is pending; never of a kit
    due_days: int  # from the recording of the lot, or from "ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelPolicy:
    """What the labels of every kit say; the same whatever the treatment."""

    route: str
    autologous: bool
    store_from_c: int
    store_to_c: int
    gtin: str  # 14 digits, or "" where the trial has none
    names: tuple[
        tuple[str, str, str], ...
    ]  # (language, treatment code, name), each language whole or not at all

    def name_of(self, treatment: str, language: str) -> str:
        """The name of a treatment in a language, or "" where the section gives none."""
        found = (name for tongue, code, name in self.names if (tongue, code) == (language, treatment))
        return next(found, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class QuorumPolicy:
    """k of n custodians open the release."""

    k: int
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeBreakReason:
    """One entry of the list of reasons."""

    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeBreakPolicy:
    """What the code-break page offers and says."""

    reasons: tuple[CodeBreakReason, ...]
    emergency_text: str
    telephone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticePolicy:
    """Who is told of what; notices never carry an answer."""

    code_break_roles: tuple[str, ...]
    low_water_roles: tuple[str, ...]
    overdue_roles: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """The blinded definition of one trial, as signed before the ceremony."""

    trial_id: str
    registry_id: str
    title: str
    phase: str
    sponsor: str
    telephone: str
    design: str  # treatments x sequences x periods, such as "2x2x2"
    sequence_count: int
    treatments: tuple[Treatment, ...]
    periods: tuple[PeriodPlan, ...]
    carry_over: CarryOver
    sites: tuple[Site, ...]
    factors: tuple[Factor, ...]
    strata: tuple[StratumPlan, ...]
    masked_roles: tuple[str, ...]
    eligibility: tuple[EligibilityItem, ...]
    product_gate: bool  # the product is cleared before the participant is randomized
    kits: KitPolicy
    quorum: QuorumPolicy
    code_break: CodeBreakPolicy
    notices: NoticePolicy
    staged_release: bool = False  # whether period 1 may be locked and released before the rest
    open_questions: tuple[str, ...] = ()
    label: LabelPolicy | None = None  # None: no labels are printed
    quality_tests: tuple[QualityTest, ...] = ()
    assessments: tuple[AssessmentPlan, ...] = ()  # blinded ones, in the order in which they are offered

    @property
    def period_count(self) -> int:
        """How many periods a participant goes through."""
        return len(self.periods)

    @property
    def capacity(self) -> int:
        """Slots over all strata."""
        return sum(stratum.capacity for stratum in self.strata)

    def site(self, code: str) -> Site:
        """Return the site of this code.

        Raises:
            Refused: There is no such site.
        """
        for site in self.sites:
            if site.code == code:
                return site
        known = ", ".join(site.code for site in self.sites)
        raise Refused(f"There is no site {code!r}. Sites of this trial: {known}.", field="site")

    def period(self, number: int) -> PeriodPlan:
        """Return the plan of a period, counted from 1.

        Raises:
            Refused: The trial has no such period.
        """
        if 1 <= number <= self.period_count:
            return self.periods[number - 1]
        raise Refused(f"Period must be between 1 and {self.period_count}, got {number}.", field="period")

    def treatment(self, code: str) -> Treatment:
        """Return the treatment of this code, by the same work for each; no message repeats a secret code.

        Raises:
            Refused: The definition names no such treatment.
        """
        found = {treatment.code: treatment for treatment in self.treatments}.get(code)
        if found is None:
            raise Refused("The definition names no treatment of this code.", field="treatment")
        return found

    def quality_test(self, code: str) -> QualityTest:
        """Return the quality test of this code.

        Raises:
            Refused: There is no such test.
        """
        for test in self.quality_tests:
            if test.code == code:
                return test
        known = ", ".join(test.code for test in self.quality_tests) or "none"
        raise Refused(f"There is no quality test {code!r}. Tests of this trial: {known}.", field="test")

    def assessment(self, code: str) -> AssessmentPlan:
        """Return the blinded assessment of this code.

        Raises:
            Refused: The definition names no such assessment.
        """
        for one in self.assessments:
            if one.code == code:
                return one
        known = ", ".join(f"{one.code} ({one.label})" for one in self.assessments)
        raise Refused(
            f"Choose one of the blinded assessments of this trial: {known}. Nothing was signed.",
            field="assessment",
        )

    def stratum(self, code: str) -> StratumPlan:
        """Return the stratum of this code.

        Raises:
            Refused: There is no such stratum.
        """
        for stratum in self.strata:
            if stratum.code == code:
                return stratum
        raise Refused(f"There is no stratum {code!r}.", field="stratum")

    def items_for(self, site_code: str) -> tuple[EligibilityItem, ...]:
        """Return the eligibility items that a site confirms, in the order of the definition.

        Raises:
            Refused: There is no such site.
        """
        site = self.site(site_code)
        return tuple(item for item in self.eligibility if item.sites is None or site.code in item.sites)

    def stratum_of(self, levels: Mapping[str, str]) -> StratumPlan:
        """Return the stratum of a participant.

        Args:
            levels: Level code by factor code, one for each factor.

        Raises:
            Refused: A factor has no level or an unknown one (field: the factor), or a key is no factor.
        """
        for factor in self.factors:
            _refuse_unknown_level(factor, levels.get(factor.code))
        for key in levels:
            if all(factor.code != key for factor in self.factors):
                raise Refused(
                    f"{key!r} is no stratification factor of this trial. Nothing was changed.",
                    field=key,
                    next_step=f"Factors: {', '.join(factor.name for factor in self.factors)}.",
                )
        wanted = tuple((factor.code, levels[factor.code]) for factor in self.factors)
        for stratum in self.strata:
            if stratum.levels == wanted:
                return stratum
        combination = ", ".join(f"{factor} {level}" for factor, level in wanted)
        raise Refused(f"The definition has no stratum for {combination}.", field="stratum")


def _refuse_unknown_level(factor: Factor, level: str | None) -> None:
    known = ", ".join(f"{known.code} ({known.name})" for known in factor.levels)
    if not level:
        raise Refused(
            f"{factor.name} is missing. It must be one of: {known}.",
            field=factor.code,
            next_step="Choose the level of the participant.",
        )
    if all(level != known.code for known in factor.levels):
        raise Refused(
            f"{factor.name} must be one of: {known}; got {level!r}.",
            field=factor.code,
            next_step="Choose the level of the participant.",
        )
