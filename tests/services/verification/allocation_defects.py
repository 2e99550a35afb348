"""Records with exactly one defect in allocations, dispensations, code breaks, or the tables made of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.services.verification.defects import caught_by

if TYPE_CHECKING:
    from tests.services.verification.forging import Forged

ASSESSED = "blinded assessment signed"


@caught_by("allocations.one-slot-each")
def randomization_without_an_allocation(forged: Forged) -> None:
    number = forged.last_randomization()
    content = forged.values[number][1]
    content["rows"] = [row for row in content["rows"] if row["kind"] != "Allocation"]
    forged.write_trail()


@caught_by("allocations.one-slot-each", "allocations.in-order-without-gaps")
def slot_of_two_participants(forged: Forged) -> None:
    number = forged.last_randomization()
    taken = forged.row(forged.numbers("randomized")[0], "Allocation")["new"]
    forged.row(number, "Allocation")["new"].update(
        {name: taken[name] for name in ("slot", "ordinal", "randomization_number")}
    )
    forged.write_trail()


@caught_by("allocations.right-slot")
def allocation_with_another_randomization_number(forged: Forged) -> None:
    number = forged.numbers("randomized")[0]
    forged.row(number, "Allocation")["new"]["randomization_number"] = forged.rows[11]["randomization_number"]
    forged.write_trail()


@caught_by("allocations.in-order-without-gaps", "kits.right-kit", "preparations.right-content")
def participant_mapped_to_another_slot(forged: Forged) -> None:
    _map(forged, forged.row(forged.numbers("randomized")[2], "Allocation"), 7)
    forged.write_trail()


@caught_by("allocations.in-order-without-gaps")
def slot_skipped(forged: Forged) -> None:
    number = forged.last_randomization()
    allocation = forged.row(number, "Allocation")
    _map(forged, allocation, allocation["new"]["slot"] + 1)
    forged.write_trail()


@caught_by("allocations.right-stratum")
def participant_in_the_wrong_stratum(forged: Forged) -> None:
    number = forged.entries[forged.last_randomization()]["participant"]
    for _, content in forged.values.values():
        for row in content["rows"]:
            if row["kind"] == "Participant" and row["key"] == [number]:
                for part in (row["new"], row.get("old", {})):
                    part.update({"levels": "course=progressive"} if part.get("levels") else {})
    forged.write_trail()


@caught_by("kits.right-kit", "preparations.right-content")
def kit_of_another_slot_dispensed(forged: Forged) -> None:
    _exchange(forged, forged.rows[11]["kits"][0][0])


@caught_by("kits.right-kit", "preparations.right-content")
def kit_of_the_other_period_dispensed(forged: Forged) -> None:
    number = forged.numbers("kit dispensed")[0]
    slot = forged.row(number, "Kit")["new"]["slot"]
    handed_out = {forged.row(entry, "Kit")["key"][0] for entry in forged.numbers("kit dispensed")}
    _exchange(forged, next(kit for kit in forged.rows[slot]["kits"][1] if kit not in handed_out))


@caught_by("kits.right-kit", "preparations.right-content")
def kit_that_does_not_exist_dispensed(forged: Forged) -> None:
    _exchange(forged, "123456789")


@caught_by("values.history", "kits.right-kit")
def kit_dispensed_before_it_was_ready(forged: Forged) -> None:
    forged.row(forged.numbers("kit dispensed")[0], "Kit")["old"]["state"] = "reserved"
    forged.write_trail()


@caught_by("values.history", "kits.right-kit")
def kit_taken_back_that_was_not_out(forged: Forged) -> None:
    forged.row(forged.numbers("dispensation undone")[0], "Kit")["old"]["state"] = "ready"
    forged.write_trail()


@caught_by("kits.periods-in-order")
def second_period_before_the_first_was_closed(forged: Forged) -> None:
    forged.row(forged.numbers("infusion recorded")[0], "PeriodRecord")["new"]["outcome"] = None
    forged.write_trail()


@caught_by("code-breaks.disclosure-of-its-intent")
def disclosure_dated_before_its_intent(forged: Forged) -> None:
    forged.row(forged.numbers("code break disclosed")[0], "CodeBreak")["new"]["disclosed_at"] = (
        "2027-01-04T08:00:00.000000Z"
    )
    forged.write_trail()


@caught_by("code-breaks.disclosure-of-its-intent")
def code_break_of_another_account(forged: Forged) -> None:
    intent, disclosed = forged.numbers("code break intent")[0], forged.numbers("code break disclosed")[0]
    forged.row(intent, "CodeBreak")["new"]["account"] = 1
    forged.row(disclosed, "CodeBreak")["new"]["account"] = 1
    forged.write_trail()


def for_production(forged: Forged) -> None:
    """The same trial, sealed and carried out as no rehearsal."""
    forged.certificate |= {"kind": "production", "rehearsal": ""}
    for _, content in forged.values.values():
        for row in content["rows"]:
            if row["kind"] == "Trial":
                row["new"]["kind"] = "production"
    unblinded = forged.unblinded()
    unblinded["value"]["rehearsal_only"] = False
    forged.write_unblinded(unblinded)


@caught_by("packs.issued-before-allocation")
def pack_without_the_stratum(forged: Forged) -> None:
    [issued] = forged.numbers("emergency pack issued")
    forged.details(issued)["strata"] = ["REL"]
    for_production(forged)


@caught_by("packs.issued-before-allocation")
def pack_that_came_back_before(forged: Forged) -> None:
    [opened] = forged.numbers("emergency drill")
    forged.entries[opened]["act"] = "emergency pack returned"
    forged.details(opened)["whole"] = True
    for_production(forged)


@caught_by("tables.csv-agree")
def treatments_of_a_line_swapped(forged: Forged) -> None:
    path = forged.release / "allocation.csv"
    lines = path.read_text().split("\n")
    cells = lines[1].split(",")
    cells[-2], cells[-1] = cells[-1], cells[-2]
    path.write_text("\n".join([lines[0], ",".join(cells), *lines[2:]]))


@caught_by("tables.csv-agree")
def line_left_out(forged: Forged) -> None:
    path = forged.release / "dispensation.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))


@caught_by("tables.csv-agree")
def line_added(forged: Forged) -> None:
    path = forged.release / "deviations.csv"
    path.write_text(path.read_text() + "3,10019,0,randomized in error,2027-01-04T08:00:00.000000Z\n")


@caught_by("tables.csv-agree")
def code_break_left_out(forged: Forged) -> None:
    path = forged.release / "code_breaks.csv"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([lines[0], *lines[2:]]))


@caught_by("tables.csv-agree")
def ending_changed(forged: Forged) -> None:
    path = forged.release / "participants.csv"
    path.write_text(path.read_text().replace(",died,", ",lost to follow-up,"))


@caught_by("tables.csv-agree")
def donation_left_out(forged: Forged) -> None:
    path = forged.release / "products.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))


def _exchange(forged: Forged, kit: str) -> None:
    """Tell that another kit was readied, dispensed and given in the place of the first one."""
    old = forged.row(forged.numbers("kit dispensed")[0], "Kit")["new"]["number"]
    forged.values = {
        number: (salt, json.loads(json.dumps(content).replace(f'"{old}"', f'"{kit}"')))
        for number, (salt, content) in forged.values.items()
    }
    forged.write_trail()


def _map(forged: Forged, allocation: dict[str, Any], slot: int) -> None:
    row = forged.rows[slot]
    allocation["new"].update(
        slot=slot, ordinal=row["ordinal"], randomization_number=row["randomization_number"]
    )


@caught_by("assessments.blind")
def assessment_by_a_colleague_who_was_shown_the_answer(forged: Forged) -> None:
    number = forged.numbers(ASSESSED)[0]
    told = forged.entries[number]["participant"]
    [shown] = [
        one
        for one in forged.numbers("code break disclosed")
        if forged.entries[one]["participant"] == told and forged.entries[one]["role"] == "investigator"
    ]
    forged.entries[number].update(actor=forged.entries[shown]["actor"], role="investigator")
    forged.row(number, "Signature")["new"]["account"] = forged.entries[shown]["actor"]
    forged.write_trail()


@caught_by("assessments.blind")
def assessment_by_whoever_opened_the_emergency_pack(forged: Forged) -> None:
    number = forged.numbers(ASSESSED)[-1]
    opened = forged.numbers("emergency pack opened")[0]
    forged.details(opened)["opener"] = forged.entries[number]["actor"]
    forged.write_trail()


def _late(forged: Forged, act: str) -> tuple[int, int]:
    """An entry about somebody whose blinded assessment was signed before it, and that of the assessment."""
    signed = {forged.entries[one]["participant"]: one for one in forged.numbers(ASSESSED)[::-1]}
    number = forged.numbers(act)[-1]
    return number, signed[forged.entries[number]["participant"]]


@caught_by("assessments.blind")
def assessment_between_a_disclosure_and_its_late_entry(forged: Forged) -> None:
    _, between = _late(forged, "site transferred")
    shown_meanwhile(forged, between)
    forged.write_trail()


def shown_meanwhile(forged: Forged, between: int) -> None:
    """Let the answer that was entered after a blinded assessment have been shown before, to who signed it."""
    about = forged.entries[between]["participant"]
    [intent] = [
        one
        for one in forged.numbers("code break intent")
        if one > between and forged.entries[one]["participant"] == about
    ]
    forged.row(intent, "Telling")["new"]["reader"] = forged.entries[between]["actor"]


@caught_by("assessments.blind")
def assessment_between_the_opening_of_a_pack_and_its_report(forged: Forged) -> None:
    opened, signed = _late(forged, "emergency pack opened")
    signer = forged.entries[signed]["actor"]
    moment = forged.entries[forged.numbers("trial activated")[0]]["at"]
    forged.details(opened).update(opener=signer, reported_at=moment)
    forged.write_trail()


@caught_by("assessments.blind")
def assessment_in_a_role_that_does_not_sign_it(forged: Forged) -> None:
    number = forged.numbers(ASSESSED)[-1]
    assert forged.entries[number]["role"] == "investigator"
    forged.row(number, "Assessment")["new"]["assessment"] = "MRI"
    forged.write_trail()


@caught_by("assessments.blind")
def correction_from_an_assessment_that_the_role_does_not_sign(forged: Forged) -> None:
    corrected = forged.numbers("blinded assessment corrected")[0]
    forged.entries[corrected]["role"] = "investigator"
    forged.row(forged.numbers(ASSESSED)[0], "Assessment")["new"]["assessment"] = "MRI"
    forged.row(corrected, "Assessment")["old"]["assessment"] = "MRI"
    forged.write_trail()


@caught_by("assessments.blind")
def correction_by_somebody_who_was_shown_the_answer(forged: Forged) -> None:
    corrected = forged.numbers("blinded assessment corrected")[0]
    about = forged.entries[corrected]["participant"]
    told = [one for one in forged.numbers("code break disclosed") if one < corrected]
    [shown] = [
        one
        for one in told
        if (forged.entries[one]["participant"], forged.entries[one]["role"]) == (about, "investigator")
    ]
    actor = forged.entries[shown]["actor"]
    forged.entries[corrected].update(actor=actor, role="investigator")
    forged.row(corrected, "Signature")["new"]["account"] = actor
    forged.write_trail()


@caught_by("assessments.blind")
def correction_that_changes_nothing(forged: Forged) -> None:
    row = forged.row(forged.numbers("blinded assessment corrected")[0], "Assessment")
    row["new"]["time_point"] = row["old"]["time_point"]
    forged.write_trail()


@caught_by("assessments.blind")
def assessment_that_was_signed_as_struck_out(forged: Forged) -> None:
    forged.row(forged.numbers(ASSESSED)[-1], "Assessment")["new"]["struck"] = True
    forged.write_trail()


@caught_by("assessments.blind")
def assessment_struck_out_and_corrected_at_once(forged: Forged) -> None:
    row = forged.row(forged.numbers("blinded assessment struck out")[0], "Assessment")
    row["old"]["time_point"], row["new"]["time_point"] = row["new"]["time_point"], "unscheduled"
    forged.write_trail()


@caught_by("assessments.blind")
def assessment_of_a_time_point_that_nobody_declared(forged: Forged) -> None:
    number = forged.numbers(ASSESSED)[-1]
    forged.row(number, "Assessment")["new"]["time_point"] = "week 12"
    forged.write_trail()


@caught_by("assessments.blind")
def assessment_without_its_record(forged: Forged) -> None:
    content = forged.values[forged.numbers(ASSESSED)[-1]][1]
    content["rows"] = [row for row in content["rows"] if row["kind"] != "Assessment"]
    forged.write_trail()
