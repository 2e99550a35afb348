"""The quality tests of a blinded definition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from randomizer.domain.definition_values import QualityTest

if TYPE_CHECKING:
    from randomizer.domain.toml_table import Faults, Table

PRODUCT, KIT = "product", "kit"
SUBJECTS: Final = (PRODUCT, KIT)
MOST_TESTS: Final = 12  # what a sealed record of a product has room for
LONGEST_DAYS: Final = 365


def quality_tests(root: Table, faults: Faults) -> tuple[QualityTest, ...]:
    """Read ``[[quality_tests]]``; a definition without them waits for no result.

    Args:
        root: The definition.
        faults: Where what is wrong goes.
    """
    tables = root.tables("quality_tests", optional=True)
    found = tuple(_test(table) for table in tables)
    for table in tables:
        table.done()
    faults.unique([one.code for one in found], [table.place("code") for table in tables], "quality_tests")
    if len(found) > MOST_TESTS:
        root.fault("quality_tests", f"must have at most {MOST_TESTS} entries", len(found))
    return found


def _test(table: Table) -> QualityTest:
    of_kit = table.choice("of", SUBJECTS) == KIT
    before = table.flag("before_clearance", optional=True)
    if of_kit and before:
        table.fault("before_clearance", "must be left out: a kit is made long after its product is cleared")
    return QualityTest(
        code=table.code("code"),
        label=table.text("label", most=80),
        of_kit=of_kit,
        before_clearance=before,
        due_days=table.whole("due_days", 0, LONGEST_DAYS),
    )
