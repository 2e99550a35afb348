from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from randomizer.domain import sealed_texts
from randomizer.domain.definition_values import QualityTest
from randomizer.domain.quality import PRODUCT_BYTES, Lot, ProductDetails, Recorded, Result, strike_out
from randomizer.errors import Refused

NOW = datetime(2027, 1, 4, 8, 0, tzinfo=UTC)
IDENTITY = QualityTest(code="identity", label="Identity", of_kit=False, before_clearance=True, due_days=7)
STERILITY = QualityTest(
    code="sterility", label="Sterility", of_kit=False, before_clearance=False, due_days=14
)
BAG = QualityTest(code="bag", label="Bag", of_kit=True, before_clearance=False, due_days=14)
TESTS = (IDENTITY, STERILITY, BAG)
LOT = Lot(number="L-1", recorded_at=NOW)


def recorded(subject: str, test: QualityTest, result: Result) -> Recorded:
    return Recorded(subject=subject, test=test.code, result=result, at=NOW, by=7)


def of(*results: Recorded, lots: tuple[Lot, ...] = (LOT,)) -> ProductDetails:
    return ProductDetails(lots=lots, results=results)


PASSED = recorded("L-1", IDENTITY, Result.PASSED)
FAILED = recorded("L-1", IDENTITY, Result.FAILED)
LATE = recorded("L-1", STERILITY, Result.FAILED)

STRUCK = strike_out(of(lots=(Lot(number="L-0"),)), "L-0", at=NOW, by=7, why="of another").lots[0]


@pytest.mark.parametrize(
    ("details", "blocks"),
    [
        (ProductDetails(), ("No lot is recorded.",)),
        (of(), ("Lot L-1: Identity is pending.",)),
        (of(FAILED), ("Every lot has failed a test.",)),
        (of(PASSED), ()),
        (of(PASSED, LATE), ("Every lot has failed a test.",)),
        (of(FAILED, PASSED), ()),
        (of(PASSED, lots=(LOT, STRUCK)), ()),
        (of(lots=(STRUCK,)), ("Every lot was struck out.",)),
        (of(FAILED, lots=(LOT, replace(LOT, number="L-2"))), ("Lot L-2: Identity is pending.",)),
        (of(FAILED, recorded("L-2", IDENTITY, Result.PASSED), lots=(LOT, replace(LOT, number="L-2"))), ()),
    ],
    ids=[
        "no lot",
        "pending",
        "failed",
        "passed",
        "late one failed",
        "corrected",
        "other struck",
        "struck",
        "other pending",
        "other",
    ],
)
def test_what_keeps_a_product_from_being_cleared(details: ProductDetails, blocks: tuple[str, ...]) -> None:
    assert details.standing_in_the_way(TESTS) == blocks


def test_only_lots_that_have_not_failed_are_in_use_after_clearance() -> None:
    cleared = of(FAILED, lots=(LOT, replace(LOT, number="L-2"))).cleared()
    assert [lot.in_use for lot in cleared.lots] == [False, True]
    assert not cleared.out_of_limits
    assert [lot.in_use for lot in of(PASSED, lots=(LOT, STRUCK)).cleared().lots] == [True, False]


def test_a_lot_that_is_in_use_is_not_struck_out() -> None:
    with pytest.raises(Refused, match="is in use"):
        strike_out(of(lots=(replace(LOT, in_use=True),)), "L-1", at=NOW, by=7, why="of another")


@pytest.mark.parametrize(
    ("details", "out"),
    [
        (of(PASSED), False),
        (of(PASSED, LATE), True),
        (of(PASSED, LATE, recorded("L-1", STERILITY, Result.PASSED)), False),
        (of(PASSED, recorded("482119037", BAG, Result.FAILED)), False),
    ],
    ids=["passed", "late", "corrected", "of a kit"],
)
def test_a_lot_in_use_that_failed_puts_the_product_out_of_limits(
    details: ProductDetails, *, out: bool
) -> None:
    in_use = replace(details, lots=tuple(replace(lot, in_use=True) for lot in details.lots))
    assert in_use.out_of_limits is out


def test_results_are_awaited_from_the_lot_and_from_ready_on() -> None:
    kits = {"482119037": NOW + timedelta(days=30)}
    waiting = of(PASSED).awaited(TESTS, kits)
    assert [(one.subject, one.test.code, one.due_at - NOW) for one in waiting] == [
        ("L-1", "sterility", timedelta(days=14)),
        ("482119037", "bag", timedelta(days=44)),
    ]
    assert of(FAILED).awaited(TESTS, {}) == ()


@pytest.mark.promise(3)
def test_all_that_is_written_down_has_one_length_and_no_readable_form() -> None:
    details = of(PASSED, LATE, recorded("482119037", BAG, Result.PASSED))
    assert ProductDetails.from_bytes(details.to_bytes()) == details
    assert len(details.to_bytes()) == len(ProductDetails().to_bytes()) == PRODUCT_BYTES
    assert all("masked" in repr(one) for one in (details, LOT, PASSED, of(PASSED).awaited(TESTS, {})[0]))


def test_a_record_from_before_lots_had_results_is_read() -> None:
    before = {"lot": "L-9", "cell_count": "1e8", "viability": "", "form": "fresh", "note": "x"}
    details = ProductDetails.from_bytes(sealed_texts.fill(before, 2048))
    assert details.lots == (Lot(number="L-9", cell_count="1e8", form="fresh", in_use=True),)
    assert details.note == "x"
    assert not details.out_of_limits
    assert details.awaited(TESTS, {}) == ()


@pytest.mark.parametrize(
    "values", [{"lots": [{}]}, {"lot": "x"}, {"lots": [], "results": [{"result": "so"}]}]
)
def test_what_is_no_record_of_a_product_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"no product details|not a valid Result"):
        ProductDetails.from_bytes(sealed_texts.fill(values, 2048))
