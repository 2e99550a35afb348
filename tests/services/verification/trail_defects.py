"""Records with exactly one defect in entries and checkpoints."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from keys import certificate, checkpoint
from keys.checkpoint import Checkpoint
from keys.notes import NoteKey
from tests.activated import entropy_of
from tests.services.verification.defects import caught_by

if TYPE_CHECKING:
    from tests.services.verification.forging import Forged


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
    forged.entries[forged.last_randomization()]["participant"] = first["participant"]
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


@caught_by("dispensations.after-randomization", public_only=True)
def kit_taken_back_from_somebody_who_had_none(forged: Forged) -> None:
    failed = forged.entries[forged.numbers("screen failed")[0]]["participant"]
    forged.entries[forged.numbers("dispensation undone")[0]]["participant"] = failed
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


def _rewrite(forged: Forged, number: int, **changes: object) -> None:
    """Change an entry in the file alone: no checkpoint is signed anew."""
    path = forged.public / "entries.jsonl"
    lines = path.read_text().splitlines()
    lines[number] = certificate.canonical(json.loads(lines[number]) | changes).decode()
    path.write_text("\n".join([*lines, ""]))
