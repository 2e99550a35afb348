"""Records with exactly one defect, in what the ceremony published and the release opened.

Each function bends one thing and puts the rest together again as well as somebody could who holds the log's
key and can seal anew; its steps are those that catch it, and no other.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keys import certificate, contribution
from keys.contribution import Contribution, Terms
from keys.notes import NoteKey
from randomizer.domain.numbers import with_check
from tests.activated import entropy_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tests.services.verification.forging import Forged

    Bend = Callable[[Forged], None]


@dataclass(frozen=True, slots=True)
class Defect:
    """One defect.

    Args:
        bend: Makes it.
        steps: Ids of the steps that catch it, in their order.
        public_only: Whether the release is taken away.
    """

    bend: Bend
    steps: tuple[str, ...]
    public_only: bool


DEFECTS: dict[str, Defect] = {}


def caught_by(*steps: str, public_only: bool = False) -> Callable[[Bend], Bend]:
    """Register a defect."""

    def register(bend: Bend) -> Bend:
        DEFECTS[bend.__name__] = Defect(bend, steps, public_only)
        return bend

    return register


def _other_key(name: str) -> NoteKey:
    return NoteKey.generate(name, entropy_of("somebody else"))


def _contributor(forged: Forged, index: int) -> dict[str, Any]:
    found: dict[str, Any] = forged.certificate["contributions"][index]
    return found


def recommit(forged: Forged, index: int, **changes: object) -> None:
    """Publish another commitment of a contributor, signed with a key that the certificate then names."""
    path = forged.public / "commitments" / f"{index + 1}.note"
    made = certificate.parse(path.read_text().partition("\n\n")[0] + "\n") | changes
    key = _other_key(made["name"])
    path.write_bytes(certificate.sign(made, key))
    _contributor(forged, index).update(verifier=key.verifier.encode(), commitment=made["commitment"])


@caught_by("certificate.signature")
def certificate_changed_under_its_old_signature(forged: Forged) -> None:
    note = (forged.public / "certificate.note").read_bytes()
    keys = (forged.public / "keys.json").read_bytes()
    forged.certificate["sealed_at"] = "2026-12-24T08:00:00Z"
    forged.write_certificate()
    forged.details(forged.numbers("trial activated")[0])["ceremony_key"] = json.loads(keys)["ceremony"]
    forged.write_trail()
    signature = note.rpartition(b"\n\n")[2]
    text = certificate.canonical(forged.certificate)
    (forged.public / "certificate.note").write_bytes(text + b"\n\n" + signature)
    (forged.public / "keys.json").write_bytes(keys)


@caught_by("certificate.signature")
def certificate_signed_by_somebody_else(forged: Forged) -> None:
    note = certificate.sign(forged.certificate, _other_key("mesems-ceremony"))
    (forged.public / "certificate.note").write_bytes(note)


@caught_by("certificate.definition")
def definition_changed(forged: Forged) -> None:
    path = forged.public / "definition.json"
    path.write_bytes(path.read_bytes().replace(b"Mesenchymal", b"Haematological"))


@caught_by("certificate.definition")
def certificate_with_other_sizes(forged: Forged) -> None:
    forged.certificate["sizes"]["strata"] = {"PRO": 12, "REL": 8}
    forged.write_certificate()


@caught_by("certificate.definition")
def certificate_of_another_trial(forged: Forged) -> None:
    forged.certificate["trial_id"] = "other"
    forged.schedule["trial_id"] = "other"
    forged.write_schedule()
    forged.write_certificate()


@caught_by("certificate.attempts")
def attempts_that_do_not_fit_the_version(forged: Forged) -> None:
    forged.certificate["attempts"] = [{"attempt": 1, "commitments": [], "reason": "A contributor left."}]
    forged.write_certificate()


@caught_by("commitments.signatures")
def commitment_signed_by_somebody_else(forged: Forged) -> None:
    path = forged.public / "commitments" / "2.note"
    made = certificate.parse(path.read_text().partition("\n\n")[0] + "\n")
    path.write_bytes(certificate.sign(made, _other_key(made["name"])))


@caught_by("commitments.signatures")
def contributors_published_otherwise_than_certified(forged: Forged) -> None:
    keys = json.loads((forged.public / "keys.json").read_text())["contributors"]
    forged.write_keys(contributors=[*keys[:-1], _other_key("somebody").verifier.encode()])


@caught_by("commitments.before-reveal")
def commitment_missing(forged: Forged) -> None:
    (forged.public / "commitments" / "3.note").unlink()


@caught_by("commitments.signatures", "commitments.before-reveal")
def commitment_published_twice(forged: Forged) -> None:
    notes = forged.public / "commitments"
    (notes / "3.note").write_bytes((notes / "2.note").read_bytes())


@caught_by("commitments.before-reveal")
def commitment_for_another_definition(forged: Forged) -> None:
    recommit(forged, 1, definition_digest="ab" * 32)
    forged.write_certificate()


@caught_by("commitments.before-reveal")
def commitment_of_another_attempt(forged: Forged) -> None:
    recommit(forged, 2, attempt=2)
    forged.write_certificate()


@caught_by("commitments.before-reveal")
def machine_committed_last(forged: Forged) -> None:
    notes = forged.public / "commitments"
    first, second = (notes / "1.note").read_bytes(), (notes / "2.note").read_bytes()
    (notes / "1.note").write_bytes(second)
    (notes / "2.note").write_bytes(first)
    for listed in (forged.certificate["contributions"], forged.schedule["contributions"]):
        listed[0], listed[1] = listed[1], listed[0]
    forged.write_schedule()
    forged.write_certificate()


@caught_by("seed.contributions", "seed.combination")
def contribution_changed_after_commitment(forged: Forged) -> None:
    forged.schedule["contributions"][1]["contribution"] = "00" * 32
    forged.write_schedule()


@caught_by("commitments.before-reveal", "seed.combination")
def contribution_and_certificate_changed_after_commitment(forged: Forged) -> None:
    _contributor(forged, 1)["commitment"] = _new_contribution(forged, 1)
    forged.write_schedule()
    forged.write_certificate()


@caught_by("seed.combination")
def contribution_changed_with_its_commitment(forged: Forged) -> None:
    recommit(forged, 1, commitment=_new_contribution(forged, 1))
    forged.write_schedule()
    forged.write_certificate()


def _new_contribution(forged: Forged, index: int) -> str:
    fields, revealed = forged.certificate, forged.schedule["contributions"][index]
    terms = Terms(1, fields["definition_digest"], fields["generator"]["digest"])
    made = contribution.new_contribution(revealed["name"], terms, entropy_of("another contribution"))
    revealed["contribution"] = made.secret.hex()
    return Contribution(made.name, terms, made.secret).commitment.value


@caught_by("seed.contributions")
def contribution_missing(forged: Forged) -> None:
    forged.schedule["contributions"].pop()
    forged.write_schedule()


@caught_by("seed.combination", "schedule.regenerated")
def seed_chosen_by_somebody(forged: Forged) -> None:
    forged.schedule["seed"] = "11" * 32
    forged.write_schedule()
    forged.write_trail()


@caught_by("schedule.unblinded")
def unblinded_definition_changed(forged: Forged) -> None:
    text = forged.schedule["unblinded_definition"]
    forged.schedule["unblinded_definition"] = text.replace('"rehearsal_only":true', '"rehearsal_only":false')
    forged.write_schedule()


@caught_by("schedule.unblinded")
def unblinded_salt_changed(forged: Forged) -> None:
    forged.schedule["unblinded_salt"] = "22" * 32
    forged.write_schedule()


@caught_by("schedule.regenerated", "leaves.root", "preparations.right-content")
def released_schedule_with_two_slots_swapped(forged: Forged) -> None:
    _swap_sequences(forged)
    forged.write_schedule()
    forged.write_tables()


@caught_by("schedule.regenerated", "preparations.right-content")
def schedule_with_two_slots_swapped_and_sealed_anew(forged: Forged) -> None:
    _swap_sequences(forged)
    seal_anew(forged)


def _swap_sequences(forged: Forged) -> None:
    slots = forged.schedule["slots"]
    other = next(slot for slot, code in enumerate(slots) if code != slots[0])
    slots[0], slots[other] = slots[other], slots[0]


def seal_anew(forged: Forged) -> None:
    forged.make_leaves()
    forged.write_rows()
    forged.write_schedule()
    forged.write_certificate()


@caught_by("schedule.regenerated", "leaves.root")
def released_salt_changed(forged: Forged) -> None:
    forged.schedule["salts"][3] = "33" * 32
    forged.write_schedule()


@caught_by("schedule.regenerated")
def salt_changed_and_sealed_anew(forged: Forged) -> None:
    forged.schedule["salts"][3] = "33" * 32
    seal_anew(forged)


@caught_by("schedule.fits-certificate")
def sequence_that_the_design_does_not_have(forged: Forged) -> None:
    forged.schedule["slots"][5] = "ZZ"
    seal_anew(forged)


@caught_by("schedule.fits-certificate")
def released_schedule_of_another_version(forged: Forged) -> None:
    forged.schedule["schedule_version"] = 2
    forged.write_schedule()


@caught_by("schedule.fits-certificate", "leaves.root")
def released_schedule_that_is_a_slot_short(forged: Forged) -> None:
    forged.schedule["slots"].pop()
    forged.schedule["salts"].pop()
    forged.write_schedule()


@caught_by("leaves.root")
def leaf_hash_changed(forged: Forged) -> None:
    forged.rows[7]["leaf_hash"] = "44" * 32
    forged.write_rows()


@caught_by("leaves.root")
def leaves_of_another_version(forged: Forged) -> None:
    forged.certificate["schedule_version"] = 2
    forged.make_leaves()
    forged.certificate["schedule_version"] = 1
    forged.write_rows()
    forged.write_certificate()


@caught_by("rows.sealed-root", "rows.lasting-root")
def envelopes_swapped(forged: Forged) -> None:
    first, second = forged.rows[0], forged.rows[1]
    first["ciphertext"], second["ciphertext"] = second["ciphertext"], first["ciphertext"]
    forged.write_rows()


@caught_by("rows.sealed-root", "rows.lasting-root")
def wraps_of_two_slots_swapped(forged: Forged) -> None:
    first, second = forged.rows[2]["wraps"], forged.rows[9]["wraps"]
    first["emergency"], second["emergency"] = second["emergency"], first["emergency"]
    forged.write_rows()


@caught_by("rows.sealed-root", "rows.lasting-root")
def wraps_of_one_slot_swapped(forged: Forged) -> None:
    wraps = forged.rows[4]["wraps"]
    wraps["code-break"], wraps["staged"] = wraps["staged"], wraps["code-break"]
    forged.write_rows()


@caught_by("rows.sealed-root")
def code_break_wraps_swapped(forged: Forged) -> None:
    first, second = forged.rows[2]["wraps"], forged.rows[9]["wraps"]
    first["code-break"], second["code-break"] = second["code-break"], first["code-break"]
    forged.write_rows()


@caught_by("rows.lasting-root")
def another_lasting_root(forged: Forged) -> None:
    forged.certificate["lasting_root"] = "ab" * 32
    forged.write_certificate()


@caught_by("rows.places")
def last_row_left_out(forged: Forged) -> None:
    forged.rows.pop()
    seal_anew(forged)


@caught_by("schedule.fits-certificate", "rows.places")
def row_added(forged: Forged) -> None:
    numbers = [with_check(number) for number in range(10_000_000, 10_000_004)]
    last = forged.rows[-1]
    forged.rows.append(
        last
        | {
            "index": len(forged.rows),
            "kits": [numbers[:2], numbers[2:]],
            "ordinal": last["ordinal"] + 1,
            "randomization_number": with_check(1_000_000),
        }
    )
    forged.schedule["slots"].append(forged.schedule["slots"][-1])
    forged.schedule["salts"].append("55" * 32)
    seal_anew(forged)


@caught_by("rows.places")
def rows_in_another_order(forged: Forged) -> None:
    first, second = forged.rows[9], forged.rows[10]
    first["ordinal"], second["ordinal"] = second["ordinal"], first["ordinal"]
    seal_anew(forged)


@caught_by("schedule.regenerated", "rows.numbers")
def kit_in_two_slots(forged: Forged) -> None:
    forged.rows[10]["kits"][0] = forged.rows[11]["kits"][0]
    seal_anew(forged)


@caught_by("schedule.regenerated", "rows.numbers")
def kit_with_a_wrong_check_digit(forged: Forged) -> None:
    kits = forged.rows[10]["kits"][1]
    kits[0] = kits[0][:-1] + str((int(kits[0][-1]) + 1) % 10)
    forged.rows[10]["kits"][1] = sorted(kits)
    seal_anew(forged)
