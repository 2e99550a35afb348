"""Records with exactly one defect each that only a close reading finds.

Most of them one of the two verifiers once let pass, or told otherwise than the other.
"""

from __future__ import annotations

import copy
import hashlib
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

from keys import certificate, checkpoint
from keys.checkpoint import Checkpoint
from keys.notes import NoteKey
from tests.services.verification.defects import caught_by, recommit, seal_anew

if TYPE_CHECKING:
    from tests.services.verification.forging import Forged

STRANGER = "ab" * 32


# ==== What the ceremony published


@caught_by("certificate.quorums")
def quorum_smaller_than_the_sponsor_signed(forged: Forged) -> None:
    forged.certificate["release"]["k"] = 1
    forged.write_certificate()


@caught_by("certificate.quorums")
def one_share_listed_twice(forged: Forged) -> None:
    digests = forged.certificate["staged"]["share_digests"]
    digests[1] = digests[0]
    forged.write_certificate()


@caught_by("certificate.quorums")
def staged_release_under_the_key_of_the_final_one(forged: Forged) -> None:
    forged.certificate["staged"]["public_key"] = forged.certificate["release"]["public_key"]
    forged.write_certificate()


@caught_by("certificate.quorums")
def release_key_that_is_none(forged: Forged) -> None:
    forged.certificate["release"]["public_key"] = "x25519:AAAA"
    forged.write_certificate()


@caught_by("commitments.before-reveal")
def commitment_in_the_middle_missing(forged: Forged) -> None:
    (forged.public / "commitments" / "2.note").unlink()


@caught_by("commitments.before-reveal")
def commitment_from_a_ceremony_with_another_generator(forged: Forged) -> None:
    recommit(forged, 1, generator_digest=STRANGER)
    forged.write_certificate()


@caught_by("schedule.regenerated")
def generator_that_nobody_knows(forged: Forged) -> None:
    forged.certificate["generator"]["version"] = "crossover-randomizer/v0"
    forged.write_certificate()


@caught_by("schedule.fits-certificate")
def production_sealed_from_the_example_for_rehearsals(forged: Forged) -> None:
    forged.certificate.update(kind="production", rehearsal="")
    forged.write_certificate()


@caught_by("schedule.fits-certificate")
def one_sequence_under_two_names_alike(forged: Forged) -> None:
    unblinded = forged.unblinded()
    unblinded["value"]["sequences"].append(copy.deepcopy(unblinded["value"]["sequences"][0]))
    forged.write_unblinded(unblinded)


@caught_by("schedule.regenerated")
def blocks_that_do_not_fit_the_sequences(forged: Forged) -> None:
    unblinded = forged.unblinded()
    unblinded["value"]["procedure"]["block_sizes"][0] = 3
    forged.write_unblinded(unblinded)


@caught_by("rows.lengths")
def envelope_whose_length_tells_something(forged: Forged) -> None:
    envelope = b64decode(forged.rows[3]["ciphertext"])
    forged.rows[3]["ciphertext"] = b64encode(envelope + b"\0").decode()
    seal_anew(forged)


@caught_by("rows.lengths")
def wrap_that_a_rotation_left_empty(forged: Forged) -> None:
    forged.rows[3]["wraps"]["code-break"] = ""
    forged.make_roots()
    number = forged.numbers("keys rotated")[0]
    details = forged.details(number)
    details["signed"]["sealed_root"] = details["sealed_root"]
    forged.sign_signatures()
    forged.write_rows()
    forged.write_trail()


# ==== Entries and checkpoints


@caught_by("entries.root", "checkpoints.consistency", public_only=True)
def trail_truncated_before_two_checkpoints(forged: Forged) -> None:
    lines = (forged.public / "entries.jsonl").read_bytes().splitlines(keepends=True)
    (forged.public / "entries.jsonl").write_bytes(b"".join(lines[: forged.sizes[-2] - 1]))


@caught_by("entries.root", "checkpoints.signatures")
def newest_checkpoint_with_a_larger_size_over_the_same_root(forged: Forged) -> None:
    size = forged.sizes[-1]
    path = forged.public / "checkpoints" / f"{size}.note"
    head = Checkpoint.parse("\n".join([*path.read_text().split("\n")[:3], ""]))
    path.write_bytes(checkpoint.sign(Checkpoint(head.origin, size + 7, head.root), forged.log))


@caught_by("checkpoints.signatures")
def false_signature_of_the_log_beside_the_true_one(forged: Forged) -> None:
    path = forged.public / "checkpoints" / f"{forged.sizes[0]}.note"
    note = path.read_text()
    name, _, signature = note.splitlines()[-1].rpartition(" ")
    bent = bytearray(b64decode(signature))
    bent[-1] ^= 1
    path.write_text(f"{note}{name} {b64encode(bent).decode()}\n")


@caught_by("checkpoints.signatures")
def checkpoint_of_another_log_with_the_same_key(forged: Forged) -> None:
    size = forged.sizes[1]
    path = forged.public / "checkpoints" / f"{size}.note"
    head = Checkpoint.parse("\n".join([*path.read_text().split("\n")[:3], ""]))
    other = NoteKey("example.org/other", forged.log.secret)
    path.write_bytes(checkpoint.sign(Checkpoint(other.name, head.size, head.root), other))


@caught_by("entries.roles")
def act_of_nobody(forged: Forged) -> None:
    forged.entries[forged.numbers("completed")[0]].update(actor=0, role="")
    forged.write_trail()


@caught_by("entries.roles")
def act_in_no_role(forged: Forged) -> None:
    forged.entries[forged.numbers("completed")[0]]["role"] = ""
    forged.write_trail()


