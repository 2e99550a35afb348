"""Every act that leaves an entry, and the roles that may do it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from randomizer.domain.people import BREAKERS, Role
from randomizer.domain.trial import OPEN, RUNNING, Phase

if TYPE_CHECKING:
    from collections.abc import Mapping


class Act(StrEnum):
    """What happened; the value stands in the entry."""

    ACCOUNT_CREATED = "account created"
    ACCOUNT_CLOSED = "account closed"
    CREDENTIAL_SET = "credential set"
    ROLE_GRANTED = "role granted"
    ROLE_REVOKED = "role revoked"
    INSTANCE_CREATED = "instance created"
    DEFINITION_SIGNED = "definition signed"
    TRIAL_ACTIVATED = "trial activated"
    SITE_OPENED = "site opened"
    SITE_CLOSED = "site closed"
    ENROLMENT_CLOSED = "enrolment closed"
    TRIAL_TERMINATED = "trial terminated"
    TRIAL_LOCKED = "trial locked"
    RELEASE_EXPORTED = "release exported"
    TRIAL_RELEASED = "trial released"
    PARTICIPANT_CONSENTED = "participant consented"
    ELIGIBILITY_SIGNED = "eligibility signed"
    SCREEN_FAILED = "screen failed"
    RESCREENED = "re-screened"
    HARVESTED = "harvested"
    PRODUCT_CLEARED = "product cleared"
    PRODUCT_GO = "product go given"
    PRODUCT_FAILED = "product failed"
    RANDOMIZED = "randomized"
    RANDOMIZED_IN_ERROR = "randomized in error"
    FACTOR_CORRECTED = "factor corrected"
    SITE_TRANSFERRED = "site transferred"
    INFUSION_BOOKED = "infusion booked"
    BOOKING_CANCELLED = "booking cancelled"
    DEVIATION_SIGNED = "deviation signed"
    FIT_SIGNED = "fit for infusion signed"
    PREPARATION_BEGUN = "preparation begun"
    PREPARATION_ENDED = "preparation ended"
    KIT_DISPENSED = "kit dispensed"
    KIT_EXPIRED = "kit expired"
    INFUSION_RECORDED = "infusion recorded"
    PERIOD_MISSED = "period missed"
    TREATMENT_STOPPED = "treatment stopped"
    CONSENT_WITHDRAWN = "consent withdrawn"
    LOST_TO_FOLLOW_UP = "lost to follow-up"
    DIED = "died"
    COMPLETED = "completed"
    CODE_BREAK_INTENT = "code break intent"
    CODE_BREAK_DISCLOSED = "code break disclosed"
    CODE_BREAK_DENIED = "code break denied"
    IMPACT_SIGNED = "impact assessment signed"
    SHEET_OPENED = "preparation sheet opened"
    ALARM_RAISED = "alarm raised"
    ALARM_CLEARED = "alarm cleared"


def _of(*roles: Role) -> frozenset[Role]:
    return frozenset(roles)


_SERVICE = _of()
_CLINICAL = _of(Role.INVESTIGATOR)
_SITE_STAFF = _of(Role.INVESTIGATOR, Role.COORDINATOR)
_MANAGERS = _of(Role.TRIAL_MANAGER)

MAY: Mapping[Act, frozenset[Role]] = {
    Act.ACCOUNT_CREATED: _of(Role.ADMINISTRATOR),
    Act.ACCOUNT_CLOSED: _of(Role.ADMINISTRATOR),
    Act.CREDENTIAL_SET: _of(Role.ADMINISTRATOR),
    Act.ROLE_GRANTED: _of(Role.ADMINISTRATOR),
    Act.ROLE_REVOKED: _of(Role.ADMINISTRATOR),
    Act.INSTANCE_CREATED: _SERVICE,
    Act.DEFINITION_SIGNED: _of(Role.SPONSOR, Role.UNBLINDED_STATISTICIAN),
    Act.TRIAL_ACTIVATED: _of(Role.ADMINISTRATOR),
    Act.SITE_OPENED: _of(Role.SPONSOR),
    Act.SITE_CLOSED: _of(Role.SPONSOR),
    Act.ENROLMENT_CLOSED: _of(Role.TRIAL_MANAGER, Role.SPONSOR),
    Act.TRIAL_TERMINATED: _of(Role.SPONSOR),
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
    Act.KIT_DISPENSED: _of(Role.PHARMACIST),
    Act.KIT_EXPIRED: _SERVICE,
    Act.INFUSION_RECORDED: _of(Role.CARE_PROVIDER, Role.INVESTIGATOR),
    Act.PERIOD_MISSED: _CLINICAL,
    Act.TREATMENT_STOPPED: _CLINICAL,
    Act.CONSENT_WITHDRAWN: _CLINICAL,
    Act.LOST_TO_FOLLOW_UP: _CLINICAL,
    Act.DIED: _CLINICAL,
    Act.COMPLETED: _CLINICAL,
    Act.CODE_BREAK_INTENT: BREAKERS,
    Act.CODE_BREAK_DISCLOSED: BREAKERS,
    Act.CODE_BREAK_DENIED: _SERVICE,
    Act.IMPACT_SIGNED: _of(Role.INVESTIGATOR, Role.SAFETY_PHYSICIAN),
    Act.SHEET_OPENED: _of(Role.PREPARER),
    Act.ALARM_RAISED: _SERVICE,
    Act.ALARM_CLEARED: _of(Role.TRIAL_MANAGER),
}
"""Who may do each act; an act for nobody is one of the service itself."""

_ACTIVE = frozenset({Phase.ACTIVE})

DURING: Mapping[Act, tuple[str, frozenset[Phase]]] = {
    Act.SITE_OPENED: ("Opening a site", RUNNING),
    Act.SITE_CLOSED: ("Closing a site", OPEN),
    Act.ENROLMENT_CLOSED: ("Closing enrolment", _ACTIVE),
    Act.TRIAL_TERMINATED: ("Terminating", RUNNING),
    Act.PARTICIPANT_CONSENTED: ("Enrolling a participant", _ACTIVE),
    Act.ELIGIBILITY_SIGNED: ("Signing eligibility", _ACTIVE),
    Act.SCREEN_FAILED: ("Recording a screen failure", OPEN),
    Act.RESCREENED: ("Screening again", _ACTIVE),
    Act.HARVESTED: ("Harvesting", _ACTIVE),
    Act.PRODUCT_CLEARED: ("Clearing a product", RUNNING),
    Act.PRODUCT_GO: ("Giving the go", RUNNING),
    Act.PRODUCT_FAILED: ("Failing a product", OPEN),
    Act.RANDOMIZED: ("Randomizing", RUNNING),
    Act.RANDOMIZED_IN_ERROR: ("Stating an error", OPEN),
    Act.FACTOR_CORRECTED: ("Correcting a factor", OPEN),
    Act.SITE_TRANSFERRED: ("A site transfer", OPEN),
    Act.INFUSION_BOOKED: ("Booking an infusion", RUNNING),
    Act.BOOKING_CANCELLED: ("Cancelling a booking", OPEN),
    Act.DEVIATION_SIGNED: ("Signing a deviation", RUNNING),
    Act.FIT_SIGNED: ("Signing fit for infusion", RUNNING),
    Act.SHEET_OPENED: ("Preparing", RUNNING),
    Act.PREPARATION_BEGUN: ("Preparing", RUNNING),
    Act.PREPARATION_ENDED: ("Ending a preparation", OPEN),
    Act.KIT_DISPENSED: ("Dispensing", RUNNING),
    Act.INFUSION_RECORDED: ("Recording an infusion", OPEN),
    Act.PERIOD_MISSED: ("Recording a missed period", OPEN),
    Act.TREATMENT_STOPPED: ("Ending treatment", OPEN),
    Act.CONSENT_WITHDRAWN: ("Ending treatment", OPEN),
    Act.LOST_TO_FOLLOW_UP: ("Ending treatment", OPEN),
    Act.DIED: ("Ending treatment", OPEN),
    Act.COMPLETED: ("Completing a participant", OPEN),
}
"""An act in the words of a refusal, and the phases that admit it; the service may ask for more."""

SIGNED = frozenset(
    {
        Act.DEFINITION_SIGNED,
        Act.SITE_OPENED,
        Act.TRIAL_TERMINATED,
        Act.TRIAL_LOCKED,
        Act.ELIGIBILITY_SIGNED,
        Act.PRODUCT_CLEARED,
        Act.PRODUCT_GO,
        Act.RANDOMIZED,
        Act.DEVIATION_SIGNED,
        Act.FIT_SIGNED,
        Act.CODE_BREAK_INTENT,
        Act.IMPACT_SIGNED,
    }
)
"""Acts that need a step-up and leave a signature."""

CODE_BREAKS = frozenset(
    {Act.CODE_BREAK_INTENT, Act.CODE_BREAK_DISCLOSED, Act.CODE_BREAK_DENIED, Act.IMPACT_SIGNED}
)
"""Acts around a code break: the site door tells that they happened and never whose they were."""

AFTER_LOCK = frozenset(
    {
        Act.RELEASE_EXPORTED,
        Act.TRIAL_RELEASED,
        Act.CODE_BREAK_INTENT,
        Act.CODE_BREAK_DISCLOSED,
        Act.CODE_BREAK_DENIED,
        Act.IMPACT_SIGNED,
        Act.ALARM_RAISED,
        Act.ALARM_CLEARED,
        Act.ACCOUNT_CREATED,
        Act.ACCOUNT_CLOSED,
        Act.CREDENTIAL_SET,
        Act.ROLE_GRANTED,
        Act.ROLE_REVOKED,
    }
)
"""Acts that change no data of the trial, and so may come after the lock."""
