"""A blinded definition, section by section, from TOML; every fault is noted, none stops the reading."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from randomizer.domain.assessment_parser import assessments
from randomizer.domain.definition_values import (
    MASKABLE_ROLES,
    SITE_FACTOR,
    CarryOver,
    CodeBreakPolicy,
    CodeBreakReason,
    Definition,
    Factor,
    KitPolicy,
    Level,
    NoticePolicy,
    PeriodPlan,
    QuorumPolicy,
    Site,
    Treatment,
)
from randomizer.domain.eligibility_parser import eligibility
from randomizer.domain.label_parser import label, language
from randomizer.domain.people import Role
from randomizer.domain.quality_parser import quality_tests
from randomizer.domain.strata_parser import strata
from randomizer.domain.toml_table import Faults, Table, load
from randomizer.domain.windows import PREPARE_HOURS

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_INTERVAL_DAYS = 3650
LONGEST_PREPARATION_MINUTES = 60 * PREPARE_HOURS  # one that took longer would end after its booking
MOST_PERIODS = 12
MOST_CUSTODIANS = 16  # SLIP-39
_DESIGN = re.compile(r"([1-9]\d?)x([1-9]\d?)x([1-9]\d?)")
_TELEPHONE = re.compile(r"\+[1-9][0-9 ]{6,20}")
_ROLES = tuple(str(role) for role in Role)


def parse(text: str, source: str) -> Definition:
    """Read a definition.

    Args:
        text: The TOML file.
        source: Its name, for the places of faults.

    Raises:
        DefinitionFaulty: With every fault of the file.
    """
    faults = Faults(source)
    root = load(text, faults)
    trial = root.table("trial")
    kits = _kits(root)
    treatments = _treatments(root, kits, faults)
    periods = _periods(root)
    sites = _sites(root, faults)
    factors = _factors(root, sites, faults)
    design = _design(trial, treatments, periods)
    definition = Definition(
        trial_id=trial.code("id"),
        registry_id=trial.text("registry_id", most=40),
        title=trial.text("title"),
        phase=trial.text("phase", most=40),
        sponsor=trial.text("sponsor", most=200),
        telephone=_telephone(trial),
        design="x".join(str(number) for number in design),
        sequence_count=design[1],
        treatments=treatments,
        periods=periods,
        carry_over=_carry_over(root),
        sites=sites,
        factors=factors,
        strata=strata(root, factors, faults),
        masked_roles=trial.choices("masked_roles", MASKABLE_ROLES),
        eligibility=eligibility(root, sites, faults),
        product_gate=trial.flag("product_gate"),
        staged_release=trial.flag("staged_release", optional=True),
        kits=kits,
        quorum=_quorum(root),
        code_break=_code_break(root, faults),
        notices=_notices(root),
        open_questions=trial.texts("open_questions", optional=True),
        label=label(root, treatments, faults),
        quality_tests=quality_tests(root, faults),
        assessments=assessments(root, faults),
    )
    trial.done()
    root.done()
    faults.raise_any()
    return definition


def _design(
    trial: Table, treatments: Sequence[Treatment], periods: Sequence[PeriodPlan]
) -> tuple[int, int, int]:
    text = trial.text("design", most=8)
    found = _DESIGN.fullmatch(text)
    if not found:
        if text:
            trial.fault("design", "must be treatments x sequences x periods, such as 2x2x2", text)
        return (1, 1, 1)
    design = (int(found[1]), int(found[2]), int(found[3]))
    if treatments and design[0] != len(treatments):
        trial.fault("design", f"must begin with the number of treatments listed, {len(treatments)}", text)
    if periods and design[2] != len(periods):
        trial.fault("design", f"must end with the number of periods listed, {len(periods)}", text)
    if min(design) < 2:  # noqa: PLR2004 - one treatment, sequence or period is no crossover
        trial.fault("design", "must have at least 2 treatments, 2 sequences and 2 periods", text)
    return design


def _telephone(table: Table) -> str:
    text = table.text("telephone", most=24)
    if text and not _TELEPHONE.fullmatch(text):
        table.fault("telephone", "must begin with + and the country code, then digits and spaces", text)
    return text


def _treatments(root: Table, kits: KitPolicy, faults: Faults) -> tuple[Treatment, ...]:
    tables = root.tables("treatments", least=2)
    most = max(kits.kits_per_period - 1, 0)  # 0 kits: a fault that is noted already
    found = tuple(
        Treatment(
            code=table.code("code"),
            name=table.text("name", most=80),
            spares=table.whole("spares", 0, most) if table.has("spares") else most,
        )
        for table in tables
    )
    _finish(tables)
    faults.unique([one.code for one in found], [table.place("code") for table in tables], "treatments")
    faults.unique([one.name for one in found], [table.place("name") for table in tables], "treatments")
    return found


def _periods(root: Table) -> tuple[PeriodPlan, ...]:
    tables = root.tables("periods", least=2)
    found = tuple(_period(table, position) for position, table in enumerate(tables, start=1))
    _finish(tables)
    if len(found) > MOST_PERIODS:
        root.fault("periods", f"must have at most {MOST_PERIODS} entries", len(found))
    return found


def _period(table: Table, position: int) -> PeriodPlan:
    number = table.whole("number", 1, MOST_PERIODS)
    if table.sound("number") and number != position:
        table.fault("number", f"must be {position}: periods are listed in order, without gaps", number)
    least, most = (0, 0) if position == 1 else (1, LONGEST_INTERVAL_DAYS)
    plan = PeriodPlan(
        number=position,
        interval_days=table.whole("interval_days", least, most),
        minimum_interval_days=table.whole("minimum_interval_days", least, most),
        window_before_days=table.whole("window_before_days", 0, most),
        window_after_days=table.whole("window_after_days", 0, most),
    )
    if not table.sound("interval_days", "minimum_interval_days", "window_before_days"):
        return plan
    if plan.interval_days < plan.minimum_interval_days:
        table.fault("interval_days", f"must be at least minimum_interval_days, {plan.minimum_interval_days}")
    elif plan.interval_days - plan.window_before_days < plan.minimum_interval_days:
        table.fault(
            "window_before_days",
            f"must not open the window before the minimum interval of {plan.minimum_interval_days} days",
            plan.window_before_days,
        )
    return plan


def _carry_over(root: Table) -> CarryOver:
    table = root.table("carry_over")
    found = CarryOver(declared=table.flag("declared"), rationale=table.text("rationale", most=2000))
    table.done()
    return found


def _sites(root: Table, faults: Faults) -> tuple[Site, ...]:
    tables = root.tables("sites")
    found = tuple(
        Site(
            code=table.code("code", most=8),
            name=table.text("name", most=120),
            country=table.text("country", most=60),
            telephone=_telephone(table),
            language=language(table),
        )
        for table in tables
    )
    _finish(tables)
    faults.unique([one.code for one in found], [table.place("code") for table in tables], "sites")
    return found


def _factors(root: Table, sites: Sequence[Site], faults: Faults) -> tuple[Factor, ...]:
    tables = root.tables("factors", optional=True)
    found = tuple(_factor(table, sites, faults) for table in tables)
    _finish(tables)
    faults.unique([one.code for one in found], [table.place("code") for table in tables], "factors")
    return found


def _factor(table: Table, sites: Sequence[Site], faults: Faults) -> Factor:
    code = table.code("code")
    name = table.text("name", most=80)
    if code == SITE_FACTOR and not table.has("levels"):
        return Factor(
            code=code, name=name, levels=tuple(Level(code=site.code, name=site.name) for site in sites)
        )
    rows = table.tables("levels", least=2)
    levels = tuple(Level(code=row.code("code"), name=row.text("name", most=80)) for row in rows)
    _finish(rows)
    faults.unique([one.code for one in levels], [row.place("code") for row in rows], "levels")
    if code == SITE_FACTOR:
        table.fault("levels", "must be left out: the levels of the factor site are the sites")
    return Factor(code=code, name=name, levels=levels)


def _kits(root: Table) -> KitPolicy:
    table = root.table("kits")
    found = KitPolicy(
        kits_per_period=table.whole("kits_per_period", 1, 8),
        expiry_minutes=table.whole("expiry_minutes", 1, 5_256_000),
        lead_time_hours=table.whole("lead_time_hours", 0, 8760),
        storage_place=table.text("storage_place", most=120),
        infusion_minutes=table.whole("infusion_minutes", 1, 1440),
        volume_ml=table.whole("volume_ml", 1, 5000),
        travel=table.flag("travel", optional=True),
        second_person=table.flag("second_person", optional=True),
        preparation_minutes=table.whole("preparation_minutes", 1, LONGEST_PREPARATION_MINUTES, optional=True),
    )
    if table.sound("expiry_minutes", "preparation_minutes") and (
        found.preparation_minutes >= found.expiry_minutes
    ):
        table.fault(
            "preparation_minutes",
            f"must be less than expiry_minutes, {found.expiry_minutes}: both count from the beginning",
            found.preparation_minutes,
        )
    table.done()
    return found


def _quorum(root: Table) -> QuorumPolicy:
    table = root.table("quorum")
    found = QuorumPolicy(k=table.whole("k", 2, MOST_CUSTODIANS), n=table.whole("n", 2, MOST_CUSTODIANS))
    if table.sound("k", "n") and found.k > found.n:
        table.fault("k", f"must be at most n, {found.n}", found.k)
    table.done()
    return found


def _code_break(root: Table, faults: Faults) -> CodeBreakPolicy:
    table = root.table("code_break")
    rows = table.tables("reasons")
    reasons = tuple(CodeBreakReason(code=row.code("code"), text=row.text("text", most=200)) for row in rows)
    _finish(rows)
    faults.unique([one.code for one in reasons], [row.place("code") for row in rows], "reasons")
    found = CodeBreakPolicy(
        reasons=reasons,
        emergency_text=table.text("emergency_text", most=2000),
        telephone=_telephone(table),
    )
    table.done()
    return found


def _notices(root: Table) -> NoticePolicy:
    table = root.table("notices")
    found = NoticePolicy(
        code_break_roles=table.choices("code_break_roles", _ROLES),
        low_water_roles=table.choices("low_water_roles", _ROLES),
        overdue_roles=table.choices("overdue_roles", _ROLES),
    )
    table.done()
    return found


def _finish(tables: Sequence[Table]) -> None:
    for table in tables:
        table.done()
