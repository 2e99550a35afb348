"""Records with exactly one defect in what is told of preparations, lots and results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.services.verification.defects import caught_by

if TYPE_CHECKING:
    from tests.services.verification.forging import Forged


@caught_by("facts.as-noted")
def preparation_written_otherwise_than_noted(forged: Forged) -> None:
    number = forged.numbers("preparation ended")[0]
    noted = forged.details(number)["facts_digest"]
    forged.facts[number]["cell_count"] = "200 million"
    forged.write_trail()
    forged.details(number)["facts_digest"] = noted
    _write_beside(forged)


@caught_by("facts.as-noted")
def preparation_left_out(forged: Forged) -> None:
    del forged.facts[forged.numbers("preparation ended")[0]]
    forged.write_trail()


@caught_by("facts.as-noted")
def preparation_told_of_twice(forged: Forged) -> None:
    forged.write_trail()
    path = forged.release / "facts.jsonl"
    first, rest = path.read_bytes().split(b"\n", 1)
    path.write_bytes(first + b"\n" + first + b"\n" + rest)


@caught_by("facts.as-noted")
def product_of_another_form(forged: Forged) -> None:
    _product(forged)["lots"][0]["in_use"] = "yes"
    forged.write_trail()


@caught_by("facts.as-noted")
def facts_of_an_entry_that_writes_none(forged: Forged) -> None:
    number = forged.numbers("kit dispensed")[0]
    forged.facts[number] = dict(next(iter(forged.facts.values())))
    forged.write_trail()


@caught_by("facts.as-noted")
def salts_that_can_be_guessed(forged: Forged) -> None:
    forged.salt_bytes = 2
    forged.write_trail()


@caught_by("preparations.right-content")
def kit_filled_with_the_other_treatment(forged: Forged) -> None:
    told = forged.facts[forged.numbers("preparation ended")[0]]
    told["content"] = {"MSC": "MEDIUM", "MEDIUM": "MSC"}[told["content"]]
    forged.write_trail()


@caught_by("preparations.right-content")
def another_kit_made_ready_than_told(forged: Forged) -> None:
    number = forged.numbers("preparation ended")[0]
    slot, kit = forged.row(number, "Kit")["new"]["slot"], forged.facts[number]["kit"]
    forged.facts[number]["kit"] = next(one for one in forged.rows[slot]["kits"][0] if one != kit)
    forged.write_trail()


@caught_by("preparations.right-content")
def kit_of_somebody_else_spoiled(forged: Forged) -> None:
    told = forged.facts[forged.numbers("preparation ended")[0]]
    told["spoiled"] = [forged.rows[-1]["kits"][0][0]]
    forged.write_trail()


@caught_by("quality.recorded-when-told")
def lot_recorded_at_another_moment(forged: Forged) -> None:
    _product(forged)["lots"][0]["recorded_at"] = "2027-01-04T08:00:00.000000Z"
    forged.write_trail()


@caught_by("quality.recorded-when-told")
def lot_struck_out_at_another_moment(forged: Forged) -> None:
    _product(forged)["lots"][0].update(in_use=False, struck_at="2027-01-04T08:00:00.000000Z")
    forged.write_trail()


@caught_by("quality.recorded-when-told")
def lot_in_use_that_was_struck_out(forged: Forged) -> None:
    lot = _product(forged)["lots"][0]
    lot["struck_at"] = lot["recorded_at"]
    forged.write_trail()


@caught_by("quality.recorded-when-told")
def result_recorded_by_another_account(forged: Forged) -> None:
    _product(forged)["results"][0]["by"] += 1
    forged.write_trail()


@caught_by("quality.recorded-when-told")
def result_of_a_lot_that_was_not_recorded(forged: Forged) -> None:
    _product(forged)["results"][0]["subject"] = "another lot"
    forged.write_trail()


@caught_by("quality.recorded-when-told")
def addendum_that_takes_the_place_of_what_stood(forged: Forged) -> None:
    told = forged.facts[forged.numbers("quality result added")[-1]]
    told["results"] = told["results"][1:]
    forged.write_trail()


@caught_by("quality.recorded-when-told")
def result_that_was_recorded_and_is_left_out(forged: Forged) -> None:
    forged.facts[forged.numbers("quality result added")[-1]]["results"].pop()
    forged.write_trail()


def _product(forged: Forged) -> dict[str, Any]:
    """What is told of a product to which nothing was added after the lock."""
    return forged.facts[forged.numbers("product cleared")[-1]]


def _write_beside(forged: Forged) -> None:
    """The trail again, with what is told left as it was written."""
    path = forged.release / "facts.jsonl"
    before, kept = path.read_bytes(), forged.facts
    forged.facts = {}
    forged.write_trail()
    forged.facts = kept
    path.write_bytes(before)
    forged.write_tables()
