"""A quality result that arrives after the lock: a dated, signed addendum, and its alert for whoever must act.

What stood at the lock stays as it was; the result stands behind it. A contaminated product that was given is
a matter of the participant's safety, lock or no lock.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from randomizer.domain.acts import Act
from randomizer.domain.quality import Result
from randomizer.services import acting, trail
from randomizer.services.signatures import StepUp, sign
from randomizer.services.unblinded import quality

if TYPE_CHECKING:
    from randomizer.domain.people import Person
    from randomizer.domain.supply import Product
    from randomizer.services.unblinded.desk import Desk
    from randomizer.store.work import UnitOfWork

ADDED_MEANING = "I add this quality result after the lock; it changes nothing that stood at the lock."


def add_result(
    uow: UnitOfWork,
    desk: Desk,
    person: Person,
    step_up: StepUp,
    number: str,
    *,
    subject: str,
    test: str,
    result: Result,
    corrects: bool = False,
) -> Product:
    """Add a quality result after the lock; one that failed opens a task for each kit that was handed out.

    Args:
        uow: The unit of work.
        desk: Keys; the result is sealed.
        person: A clearing person.
        step_up: Their re-authentication.
        number: Participant number.
        subject: Number of the lot or of the kit.
        test: Code of the test.
        result: Passed or failed.
        corrects: Whether it passed after all, and the failed result that stands was wrong.

    Raises:
        Refused: The trial is not locked, or as `quality.record_result`.
        StepUpRefused: The re-authentication does not count.
    """
    _, definition = acting.in_trial(uow, Act.QUALITY_ADDED)
    participant = acting.on_participant(uow, person, Act.QUALITY_ADDED, number)
    product = quality.demand_new(
        uow, desk, definition, number, subject=subject, test=test, result=result, corrects=corrects
    )
    with trail.act(uow, Act.QUALITY_ADDED, person, site=participant.site, participant=number) as act:
        changed = quality.add(act, desk, product, subject=subject, test=test, result=result)
        values = {
            "participant": number,
            "donation": product.donation,
            "details": hashlib.sha256(changed.details).hexdigest(),
        }
        act.note(addendum=True)
        sign(act, step_up, meaning=ADDED_MEANING, about=f"participant {number}", values=values)
    if result is Result.FAILED:
        quality.alert(uow, desk, definition, changed, subject=subject, test=test)
    return changed
