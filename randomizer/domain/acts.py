"""Every act that leaves an entry, and the roles that may do it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from randomizer.domain import people
from randomizer.domain.people import BREAKERS, Role
from randomizer.domain.trial import FINAL, NO_MORE_ENROLLED, OPEN, RUNNING, Phase

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from randomizer.domain.people import Person


class Act(StrEnum):
    """What happened; the value stands in the entry."""

    doing: str
    """The act as what a person does, in the words of a refusal: "Your role cannot ...", "To ..."."""

    def __new__(cls, value: str, doing: str = "") -> Self:
        """An act by its value, with its words."""
        act = str.__new__(cls, value)
        act._value_ = value
        act.doing = doing
        return act

    ACCOUNT_CREATED = "account created", "create an account"
    ACCOUNT_CLOSED = "account closed", "close an account"
    CREDENTIAL_SET = "credential set", "set how somebody signs in"
    PASSKEY_ADDED = "passkey added", "add a passkey"
    PASSKEY_REMOVED = "passkey removed", "remove a passkey"
    ROLE_GRANTED = "role granted", "grant a role"
    ROLE_REVOKED = "role revoked", "revoke a role"
    INSTANCE_CREATED = "instance created", "set up an instance"
    DEFINITION_SIGNED = "definition signed", "sign the definition"
    TRIAL_ACTIVATED = "trial activated", "activate the trial"
    KEYS_ROTATED = "keys rotated", "rotate the keys"
    SITE_OPENED = "site opened", "open a site"
    SITE_CLOSED = "site closed", "close a site"
    ENROLMENT_CLOSED = "enrolment closed", "close enrolment"
    TRIAL_TERMINATED = "trial terminated", "terminate the trial"
    PERIOD_LOCKED = "period 1 locked", "lock the data of period 1"
    STAGED_EXPORTED = "staged release exported", "export the staged release"
    TRIAL_LOCKED = "trial locked", "lock the data"
    RELEASE_EXPORTED = "release exported", "export the release"
    TRIAL_RELEASED = "trial released", "release the allocation"
    PARTICIPANT_CONSENTED = "participant consented", "enrol a participant"
    ELIGIBILITY_SIGNED = "eligibility signed", "sign eligibility"
    SCREEN_FAILED = "screen failed", "record a screen failure"
    RESCREENED = "re-screened", "screen a participant again"
    HARVESTED = "harvested", "record a harvest"
    PRODUCT_CLEARED = "product cleared", "clear a product"
    PRODUCT_GO = "product go given", "give the sponsor's go"
    PRODUCT_FAILED = "product failed", "record that a product can't be used"
    QUALITY_RECORDED = "quality recorded", "record a lot or a quality result"
    QUALITY_ADDED = "quality result added", "add a quality result after the lock"
    RANDOMIZED = "randomized", "randomize a participant"
    RANDOMIZED_IN_ERROR = "randomized in error", "state that a participant was randomized in error"
    FACTOR_CORRECTED = "factor corrected", "correct a factor"
    SITE_TRANSFERRED = "site transferred", "transfer a participant"
    INFUSION_BOOKED = "infusion booked", "book an infusion"
    BOOKING_CANCELLED = "booking cancelled", "cancel a booking"
    DEVIATION_SIGNED = "deviation signed", "sign a deviation"
    FIT_SIGNED = "fit for infusion signed", "sign fit for infusion"
    PREPARATION_BEGUN = "preparation begun", "begin a preparation"
    PREPARATION_ENDED = "preparation ended", "end a preparation"
    REPLACEMENT_REQUESTED = "replacement requested", "ask for another kit"
    REPLACEMENT_ANSWERED = "replacement answered", "answer a request for another kit"
    LABELS_PRINTED = "labels printed", "print the labels of a kit"
    KIT_RECEIVED = "kit received", "receive a kit"
    KIT_DISPENSED = "kit dispensed", "dispense a kit"
    DISPENSATION_UNDONE = "dispensation undone", "undo a dispensation"
    KIT_EXPIRED = "kit expired", "let a kit expire"
    KIT_RETURNED = "kit returned", "record that a kit came back"
    KIT_QUARANTINED = "kit quarantined", "put a kit into quarantine"
    QUALITY_ALERT = "quality alert opened", "open a quality alert"
    ALERT_ACKNOWLEDGED = "quality alert acknowledged", "acknowledge a quality alert"
    QUARANTINE_LIFTED = "quarantine lifted", "lift a quarantine"
    KIT_DAMAGED = "kit damaged", "record that a kit is damaged"
    KIT_MISSING = "kit missing", "report that a kit is missing"
    KIT_FOUND = "kit found", "record that a missing kit was found"
    KIT_DESTROYED = "kit destroyed", "record the destruction of a kit"
    STOCK_TAKE_OPENED = "stock take opened", "open a stock take"
    KIT_COUNTED = "kit counted", "count a kit"
    STOCK_TAKE_CLOSED = "stock take closed", "close a stock take"
    STOCK_TAKE_SETTLED = "stock take settled", "settle the differences of a stock take"
    INFUSION_RECORDED = "infusion recorded", "record an infusion"
    PERIOD_MISSED = "period missed", "record a missed period"
    TREATMENT_STOPPED = "treatment stopped", "stop treatment"
    CONSENT_WITHDRAWN = "consent withdrawn", "record that consent was withdrawn"
    LOST_TO_FOLLOW_UP = "lost to follow-up", "record a loss to follow-up"
    DIED = "died", "record a death"
    ASSESSMENT_SIGNED = "blinded assessment signed", "sign a blinded assessment"
    ASSESSMENT_CORRECTED = "blinded assessment corrected", "correct a blinded assessment"
    ASSESSMENT_STRUCK = "blinded assessment struck out", "strike out a blinded assessment"
    COMPLETED = "completed", "record the end of follow-up"
    CODE_BREAK_INTENT = "code break intent", "break a code"
    CODE_BREAK_DISCLOSED = "code break disclosed", "see what a code break tells"
    CODE_BREAK_DENIED = "code break denied", "refuse a code break"
    CODE_BREAK_ABORTED = "code break aborted", "give up a code break"
    TASK_OPENED = "task opened", "open a task"
    RECEIPT_OVERDUE = "receipt of a kit overdue", "open the task of a kit that should have arrived"
    RECEIPT_SETTLED = "overdue receipt settled", "close the task of a kit that should have arrived"
    IMPACT_SIGNED = "impact assessment signed", "sign an impact assessment"
    TREATMENT_DECIDED = "treatment decided after a code break", "decide on treatment after a code break"
    BREAK_EXPLAINED = "code break explained", "explain a code break"
    PACK_ISSUED = "emergency pack issued", "issue an emergency pack"
    PACK_OPENED = "emergency pack opened", "record that an emergency pack was opened"
    PACK_RETURNED = "emergency pack returned", "record that an emergency pack was returned"
    PACK_DRILLED = "emergency drill", "record a drill with an emergency pack"
    SHEET_OPENED = "preparation sheet opened", "open a preparation sheet"
    ALARM_RAISED = "alarm raised", "raise an alarm"
    ALARM_CLEARED = "alarm cleared", "clear an alarm"
    REASON_ERASED = "reason erased", "erase a reason"


def _of(*roles: Role) -> frozenset[Role]:
    return frozenset(roles)


_SERVICE = _of()
_CLINICAL = _of(Role.INVESTIGATOR)
_SITE_STAFF = _of(Role.INVESTIGATOR, Role.COORDINATOR)
_MANAGERS = _of(Role.TRIAL_MANAGER)
_PHARMACY = _of(Role.PHARMACIST)
_ASSESSING = _of(Role.OUTCOMES_ASSESSOR, Role.INVESTIGATOR)

MAY: Mapping[Act, frozenset[Role]] = {
    Act.ACCOUNT_CREATED: _of(Role.ADMINISTRATOR),
    Act.ACCOUNT_CLOSED: _of(Role.ADMINISTRATOR),
    Act.CREDENTIAL_SET: _of(Role.ADMINISTRATOR),
    Act.PASSKEY_ADDED: _of(*Role),
    Act.PASSKEY_REMOVED: _of(*Role),
    Act.ROLE_GRANTED: _of(Role.ADMINISTRATOR),
    Act.ROLE_REVOKED: _of(Role.ADMINISTRATOR),
    Act.INSTANCE_CREATED: _SERVICE,
    Act.DEFINITION_SIGNED: _of(Role.SPONSOR, Role.UNBLINDED_STATISTICIAN),
    Act.TRIAL_ACTIVATED: _of(Role.ADMINISTRATOR),
    Act.KEYS_ROTATED: _of(Role.ADMINISTRATOR),
    Act.SITE_OPENED: _of(Role.SPONSOR),
    Act.SITE_CLOSED: _of(Role.SPONSOR),
    Act.ENROLMENT_CLOSED: _of(Role.TRIAL_MANAGER, Role.SPONSOR),
    Act.TRIAL_TERMINATED: _of(Role.SPONSOR),
    Act.PERIOD_LOCKED: _of(Role.SPONSOR),
    Act.STAGED_EXPORTED: _of(Role.UNBLINDED_STATISTICIAN),
    Act.TRIAL_LOCKED: _of(Role.SPONSOR),
    Act.RELEASE_EXPORTED: _of(Role.UNBLINDED_STATISTICIAN),
    Act.TRIAL_RELEASED: _of(Role.UNBLINDED_STATISTICIAN),
    Act.PARTICIPANT_CONSENTED: _SITE_STAFF,
    Act.ELIGIBILITY_SIGNED: _CLINICAL,
    Act.SCREEN_FAILED: _SITE_STAFF,
    Act.RESCREENED: _SITE_STAFF,
    Act.HARVESTED: _SITE_STAFF,
    Act.PRODUCT_CLEARED: _of(Role.CLEARER),
    Act.PRODUCT_GO: _of(Role.SPONSOR),
    Act.PRODUCT_FAILED: _of(Role.CLEARER),
    Act.QUALITY_RECORDED: _of(Role.CLEARER),
    Act.QUALITY_ADDED: _of(Role.CLEARER),
    Act.RANDOMIZED: _CLINICAL,
    Act.RANDOMIZED_IN_ERROR: _CLINICAL,
    Act.FACTOR_CORRECTED: _CLINICAL,
    Act.SITE_TRANSFERRED: _MANAGERS,
    Act.INFUSION_BOOKED: _SITE_STAFF,
    Act.BOOKING_CANCELLED: _SITE_STAFF,
    Act.DEVIATION_SIGNED: _CLINICAL,
    Act.FIT_SIGNED: _CLINICAL,
    Act.PREPARATION_BEGUN: _of(Role.PREPARER),
    Act.PREPARATION_ENDED: _of(Role.PREPARER),
    Act.REPLACEMENT_REQUESTED: _PHARMACY | _SITE_STAFF,
    Act.REPLACEMENT_ANSWERED: _of(Role.PREPARER),
    Act.LABELS_PRINTED: _of(Role.PREPARER),
    Act.KIT_RECEIVED: _PHARMACY,
    Act.KIT_DISPENSED: _PHARMACY,
    Act.DISPENSATION_UNDONE: _PHARMACY,
    Act.KIT_EXPIRED: _SERVICE,
    Act.KIT_RETURNED: _PHARMACY,
    Act.KIT_QUARANTINED: _PHARMACY,
    Act.QUALITY_ALERT: _SERVICE,
    Act.ALERT_ACKNOWLEDGED: _CLINICAL,
    Act.QUARANTINE_LIFTED: _of(Role.CLEARER),
    Act.KIT_DAMAGED: _PHARMACY,
    Act.KIT_MISSING: _PHARMACY,
    Act.KIT_FOUND: _PHARMACY,
    Act.KIT_DESTROYED: _PHARMACY,
    Act.STOCK_TAKE_OPENED: _PHARMACY,
    Act.KIT_COUNTED: _PHARMACY,
    Act.STOCK_TAKE_CLOSED: _PHARMACY,
    Act.STOCK_TAKE_SETTLED: _PHARMACY,
    Act.INFUSION_RECORDED: _of(Role.CARE_PROVIDER, Role.INVESTIGATOR),
    Act.PERIOD_MISSED: _CLINICAL,
    Act.TREATMENT_STOPPED: _CLINICAL,
    Act.CONSENT_WITHDRAWN: _CLINICAL,
    Act.LOST_TO_FOLLOW_UP: _CLINICAL,
    Act.DIED: _CLINICAL,
    Act.COMPLETED: _CLINICAL,
    Act.ASSESSMENT_SIGNED: _ASSESSING,
    Act.ASSESSMENT_CORRECTED: _ASSESSING,
    Act.ASSESSMENT_STRUCK: _ASSESSING,
    Act.CODE_BREAK_INTENT: BREAKERS,
    Act.CODE_BREAK_DISCLOSED: BREAKERS,
    Act.CODE_BREAK_DENIED: _SERVICE,
    Act.CODE_BREAK_ABORTED: _SERVICE,
    Act.TASK_OPENED: _SERVICE,
    Act.RECEIPT_OVERDUE: _SERVICE,
    Act.RECEIPT_SETTLED: _SERVICE,
    Act.IMPACT_SIGNED: _of(Role.INVESTIGATOR, Role.SAFETY_PHYSICIAN),
    Act.TREATMENT_DECIDED: _CLINICAL,
    Act.BREAK_EXPLAINED: _CLINICAL,
    Act.PACK_ISSUED: _MANAGERS,
    Act.PACK_OPENED: _MANAGERS,
    Act.PACK_RETURNED: _MANAGERS,
    Act.PACK_DRILLED: _MANAGERS,
    Act.SHEET_OPENED: _of(Role.PREPARER),
    Act.ALARM_RAISED: _SERVICE,
    Act.ALARM_CLEARED: _of(Role.TRIAL_MANAGER),
    Act.REASON_ERASED: _of(Role.TRIAL_MANAGER),
}
"""Who may do each act; an act for nobody is one of the service itself."""

_ACTIVE = frozenset({Phase.ACTIVE})

DURING: Mapping[Act, frozenset[Phase]] = {
    Act.KEYS_ROTATED: OPEN | FINAL,
    Act.PACK_ISSUED: OPEN | FINAL,
    Act.PACK_OPENED: OPEN | FINAL,
    Act.PACK_RETURNED: OPEN | FINAL,
    Act.PACK_DRILLED: OPEN | FINAL,
    Act.SITE_OPENED: RUNNING,
    Act.SITE_CLOSED: OPEN,
    Act.ENROLMENT_CLOSED: _ACTIVE,
    Act.TRIAL_TERMINATED: RUNNING,
    Act.PERIOD_LOCKED: NO_MORE_ENROLLED,
    Act.STAGED_EXPORTED: NO_MORE_ENROLLED,
    Act.PARTICIPANT_CONSENTED: _ACTIVE,
    Act.ELIGIBILITY_SIGNED: _ACTIVE,
    Act.SCREEN_FAILED: OPEN,
    Act.RESCREENED: _ACTIVE,
    Act.HARVESTED: _ACTIVE,
    Act.PRODUCT_CLEARED: RUNNING,
    Act.PRODUCT_GO: RUNNING,
    Act.PRODUCT_FAILED: OPEN,
    Act.QUALITY_RECORDED: OPEN,
    Act.QUALITY_ADDED: FINAL,
    Act.RANDOMIZED: RUNNING,
    Act.RANDOMIZED_IN_ERROR: OPEN,
    Act.FACTOR_CORRECTED: OPEN,
    Act.SITE_TRANSFERRED: OPEN,
    Act.INFUSION_BOOKED: RUNNING,
    Act.BOOKING_CANCELLED: OPEN,
    Act.DEVIATION_SIGNED: RUNNING,
    Act.FIT_SIGNED: RUNNING,
    Act.SHEET_OPENED: RUNNING,
    Act.PREPARATION_BEGUN: RUNNING,
    Act.PREPARATION_ENDED: OPEN,
    Act.REPLACEMENT_REQUESTED: RUNNING,
    Act.REPLACEMENT_ANSWERED: RUNNING,
    Act.LABELS_PRINTED: RUNNING,
    Act.KIT_RECEIVED: OPEN,
    Act.KIT_DISPENSED: RUNNING,
    Act.DISPENSATION_UNDONE: OPEN,
    Act.KIT_RETURNED: OPEN,
    Act.KIT_QUARANTINED: OPEN,
    Act.ALERT_ACKNOWLEDGED: OPEN | FINAL,
    Act.QUARANTINE_LIFTED: RUNNING,
    Act.KIT_DAMAGED: OPEN,
    Act.KIT_MISSING: OPEN,
    Act.KIT_FOUND: OPEN,
    Act.KIT_DESTROYED: OPEN,
    Act.STOCK_TAKE_OPENED: OPEN,
    Act.KIT_COUNTED: OPEN,
    Act.STOCK_TAKE_CLOSED: OPEN,
    Act.STOCK_TAKE_SETTLED: OPEN,
    Act.INFUSION_RECORDED: OPEN,
    Act.PERIOD_MISSED: OPEN,
    Act.TREATMENT_STOPPED: OPEN,
    Act.TREATMENT_DECIDED: OPEN,
    Act.CONSENT_WITHDRAWN: OPEN,
    Act.LOST_TO_FOLLOW_UP: OPEN,
    Act.DIED: OPEN,
    Act.COMPLETED: OPEN,
    Act.ASSESSMENT_SIGNED: OPEN,
    Act.ASSESSMENT_CORRECTED: OPEN,
    Act.ASSESSMENT_STRUCK: OPEN,
}
"""The phases that admit an act; the service may ask for more."""

BY_SERVICE = frozenset(
    {
        *(act for act, roles in MAY.items() if not roles),
        # The first accounts of an instance.
        Act.ACCOUNT_CREATED,
        Act.CREDENTIAL_SET,
        Act.ROLE_GRANTED,
        # What the file of intents held while the database could not be written.
        Act.CODE_BREAK_INTENT,
        Act.CODE_BREAK_DISCLOSED,
    }
)
"""Acts that the service enters without a person."""

SIGNED = frozenset(
    {
        Act.DEFINITION_SIGNED,
        Act.KEYS_ROTATED,
        Act.SITE_OPENED,
        Act.TRIAL_TERMINATED,
        Act.PERIOD_LOCKED,
        Act.TRIAL_LOCKED,
        Act.ELIGIBILITY_SIGNED,
        Act.PRODUCT_CLEARED,
        Act.PRODUCT_GO,
        Act.RANDOMIZED,
        Act.DEVIATION_SIGNED,
        Act.FIT_SIGNED,
        Act.DISPENSATION_UNDONE,
        Act.KIT_DESTROYED,
        Act.ASSESSMENT_SIGNED,
        Act.ASSESSMENT_CORRECTED,
        Act.ASSESSMENT_STRUCK,
        Act.QUALITY_ADDED,
        Act.ALERT_ACKNOWLEDGED,
        Act.QUARANTINE_LIFTED,
        Act.CODE_BREAK_INTENT,
        Act.IMPACT_SIGNED,
        Act.TREATMENT_DECIDED,
        Act.BREAK_EXPLAINED,
        Act.REASON_ERASED,
    }
)
"""Acts that need a step-up and leave a signature."""

CODE_BREAKS = frozenset(
    {
        Act.CODE_BREAK_INTENT,
        Act.CODE_BREAK_DISCLOSED,
        Act.CODE_BREAK_DENIED,
        Act.CODE_BREAK_ABORTED,
        Act.TASK_OPENED,
        Act.IMPACT_SIGNED,
        Act.TREATMENT_DECIDED,
        Act.BREAK_EXPLAINED,
        Act.PACK_OPENED,
        Act.PACK_RETURNED,
        Act.PACK_DRILLED,
    }
)
"""Acts around a code break: the site door tells that they happened and never whose they were."""

ABOUT_PEOPLE = frozenset(
    {Act.ACCOUNT_CREATED, Act.ACCOUNT_CLOSED, Act.CREDENTIAL_SET, Act.PASSKEY_ADDED, Act.PASSKEY_REMOVED}
)
"""Acts whose values stay inside: they hold names, addresses, password hashes and names of passkeys."""

NOT_AFTER_PERIOD_LOCK = frozenset(
    {Act.RANDOMIZED, Act.RANDOMIZED_IN_ERROR, Act.FACTOR_CORRECTED, Act.PERIOD_LOCKED}
)
"""Acts that change who or what is compared in period 1, and so may not come after its lock."""

AFTER_LOCK = frozenset(
    {
        Act.KEYS_ROTATED,
        Act.RELEASE_EXPORTED,
        Act.TRIAL_RELEASED,
        Act.CODE_BREAK_INTENT,
        Act.CODE_BREAK_DISCLOSED,
        Act.CODE_BREAK_DENIED,
        Act.CODE_BREAK_ABORTED,
        Act.TASK_OPENED,
        Act.IMPACT_SIGNED,
        Act.BREAK_EXPLAINED,
        Act.QUALITY_ADDED,
        Act.QUALITY_ALERT,
        Act.ALERT_ACKNOWLEDGED,
        Act.PACK_ISSUED,
        Act.PACK_OPENED,
        Act.PACK_RETURNED,
        Act.PACK_DRILLED,
        Act.ALARM_RAISED,
        Act.ALARM_CLEARED,
        Act.REASON_ERASED,
        Act.ACCOUNT_CREATED,
        Act.ACCOUNT_CLOSED,
        Act.CREDENTIAL_SET,
        Act.PASSKEY_ADDED,
        Act.PASSKEY_REMOVED,
        Act.ROLE_GRANTED,
        Act.ROLE_REVOKED,
    }
)
"""Acts that change no data of the trial, or add to them as a dated addendum: they may come after the lock."""


CHECKING_KITS = _of(Role.PHARMACIST, Role.CARE_PROVIDER, Role.INVESTIGATOR)
"""Who may check a kit beside the pharmacist who hands it out."""


def demand(person: Person, act: Act, site: str | None, *, among: frozenset[Role] | None = None) -> Role:
    """The role in which a person may do an act.

    Args:
        person: Who wants to.
        act: What.
        site: Site code that it is about, or None where any of the person's sites will do.
        among: Roles of those that may, where what it is about admits fewer; None for all of them.

    Raises:
        NotAllowed: No role of the person fits.
    """
    may = MAY[act] if among is None else MAY[act] & among
    return people.demand(person, may, site, what=act.doing)
