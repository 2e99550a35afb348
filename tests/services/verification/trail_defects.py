"""Records with exactly one defect in the trail: entries, checkpoints, values and the tables made of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from keys import certificate, checkpoint
from keys.checkpoint import Checkpoint
from keys.notes import NoteKey
from tests.activated import entropy_of
from tests.services.verification.defects import caught_by

if TYPE_CHECKING:
    from tests.services.verification.forging import Forged

# --- the tree ---


@caught_by("entries.root")
def newest_entry_changed(forged: Forged) -> None:
    _rewrite(forged, -1, site="TLS")


@caught_by("entries.root", "checkpoints.consistency")
def early_entry_changed(forged: Forged) -> None:
    number = forged.numbers("site opened")[0]
    _rewrite(forged, number, site="EX2")


@caught_by("entries.root", "values.digests")
def digest_of_an_entry_changed(forged: Forged) -> None:
    _rewrite(forged, -1, digest="ab" * 32)


@caught_by("entries.root")
def trail_truncated(forged: Forged) -> None:
    size = forged.sizes[-1]
    forged.entries.pop()
    forged.values.pop(size - 1)
    lines = (forged.public / "entries.jsonl").read_bytes().splitlines(keepends=True)
    (forged.public / "entries.jsonl").write_bytes(b"".join(lines[:-1]))
    forged.write_values()


@caught_by("entries.root")
def entries_beyond_the_newest_checkpoint(forged: Forged) -> None:
    (forged.public / "checkpoints" / f"{forged.sizes[-1]}.note").unlink()


@caught_by("checkpoints.consistency")
def forked_checkpoint_with_the_real_key(forged: Forged) -> None:
    head = Checkpoint(forged.log.name, 70, bytes(32))
    (forged.public / "checkpoints" / "70.note").write_bytes(checkpoint.sign(head, forged.log))


@caught_by("checkpoints.signatures")
def checkpoint_signed_by_somebody_else(forged: Forged) -> None:
    size = forged.sizes[1]
    path = forged.public / "checkpoints" / f"{size}.note"
    lines = path.read_text().split("\n")
    head = Checkpoint.parse("\n".join([*lines[:3], ""]))
    path.write_bytes(checkpoint.sign(head, NoteKey.generate(forged.log.name, entropy_of("somebody else"))))


@caught_by("checkpoints.signatures", "checkpoints.consistency")
def checkpoint_under_another_size(forged: Forged) -> None:
    size = forged.sizes[2]
    directory = forged.public / "checkpoints"
    (directory / f"{size}.note").rename(directory / f"{size + 1}.note")


@caught_by("entries.numbering", "values.digests")
def two_entries_reordered(forged: Forged) -> None:
    number = forged.numbers("site opened")[0]
    entries = forged.entries
    entries[number], entries[number + 1] = entries[number + 1], entries[number]
    forged.write_entries()


@caught_by("values.history")
def two_entries_reordered_and_numbered_anew(forged: Forged) -> None:
    booked, fit = forged.numbers("infusion booked")[0], forged.numbers("fit for infusion signed")[0]
    order = list(range(len(forged.entries)))
    order[booked], order[fit] = order[fit], order[booked]
    forged.entries = [forged.entries[number] for number in order]
    forged.renumber(order)
    forged.write_trail()


@caught_by("entries.roles")
def act_in_a_role_that_may_not(forged: Forged) -> None:
    forged.entries[forged.numbers("kit dispensed")[0]]["role"] = "monitor"
    forged.write_entries()


@caught_by("entries.roles")
def act_that_does_not_exist(forged: Forged) -> None:
    forged.entries[forged.numbers("site opened")[0]]["act"] = "site blessed"
    forged.write_entries()


@caught_by("entries.subjects")
def act_at_a_site_that_does_not_exist(forged: Forged) -> None:
    forged.entries[forged.numbers("site opened")[0]]["site"] = "XXX"
    forged.write_entries()


@caught_by("entries.subjects", public_only=True)
def participant_number_with_a_wrong_check_digit(forged: Forged) -> None:
    entry = forged.entries[forged.numbers("harvested")[0]]
    entry["participant"] = entry["participant"][:-1] + str((int(entry["participant"][-1]) + 1) % 10)
    forged.write_entries()


# --- the order of events ---


@caught_by("order.definition-signed-before-activation")
def definition_not_signed_by_the_sponsor(forged: Forged) -> None:
    forged.entries[forged.numbers("definition signed")[0]]["act"] = "site opened"
    forged.write_entries()


@caught_by("order.activated-once")
def activated_a_second_time(forged: Forged) -> None:
    number = forged.numbers("site opened")[0]
    forged.entries[number].update(act="trial activated", role="administrator")
    forged.write_entries()


@caught_by("order.sealed-before-first-allocation")
def no_checkpoint_before_the_first_allocation(forged: Forged) -> None:
    first = forged.numbers("randomized")[0]
    for size in forged.sizes:
        if size <= first:
            (forged.public / "checkpoints" / f"{size}.note").unlink()


@caught_by("order.sealed-before-first-allocation")
def sealed_after_the_first_allocation(forged: Forged) -> None:
    forged.certificate["sealed_at"] = "2027-06-01T08:00:00Z"
    forged.write_certificate()


@caught_by("randomizations.once", public_only=True)
def participant_randomized_twice(forged: Forged) -> None:
    first = forged.entries[forged.numbers("randomized")[0]]
    forged.entries[_last(forged)]["participant"] = first["participant"]
    forged.write_entries()


@caught_by("dispensations.after-randomization", public_only=True)
def kit_for_somebody_who_was_not_randomized(forged: Forged) -> None:
    failed = forged.entries[forged.numbers("screen failed")[0]]["participant"]
    forged.entries[forged.numbers("kit dispensed")[0]]["participant"] = failed
    forged.write_entries()


@caught_by("dispensations.after-randomization", public_only=True)
def more_kits_than_periods(forged: Forged) -> None:
    for number in forged.numbers("kit dispensed"):
        forged.entries[number]["participant"] = forged.entries[forged.numbers("randomized")[0]]["participant"]
    forged.write_entries()


@caught_by("code-breaks.intent-before-disclosure", public_only=True)
def disclosure_without_an_intent(forged: Forged) -> None:
    number = forged.numbers("code break intent")[0]
    forged.entries[number].update(act="code break denied", actor=0, role="")
    forged.write_entries()


@caught_by("lock.no-data-act-after")
def data_act_after_the_lock(forged: Forged) -> None:
    values = {"details": {}, "rows": [], "why_digest": "00" * 32}
    number = len(forged.entries)
    last = forged.entries[forged.numbers("died")[0]]
    forged.entries.append(last | {"number": number})
    forged.values[number] = ("66" * 32, values)
    forged.write_trail()


# --- values ---


@caught_by("values.digests")
def values_changed(forged: Forged) -> None:
    forged.values[forged.numbers("release exported")[0]][1]["why_digest"] = "77" * 32
    forged.write_values()


@caught_by("values.digests")
def salt_of_values_changed(forged: Forged) -> None:
    number = forged.numbers("release exported")[0]
    forged.values[number] = ("88" * 32, forged.values[number][1])
    forged.write_values()


@caught_by("values.digests")
def values_missing(forged: Forged) -> None:
    del forged.values[forged.numbers("release exported")[0]]
    forged.write_values()


@caught_by("values.digests")
def values_beyond_the_entries(forged: Forged) -> None:
    forged.values[len(forged.entries)] = ("99" * 32, {"details": {}, "rows": [], "why_digest": "00" * 32})
    forged.write_values()


@caught_by("values.history")
def record_that_jumps(forged: Forged) -> None:
    forged.row(forged.numbers("kit dispensed")[0], "PeriodRecord")["old"]["dispensed_at"] = (
        "2027-01-04T08:00:00.000000Z"
    )
    forged.write_trail()


@caught_by("values.history")
def record_without_the_number_of_its_entry(forged: Forged) -> None:
    number = forged.numbers("trial released")[0]
    forged.row(number, "Trial")["new"]["entry"] = number - 1
    forged.write_trail()


@caught_by("values.history")
def kit_that_was_not_as_activated(forged: Forged) -> None:
    forged.row(forged.numbers("preparation ended")[0], "Kit")["old"]["state"] = "destroyed"
    forged.write_trail()


@caught_by("values.certificate")
def activation_with_another_certificate(forged: Forged) -> None:
    forged.details(forged.numbers("trial activated")[0])["certificate_digest"] = "ab" * 32
    forged.write_trail()


@caught_by("values.certificate")
def another_release_exported(forged: Forged) -> None:
    forged.details(forged.numbers("release exported")[0])["release_digest"] = "ab" * 32
    forged.write_trail()


@caught_by("values.certificate")
def second_certificate(forged: Forged) -> None:
    forged.certificate["sealed_at"] = "2026-12-24T08:00:00Z"
    forged.sign_certificate()


@caught_by("values.signatures")
def signature_over_something_else(forged: Forged) -> None:
    forged.details(forged.numbers("site opened")[0])["signed"]["site"] = "EX2"
    forged.write_trail()


@caught_by("values.signatures")
def signature_missing(forged: Forged) -> None:
    number = forged.numbers("site opened")[0]
    content = forged.values[number][1]
    content["rows"] = [row for row in content["rows"] if row["kind"] != "Signature"]
    forged.write_trail()


@caught_by("values.signatures")
def signature_of_another_account(forged: Forged) -> None:
    forged.row(forged.numbers("site opened")[0], "Signature")["new"]["account"] = 2
    forged.write_trail()


@caught_by("values.signatures")
def another_definition_signed(forged: Forged) -> None:
    forged.details(forged.numbers("definition signed")[0])["signed"]["definition_digest"] = "ab" * 32
    forged.sign_signatures()
    forged.write_trail()


@caught_by("values.records")
def record_with_a_field_more(forged: Forged) -> None:
    forged.row(forged.numbers("site opened")[0], "Signature")["new"]["remark"] = "fine"
    forged.write_trail()


@caught_by("values.records")
def record_in_a_state_that_does_not_exist(forged: Forged) -> None:
    number = _last(forged)
    forged.row(number, "Participant")["new"]["state"] = "enrolled"
    forged.write_trail()


@caught_by("values.records")
def signature_dated_otherwise_than_its_act(forged: Forged) -> None:
    forged.row(_last(forged), "Signature")["new"]["signed_at"] = "2027-01-04T08:00:00.000000Z"
    forged.write_trail()


@caught_by("values.records")
def infusion_dated_after_it_was_recorded(forged: Forged) -> None:
    number = forged.numbers("infusion recorded")[-1]
    forged.row(number, "PeriodRecord")["new"]["given_at"] = "2030-01-04T08:00:00.000000Z"
    forged.write_trail()


@caught_by("values.subjects")
def entry_about_another_participant(forged: Forged) -> None:
    number = forged.numbers("fit for infusion signed")[0]
    forged.entries[number]["participant"] = forged.entries[_last(forged)]["participant"]
    forged.write_trail()


@caught_by("values.subjects")
def act_at_another_site(forged: Forged) -> None:
    forged.entries[forged.numbers("fit for infusion signed")[0]]["site"] = "EX1"
    forged.write_trail()


@caught_by("values.subjects")
def act_for_somebody_who_had_not_consented(forged: Forged) -> None:
    forged.details(forged.numbers("participant consented")[-1])["participant"] = "10019"
    forged.write_trail()


# --- allocations ---


@caught_by("allocations.one-slot-each")
def randomization_without_an_allocation(forged: Forged) -> None:
    number = _last(forged)
    content = forged.values[number][1]
    content["rows"] = [row for row in content["rows"] if row["kind"] != "Allocation"]
    forged.write_trail()


@caught_by("allocations.one-slot-each", "allocations.in-order-without-gaps")
def slot_of_two_participants(forged: Forged) -> None:
    number = _last(forged)
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


@caught_by("allocations.in-order-without-gaps", "kits.right-kit")
def participant_mapped_to_another_slot(forged: Forged) -> None:
    _map(forged, forged.row(forged.numbers("randomized")[2], "Allocation"), 7)
    forged.write_trail()


@caught_by("allocations.in-order-without-gaps")
def slot_skipped(forged: Forged) -> None:
    number = _last(forged)
    allocation = forged.row(number, "Allocation")
    _map(forged, allocation, allocation["new"]["slot"] + 1)
    forged.write_trail()


@caught_by("allocations.right-stratum")
def participant_in_the_wrong_stratum(forged: Forged) -> None:
    number = forged.entries[_last(forged)]["participant"]
    for _, content in forged.values.values():
        for row in content["rows"]:
            if row["kind"] == "Participant" and row["key"] == [number]:
                for part in (row["new"], row.get("old", {})):
                    part.update({"levels": "course=progressive"} if part.get("levels") else {})
    forged.write_trail()


@caught_by("kits.right-kit")
def kit_of_another_slot_dispensed(forged: Forged) -> None:
    _exchange(forged, forged.rows[11]["kits"][0][0])


@caught_by("kits.right-kit")
def kit_of_the_other_period_dispensed(forged: Forged) -> None:
    number = forged.numbers("kit dispensed")[0]
    slot = forged.row(number, "Kit")["new"]["slot"]
    _exchange(forged, forged.rows[slot]["kits"][1][1])


@caught_by("kits.right-kit")
def kit_that_does_not_exist_dispensed(forged: Forged) -> None:
    _exchange(forged, "123456789")


@caught_by("values.history", "kits.right-kit")
def kit_dispensed_before_it_was_ready(forged: Forged) -> None:
    forged.row(forged.numbers("kit dispensed")[0], "Kit")["old"]["state"] = "reserved"
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


# --- tables ---


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


def _rewrite(forged: Forged, number: int, **changes: object) -> None:
    """Change an entry in the file alone: no checkpoint is signed anew."""
    path = forged.public / "entries.jsonl"
    lines = path.read_text().splitlines()
    lines[number] = certificate.canonical(json.loads(lines[number]) | changes).decode()
    path.write_text("\n".join([*lines, ""]))


def _last(forged: Forged) -> int:
    """The last randomization; nothing happens to that participant afterwards."""
    return forged.numbers("randomized")[-1]


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
