"""Records with exactly one defect in what a rotation of keys left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.services.verification.defects import caught_by

if TYPE_CHECKING:
    from typing import Any

    from tests.services.verification.forging import Forged

OTHER_ROOT = "ab" * 32


def _note(forged: Forged, **noted: Any) -> None:  # noqa: ANN401 - any value
    """Let the rotation have noted, and its administrator have signed, something else."""
    details = forged.details(forged.numbers("keys rotated")[0])
    details.update(noted)
    details["signed"].update(noted)
    forged.sign_signatures()


@caught_by("rows.sealed-root")
def rotation_with_another_root(forged: Forged) -> None:
    _note(forged, sealed_root=OTHER_ROOT)
    forged.write_trail()


@caught_by("rows.sealed-root")
def code_break_wrap_changed_after_the_rotation(forged: Forged) -> None:
    wraps = forged.rows[5]["wraps"]
    wraps["code-break"] = forged.rows[6]["wraps"]["code-break"]
    forged.write_rows()


@caught_by("rows.lasting-root")
def rotation_that_swapped_two_rows(forged: Forged) -> None:
    first, second = forged.rows[0], forged.rows[1]
    first["ciphertext"], second["ciphertext"] = second["ciphertext"], first["ciphertext"]
    certified = forged.certificate["lasting_root"]
    forged.make_roots()
    forged.certificate["lasting_root"] = certified
    _note(forged, sealed_root=forged.details(forged.numbers("keys rotated")[0])["sealed_root"])
    forged.write_rows()
    forged.write_trail()


@caught_by("rows.lasting-root")
def rotation_that_changed_an_emergency_wrap(forged: Forged) -> None:
    forged.rows[3]["wraps"]["emergency"] = forged.rows[4]["wraps"]["emergency"]
    certified = forged.certificate["lasting_root"]
    forged.make_roots()
    forged.certificate["lasting_root"] = certified
    _note(forged, sealed_root=forged.details(forged.numbers("keys rotated")[0])["sealed_root"])
    forged.write_rows()
    forged.write_trail()


@caught_by("values.rotations")
def rotation_that_goes_on_from_another_root(forged: Forged) -> None:
    _note(forged, former_root=OTHER_ROOT)
    forged.write_trail()


@caught_by("values.rotations")
def rotation_of_fewer_slots(forged: Forged) -> None:
    _note(forged, slots=len(forged.rows) - 1)
    forged.write_trail()


@caught_by("rows.sealed-root", "values.rotations")
def second_rotation_that_left_no_rows(forged: Forged) -> None:
    number = forged.numbers("deviation signed")[-1]
    forged.entries[number].update(act="keys rotated", role="administrator")
    forged.details(number).update(former_root=OTHER_ROOT, sealed_root=OTHER_ROOT, slots=0)
    forged.write_trail()


@caught_by("entries.roles")
def keys_rotated_by_somebody_who_may_not(forged: Forged) -> None:
    forged.entries[forged.numbers("keys rotated")[0]]["role"] = "preparing pharmacist"
    forged.write_entries()


@caught_by("values.signatures")
def rotation_signed_over_another_root(forged: Forged) -> None:
    forged.details(forged.numbers("keys rotated")[0])["signed"]["sealed_root"] = OTHER_ROOT
    forged.write_trail()