@caught_by("values.signatures", "code-breaks.disclosure-of-its-intent")
def intent_without_a_person(forged: Forged) -> None:
    forged.entries[forged.numbers("code break intent")[0]].update(actor=0, role="")
    forged.write_trail()


# ==== Values


@caught_by("values.digests", "values.history", "values.certificate")
def values_of_the_activation_missing(forged: Forged) -> None:
    del forged.values[forged.numbers("trial activated")[0]]
    forged.write_values()


@caught_by("values.records")
def allocation_dated_otherwise_than_its_act(forged: Forged) -> None:
    number = forged.last_randomization()
    forged.change(number, "Allocation", allocated_at="2027-01-04T08:00:00.000000Z")
    forged.write_trail()


@caught_by("values.records")
def infusion_on_a_day_that_does_not_exist(forged: Forged) -> None:
    number = forged.numbers("infusion recorded")[-1]
    forged.change(number, "PeriodRecord", given_at="2027-02-30T08:00:00.000000Z")
    forged.write_trail()


@caught_by("values.records", "values.history")
def attempt_that_became_true_beside_the_trail(forged: Forged) -> None:
    number = forged.numbers("factor corrected")[0]
    forged.row(number, "Participant")["new"]["attempt"] = True
    forged.write_trail()


@caught_by("values.records")
def volume_that_is_true(forged: Forged) -> None:
    forged.change(forged.numbers("infusion recorded")[-1], "PeriodRecord", volume_ml=True)
    forged.write_trail()


@caught_by("values.records", "values.history")
def record_of_a_kind_that_stays_inside(forged: Forged) -> None:
    forged.row(forged.numbers("role granted")[0], "Grant")["kind"] = "Account"
    forged.write_trail()


@caught_by("values.signatures")
def act_that_was_signed_twice(forged: Forged) -> None:
    number = forged.numbers("site opened")[0]
    again = copy.deepcopy(forged.row(number, "Signature"))
    again["new"]["number"], again["key"] = 1_000_000, [1_000_000]
    forged.values[number][1]["rows"].append(again)
    forged.write_trail()


@caught_by("values.certificate")
def trial_that_was_locked_under_another_certificate(forged: Forged) -> None:
    forged.change(forged.numbers("trial locked")[0], "Trial", certificate_digest=STRANGER)
    forged.write_trail()


@caught_by("values.subjects")
def consent_at_no_site(forged: Forged) -> None:
    forged.entries[forged.numbers("participant consented")[0]]["site"] = ""
    forged.write_trail()


@caught_by("values.subjects")
def disclosure_at_a_site_where_the_participant_never_was(forged: Forged) -> None:
    forged.entries[forged.numbers("code break disclosed")[0]]["site"] = "EX1"
    forged.write_trail()


@caught_by("values.subjects")
def allocation_of_another_participant_than_its_entry(forged: Forged) -> None:
    number = forged.last_randomization()
    other = forged.entries[forged.numbers("screen failed")[0]]["participant"]
    row = forged.row(number, "Allocation")
    row["new"]["participant"], row["key"] = other, [other]
    forged.write_trail()


@caught_by("allocations.right-stratum")
def participant_who_is_told_to_be_of_another_stratum(forged: Forged) -> None:
    forged.change(forged.last_randomization(), "Participant", stratum="PRO")
    forged.write_trail()


@caught_by("kits.right-kit")
def two_kits_in_one_dispensation(forged: Forged) -> None:
    number = forged.numbers("kit dispensed")[-1]
    taken = forged.row(number, "Kit")
    other = next(kit for kit in forged.rows[19]["kits"][0] if kit != taken["key"][0])
    second = copy.deepcopy(taken)
    second["new"]["number"], second["key"] = other, [other]
    second["old"].update(entry=0, ready_at=None, expires_at=None, state="reserved")
    forged.values[number][1]["rows"].append(second)
    forged.write_trail()


@caught_by("code-breaks.disclosure-of-its-intent")
def disclosure_to_another_account_than_the_one_that_signed(forged: Forged) -> None:
    number = forged.numbers("code break disclosed")[0]
    row, entry = forged.row(number, "CodeBreak"), forged.entries[number]
    entry["actor"] += 1
    row["old"]["account"] = row["new"]["account"]
    row["new"]["account"] = entry["actor"]
    forged.write_trail()


@caught_by("code-breaks.disclosure-of-its-intent")
def intent_that_disclosed_by_itself(forged: Forged) -> None:
    number = forged.numbers("code break intent")[0]
    told: dict[str, Any] = forged.row(number, "CodeBreak")["new"]
    forged.change(number, "CodeBreak", disclosed_at=told["intended_at"])
    forged.write_trail()


@caught_by("code-breaks.disclosure-of-its-intent")
def code_break_told_of_by_another_act(forged: Forged) -> None:
    number = forged.numbers("code break disclosed")[0]
    told = copy.deepcopy(forged.row(number, "CodeBreak"))
    later = next(
        entry["number"]
        for entry in forged.entries
        if entry["number"] > number
        and entry["participant"] == told["new"]["participant"]
        and entry["act"] not in {"code break intent", "code break disclosed"}
    )
    told["old"] = {"entry": told["new"]["entry"]}
    told["new"]["entry"] = later
    forged.values[later][1]["rows"].append(told)
    forged.write_trail()


@caught_by("values.digests")
def salt_that_goes_with_no_digest(forged: Forged) -> None:
    number = forged.numbers("reason erased")[0]
    salt, content = forged.values[number]
    digest = hashlib.sha256(bytes.fromhex(salt)[:31] + certificate.canonical(content)).hexdigest()
    forged.entries[number]["digest"] = digest
    forged.write_entries()
