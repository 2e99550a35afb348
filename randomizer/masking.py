"""The one masking policy: who sees which field in which phase. It only allows.

A field that is not listed is shown to nobody. Everything a page, an API answer, an export, an e-mail or a
label tells of a record comes through `show`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from randomizer.domain.people import BREAKERS, UNBLINDED, Role
from randomizer.domain.supply import VISIBLE, Kit
from randomizer.domain.trial import Phase

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

View = dict[str, Any]

PHASES = frozenset(Phase)
RELEASED = frozenset({Phase.RELEASED})

SITE = frozenset(
    {
        Role.INVESTIGATOR,
        Role.CARE_PROVIDER,
        Role.OUTCOMES_ASSESSOR,
        Role.COORDINATOR,
        Role.PHARMACIST,
        Role.ON_CALL,
    }
)
OFFICE = frozenset({Role.TRIAL_MANAGER, Role.DATA_MANAGER, Role.SPONSOR, Role.SAFETY_PHYSICIAN})
READERS = frozenset({Role.MONITOR, Role.STATISTICIAN})
BLINDED = SITE | OFFICE | READERS
EVERYBODY = BLINDED | UNBLINDED
TREATING = SITE - {Role.OUTCOMES_ASSESSOR}
KIT_READERS = TREATING | {Role.TRIAL_MANAGER, Role.DATA_MANAGER, Role.MONITOR, Role.PREPARER}
OVERSEERS = frozenset({Role.TRIAL_MANAGER, Role.DATA_MANAGER, Role.MONITOR})
STATISTICIANS = frozenset({Role.UNBLINDED_STATISTICIAN, Role.STATISTICIAN})
LOCK_READERS = frozenset({Role.SPONSOR, Role.TRIAL_MANAGER, Role.DATA_MANAGER})
COUNTERS = OFFICE | READERS | {Role.UNBLINDED_STATISTICIAN}


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may see a field, and when."""

    roles: frozenset[Role]
    phases: frozenset[Phase] = PHASES


def _rules(names: str, roles: Iterable[Role], phases: frozenset[Phase] = PHASES) -> dict[str, Rule]:
    return {name: Rule(frozenset(roles), phases) for name in names.split()}


