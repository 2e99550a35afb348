"""A code-break host for tests, and the acts that bring a participant to where a code is broken."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from keys import hpke, shares
from keys.hpke import Identity
from keys.quorum import RELEASE, recipient_info, release_info
from randomizer.domain.participants import Participant
from randomizer.domain.people import Role
from randomizer.domain.quality import Lot, Result
from randomizer.domain.records import TaskKind
from randomizer.domain.sealed_texts import Preparation
from randomizer.domain.supply import Arrival, Outcome
from randomizer.domain.trial import Allocation
from randomizer.services import afterwards, impact
from randomizer.services.care import (
    alerts,
    allocation,
    booking,
    dispensing,
    enrolment,
    infusions,
    products,
    receipts,
)
from randomizer.services.care.enrolment import Answers
from randomizer.services.founding import key_installation
from randomizer.services.sealed import release_content
from randomizer.services.unblinded import clearance, preparation, quality, sheets
from randomizer.services.unblinded.desk import open_desk
from tests.activated import FIT, SITE, K, answers

if TYPE_CHECKING:
    from pathlib import Path

    from randomizer.services.unblinded.desk import Desk
    from randomizer.services.unblinded.sheets import Sheet
    from tests.activated import Instance, Rehearsal

OF_A_CODE_BREAK = {TaskKind.IMPACT_ASSESSMENT, TaskKind.TREATMENT_DECISION, TaskKind.EXPLANATION}
LOT = Lot(number="L-1", cell_count="1.5e8", viability="91 %", form="cryopreserved")
PASSED = {"identity": Result.PASSED, "viability": Result.PASSED, "endotoxin": Result.PASSED}
"""Every result that is needed before clearance."""
INSTALLED: dict[tuple[Path, str], dict[str, bytes]] = {}
"""What an installation leaves on the host, by the bundle and its digest."""


def set_up_desk(instance: Instance, rehearsal: Rehearsal, directory: Path) -> Desk:
    """Keys and pins of the rehearsal on a host of their own, installed once and then copied."""
    directory.mkdir(mode=0o700)
    bundle = rehearsal.directory, rehearsal.digest
    if bundle not in INSTALLED:
        rehearsal.transport.save(directory / "transport.key")
        key_installation.install(
            rehearsal.bundle, directory, key=rehearsal.key, pinned_digest=rehearsal.digest
        )
        INSTALLED[bundle] = {path.name: path.read_bytes() for path in directory.iterdir()}
    for name, content in INSTALLED[bundle].items():
        (directory / name).touch(mode=0o600)
        (directory / name).write_bytes(content)
    return open_desk(instance.store, directory)


def harvested(instance: Instance, course: str = "relapsing") -> str:
    """A participant whose product waits for clearance."""
    number = instance.act(enrolment.consent, Role.INVESTIGATOR, SITE).number
    given = Answers(items=answers(instance.definition), levels={"course": course})
    instance.sign(enrolment.sign_eligibility, Role.INVESTIGATOR, number, given)
    instance.act(products.harvest, Role.COORDINATOR, number, identifier=f"D{number}", again=f"D{number}")
    return number


def randomized(instance: Instance, desk: Desk, course: str = "relapsing") -> str:
    """A randomized participant."""
    number = harvested(instance, course)
    clear(instance, desk, number)
    instance.sign(products.give_go, Role.SPONSOR, number)
    instance.sign(allocation.randomize, Role.INVESTIGATOR, number)
    return number


def clear(instance: Instance, desk: Desk, number: str) -> None:
    """The clearing person records a lot with its results and clears the product; sterility is pending."""
    person, step_up = instance.person(Role.CLEARER), instance.step_up(Role.CLEARER)
    with instance.store.writing() as uow:
        quality.record_lot(uow, desk, person, number, lot=LOT, results=PASSED)
        clearance.clear(uow, desk, person, step_up, number)


def booked(instance: Instance, number: str) -> None:
    """The next infusion is booked, fit-for-infusion signed, and its time has come."""
    hours = instance.definition.kits.lead_time_hours
    booked_for = instance.clock() + timedelta(hours=hours, minutes=5)
    instance.act(booking.book, Role.COORDINATOR, number, booked_for)
    instance.clock.advance(hours=hours)
    instance.sign(booking.sign_fit, Role.INVESTIGATOR, number, FIT)


def prepared(instance: Instance, desk: Desk, number: str) -> Sheet:
    """The kit is ready."""
    person = instance.person(Role.PREPARER)
    sheet = sheets.open_sheet(desk, person, number)
    instance.act(preparation.begin, Role.PREPARER, number)
    with instance.store.writing() as uow:
        noted = Preparation(content=sheet.treatment, lot="L-1", thaw="2 min at 37 °C")
        preparation.end(uow, desk, person, number, ready=True, kit=sheet.kit, noted=noted)
    return sheet


def ready_together(instance: Instance, desk: Desk, count: int) -> dict[str, str]:
    """Participants with a kit that is ready at the same time, by number."""
    numbers = [randomized(instance, desk) for _ in range(count)]
    hours = instance.definition.kits.lead_time_hours
    booked_for = instance.clock() + timedelta(hours=hours, minutes=5)
    for number in numbers:
        instance.act(booking.book, Role.COORDINATOR, number, booked_for)
    instance.clock.advance(hours=hours)
    for number in numbers:
        instance.sign(booking.sign_fit, Role.INVESTIGATOR, number, FIT)
    return {number: prepared(instance, desk, number).kit for number in numbers}


def dispensed(instance: Instance, desk: Desk, number: str) -> Sheet:
    """The kit is handed out."""
    booked(instance, number)
    sheet = prepared(instance, desk, number)
    if instance.definition.kits.travel:
        instance.act(receipts.receive, Role.PHARMACIST, number, sheet.kit, arrival=Arrival.SOUND)
    second = instance.step_up(Role.CARE_PROVIDER) if instance.definition.kits.second_person else None
    instance.act(dispensing.dispense, Role.PHARMACIST, number, sheet.kit, second=second)
    return sheet


def infused(instance: Instance, desk: Desk, number: str) -> Sheet:
    """The infusion is given."""
    sheet = dispensed(instance, desk, number)
    instance.clock.advance(seconds=60)
    instance.act(
        infusions.record,
        Role.CARE_PROVIDER,
        number,
        outcome=Outcome.GIVEN,
        given_at=instance.clock(),
    )
    return sheet


def wait_for_the_next_period(instance: Instance) -> None:
    """The interval passes."""
    instance.clock.advance(days=instance.definition.periods[1].interval_days)


def settle(instance: Instance, why: str) -> None:
    """Everything that code breaks and quality alerts ask for is signed; treatment goes on."""
    with instance.store.reading() as uow:
        tasks = [(one, uow.get(Participant, one.participant).site) for one in impact.open_tasks(uow)]
        since = impact.assessed_since(uow, *(task for task, _ in tasks))
    for task, site in tasks:
        if task.kind is TaskKind.IMPACT_ASSESSMENT:
            listed = [one.entry for one in since[task.number]]
            instance.sign(impact.sign_impact, Role.SAFETY_PHYSICIAN, task.number, why, listed=listed)
        elif task.kind is TaskKind.QUALITY_ALERT:
            instance.sign(alerts.acknowledge, Role.INVESTIGATOR, task.number, site=site)
        elif task.kind is TaskKind.TREATMENT_DECISION:
            choice = {"treatment": afterwards.GOES_ON, "why": why}
            instance.sign(afterwards.decide, Role.INVESTIGATOR, task.number, site=site, **choice)
        else:
            instance.sign(afterwards.explain, Role.INVESTIGATOR, task.number, why, site=site)


def opened_release(rehearsal: Rehearsal) -> bytes:
    """What a quorum of custodians would open."""
    secret = shares.combine(
        list(rehearsal.release_shares[:K]), tuple(rehearsal.plan.release.share_digests), K
    )
    return hpke.open_sealed(Identity(secret), rehearsal.bundle.read("release.sealed"), release_info(RELEASE))


def copy_for(rehearsal: Rehearsal, recipient: str) -> bytes:
    """The release as combined for a recipient."""
    public = rehearsal.recipients[recipient].public
    return hpke.seal(public, opened_release(rehearsal), recipient_info(RELEASE))


def published(instance: Instance, rehearsal: Rehearsal, directory: Path) -> Path:
    """``public`` of the instance, as activation and the jobs process leave it."""
    (directory / "commitments").mkdir(parents=True)
    for note in (rehearsal.directory / "commitments").glob("*.note"):
        (directory / "commitments" / note.name).write_bytes(note.read_bytes())
    (directory / "log.vkey").write_text(f"{instance.log.verifier.encode()}\n")
    return directory


def plan_of(instance: Instance, rehearsal: Rehearsal, number: str) -> tuple[str, ...]:
    """Names of the treatments of a participant, as the release says; a test's own way to know."""
    content = release_content.decode_release(opened_release(rehearsal))
    sequences = {one.code: one.treatments for one in content.unblinded.sequences}
    with instance.store.reading() as uow:
        slot = uow.get(Allocation, number).slot
    return tuple(instance.definition.treatment(code).name for code in sequences[content.slots[slot]])
