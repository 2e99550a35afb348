"""Fit for an infusion: each item is confirmed, and every one that is not is named."""

from __future__ import annotations

from itertools import product

import pytest

from randomizer.domain.fitness import Fitness, PregnancyTest
from randomizer.errors import Faulty

pytestmark = pytest.mark.requirement("life")


@pytest.mark.parametrize("pregnancy_test", list(PregnancyTest))
def test_whoever_is_fit_passes(pregnancy_test: PregnancyTest) -> None:
    fit = Fitness(no_infection=True, pregnancy_test=pregnancy_test, consent_stands=True)
    fit.demand()
    assert fit.values() == {
        "no_infection": True,
        "pregnancy_test": pregnancy_test,
        "consent_stands": True,
    }


@pytest.mark.parametrize(
    ("infection", "test", "consent"), list(product((True, False), ("negative", "", "late"), (True, False)))
)
def test_every_item_that_is_missing_is_named(infection: bool, test: str, consent: bool) -> None:  # noqa: FBT001
    fit = Fitness(no_infection=infection, pregnancy_test=test, consent_stands=consent)
    wrong = {
        name
        for name, right in (
            ("no_infection", infection),
            ("pregnancy_test", test == "negative"),
            ("consent_stands", consent),
        )
        if not right
    }
    if not wrong:
        fit.demand()
        return
    with pytest.raises(Faulty) as refused:
        fit.demand()
    assert {field for field, _ in refused.value.faults} == wrong