ALLOWED: Mapping[str, Mapping[str, Rule]] = {
    "Participant": _rules("number site state words period ending follow_up consented_at ended_at", EVERYBODY)
    | _rules("attempt replaces randomized_in_error", BLINDED)
    | _rules("next", TREATING | OFFICE | READERS)
    | _rules("levels corrected_levels stratum", TREATING | OFFICE | READERS),
    "Allocation": _rules("participant randomization_number allocated_at", BLINDED | {Role.PREPARER})
    | _rules("ordinal stratum", COUNTERS, RELEASED),
    "Product": _rules(
        "participant donation state harvested_at cleared_at failed_at",
        TREATING | OFFICE | READERS | UNBLINDED,
    )
    | _rules("identifier", TREATING | {Role.CLEARER, Role.PREPARER, Role.MONITOR}),
    "PeriodRecord": _rules("participant period booked_for outcome given_at closed_at", EVERYBODY)
    | _rules(
        "fit_signed_at deviation_signed_at preparation_begun_at preparation_ended_at asked_at answered_at "
        "available_at",
        TREATING | OFFICE | {Role.MONITOR, Role.PREPARER},
    )
    | _rules("kit dispensed_at checked_by stopped_at volume_ml", KIT_READERS),
    "Kit": _rules("number period state ready_at expires_at", KIT_READERS),
    # Whose a kit is stands beside it from when it is ready.
    "KitBeside": _rules("site participant", KIT_READERS),
    # In the same words to everybody whom a quality alert concerns.
    "QualityAlert": _rules(
        "kit participant site period raised_at",
        (KIT_READERS - {Role.PREPARER}) | {Role.SPONSOR, Role.SAFETY_PHYSICIAN},
    ),
    "Quarantine": _rules("kit site participant period state since why expires_at", {Role.CLEARER}),
    # A line of the accountability log; it begins when the kit becomes ready.
    "KitMovement": _rules(
        "number at act site kit code period participant state what by role balance remark",
        KIT_READERS - {Role.PREPARER},
    ),
    # The record of a destruction, to print; its reason is one of a blinded role.
    "Destruction": _rules(
        "at site kit code participant period method why by role checked_by meaning",
        KIT_READERS - {Role.PREPARER},
    ),
    # Names every product of the trial, whatever is in the kit.
    "Label": _rules(
        "language rehearsal kit participant trial elements products first lines made_at pdf_base64",
        KIT_READERS,
    ),
    "StockTake": _rules(
        "number site opened_at closed_at matched missing unexpected settled_at unsettled",
        KIT_READERS - {Role.PREPARER},
    ),
    "CountedKit": _rules("take kit counted_at", KIT_READERS - {Role.PREPARER}),
    "KitStock": _rules(
        "site received held dispensed returned destroyed missing expired quarantined damaged "
        "to_be_destroyed administered partly_administered not_administered",
        KIT_READERS - {Role.PREPARER},
    ),
    "Signature": _rules("number printed_name role meaning about signed_at", BLINDED | UNBLINDED),
    "Deviation": _rules("number participant period what recorded_at", BLINDED),
    # Which blinded assessments were signed for, when and by whom; no result is kept here.
    "Assessment": _rules(
        "number participant assessment label time_point done_at struck entry printed_name signed_at "
        "changed_by changed_at",
        BLINDED,
    ),
    # One that waits for a signature of those who sign it; the same whatever the treatment.
    "AssessmentDue": _rules(
        "participant site assessment label time_point due_on closes_on overdue",
        {Role.OUTCOMES_ASSESSOR, Role.INVESTIGATOR},
    ),
    "Task": _rules("number kind participant site opened_at done_at", TREATING | OFFICE | {Role.MONITOR})
    | _rules("kit", KIT_READERS - {Role.PREPARER}),
    # What an impact assessment looks at; who knows is told in the code-break door alone.
    "Impact": _rules("exposed_at assessments", TREATING | OFFICE | {Role.MONITOR})
    | _rules("known_by knew", BREAKERS),
    # What an alarm is about may be a kit, or a participant of another site.
    "Alarm": _rules("number kind raised_at cleared_at", EVERYBODY) | _rules("about", OVERSEERS),
    "SiteStatus": _rules("code name country state opened_at participants randomized", EVERYBODY),
    "StratumStatus": _rules("code capacity reserved next_ordinal low_water", COUNTERS),
    "Trial": _rules(
        "kind phase definition_digest certificate_digest locked_at", EVERYBODY | {Role.ADMINISTRATOR}
    ),
    # The blinded definition as it stands in the public record.
    "Published": _rules("definition", EVERYBODY | {Role.ADMINISTRATOR}),
    "Account": _rules("number username printed_name email active", {Role.ADMINISTRATOR}),
    "Passkey": _rules("handle name relying_party added_at", Role),
    "PasskeyUse": _rules("used_at", Role),
    "Grant": _rules("account role site granted_at revoked_at", {Role.ADMINISTRATOR, Role.MONITOR}),
    # What an act changed is shown field by field, each by the rule of its own record.
    "Entry": _rules(
        "number at act actor by role site participant digest agrees erased_by elsewhere changes",
        OFFICE | {Role.MONITOR},
    ),
    # Words and signed values of blinded roles; those of unblinded ones could tell what is in a kit.
    "EntryReason": _rules("why signed", OFFICE | {Role.MONITOR}),
    # That its doer knew what was given is told beside an act in the code-break door alone.
    "Event": _rules("at act role by", TREATING | OFFICE | READERS) | _rules("unblinded", BREAKERS),
    # That a code was broken is told; to whom stands in the code-break door alone.
    "CodeBreakEvent": _rules("at act", BREAKERS | OFFICE | {Role.MONITOR}),
    "CodeBreakEntry": _rules(
        "number at act by site participant digest agrees erased_by elsewhere", OFFICE | {Role.MONITOR}
    ),
    "NextStep": _rules("participant site act what due state kind period", TREATING | OFFICE | READERS)
    | _rules("expires_at", KIT_READERS - {Role.PREPARER}),
    "Window": _rules("not_before opens_on due_on closes_on since", EVERYBODY),
    "CodeBreak": _rules("participant intended_at", BREAKERS | OFFICE | {Role.MONITOR})
    | _rules("intent account reason disclosed_at", BREAKERS),
    # How long an answer took, and how it went; never whose it was or who was told.
    "AnswerTime": _rules("answered_at site way seconds", OVERSEERS | {Role.SPONSOR, Role.SAFETY_PHYSICIAN}),
    # What became of a code break for somebody who telephones; the code is the operator's to read out.
    "Asked": _rules(
        "intent participant way reader shown opens address code code_until code_closed", BREAKERS
    ),
    # Whom one can ask to open a code break instead.
    "Colleague": _rules("number printed_name", BREAKERS),
    # Before a code is broken: whom it is for, and whether it would tell anything.
    "Before": _rules("participant site verdict worth_it", BREAKERS),
    "BeforePeriod": _rules("period said", BREAKERS) | _rules("kit", BREAKERS & KIT_READERS),
    # Only the unblinded statistician sees what the design gives away, and only the preparer a content.
    "Sheet": _rules(
        "participant period kit spares content treatment booked_for donation volume_ml infusion_minutes "
        "expiry_minutes preparation_minutes fit preparing earliest_end_at out_of_limits lots",
        {Role.PREPARER},
    ),
    "Lock": _rules("blocks", LOCK_READERS),
    "Meter": _rules("guesses history surest randomized", {Role.UNBLINDED_STATISTICIAN}),
    "ProductDetails": _rules("note blocks", {Role.CLEARER}),
    "Lot": _rules(
        "number cell_count viability form recorded_at in_use struck_at struck_by struck_why", {Role.CLEARER}
    ),
    # A test of a lot or of a kit, with its result or when that is due.
    "QualityResult": _rules("subject of test label result at by due_at before_clearance", {Role.CLEARER}),
    "QualityWatch": _rules("participant due_at", {Role.CLEARER}),
    # A line of a process's log is read by whoever runs the service; what is not listed is never written.
    "LogLine": _rules(
        "event level timestamp process logger job attempts error at where door request method page status "
        "account",
        {Role.ADMINISTRATOR},
    ),
    # Everything that stands behind the public record; the schedule itself comes from each one's own copy.
    "Records": _rules("archive", STATISTICIANS, RELEASED),
    "Answer": _rules(
        "intent participant site shown_at given next_planned implied planned disagreements remarks since "
        "emergency_text",
        BREAKERS,
    ),
}
"""Kind of record, field, rule."""


def show(
    roles: frozenset[Role],
    phase: Phase,
    value: object,
    kind: str = "",
    derived: Mapping[str, object] = MappingProxyType({}),
) -> View:
    """The fields of a record that these roles may see in this phase.

    Args:
        roles: Roles of the person, already limited to those that cover the record's site.
        phase: Phase of the trial.
        value: A domain value, or a mapping of field to content.
        kind: Kind of record; only needed for a mapping.
        derived: What was worked out of the record beside its own fields; listed and limited as they are.

    Returns:
        Field to content; a field that the policy does not allow is absent.
    """
    if isinstance(value, Kit) and value.state not in VISIBLE:
        return {}
    name = kind or type(value).__name__
    contents = _contents(value) | dict(derived)
    return {field: content for field, content in contents.items() if allows(roles, phase, name, field)}


def allows(roles: frozenset[Role], phase: Phase, kind: str, field: str) -> bool:
    """Whether any of the roles may see the field in this phase."""
    rule = ALLOWED.get(kind, {}).get(field)
    return rule is not None and phase in rule.phases and bool(roles & rule.roles)


def _contents(value: Any) -> dict[str, Any]:  # noqa: ANN401
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return dict(value)
