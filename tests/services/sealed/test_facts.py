from __future__ import annotations

from datetime import UTC, datetime

import pytest

from keys.errors import SealBroken
from randomizer.domain.quality import Lot, ProductDetails, Recorded, Result
from randomizer.domain.sealed_texts import Preparation
from randomizer.services.sealed import facts

SEED = bytes(range(32))
SALT = bytes(32)
AT = datetime(2027, 1, 4, 8, tzinfo=UTC)
FULL = Preparation(content="MSC", kit="123456782", lot="L-1", thaw="2 min", spoiled=("123456790",))


def test_facts_open_with_seed_and_digest_and_with_nothing_else() -> None:
    told = facts.of_preparation(FULL)
    noted, sealed = facts.digest(told, SALT), facts.seal(SEED, told, SALT)

    assert facts.unseal(SEED, noted, sealed) == told
    assert facts.seal(SEED, told, SALT) == sealed
    for seed, other in ((bytes(32), noted), (SEED, facts.digest(told, bytes([1]) * 32))):
        with pytest.raises(SealBroken):
            facts.unseal(seed, other, sealed)


@pytest.mark.promise(3)
def test_no_length_tells_what_was_prepared() -> None:
    widest = Preparation(content="MSC", lot="x" * 450, cell_count="y" * 400)
    assert len(widest.to_bytes()) == len(Preparation().to_bytes())

    assert (
        len({len(facts.seal(SEED, facts.of_preparation(one), SALT)) for one in (Preparation(), FULL, widest)})
        == 1
    )


def test_free_text_is_no_fact() -> None:
    product = ProductDetails(
        lots=(Lot(number="L-1", recorded_at=AT), Lot(number="L-0", struck_at=AT, struck_why="words")),
        results=(Recorded(subject="L-1", test="sterility", result=Result.FAILED, at=AT, by=7),),
        note="words",
    )

    told = facts.of_product(product)

    assert [lot["recorded_at"] for lot in told["lots"]] == ["2027-01-04T08:00:00.000000Z", None]
    assert [lot["struck_at"] for lot in told["lots"]] == [None, "2027-01-04T08:00:00.000000Z"]
    assert told["results"] == [
        {
            "subject": "L-1",
            "test": "sterility",
            "result": "failed",
            "at": "2027-01-04T08:00:00.000000Z",
            "by": 7,
        }
    ]
    assert "words" not in str(told)
    assert "words" not in str(facts.of_preparation(Preparation(note="words")))


@pytest.mark.promise(15)
def test_facts_put_under_the_digest_of_others_are_none() -> None:
    told, others = facts.of_preparation(FULL), facts.of_preparation(Preparation())

    with pytest.raises(SealBroken):
        facts.unseal(SEED, facts.digest(told, SALT), facts.seal(SEED, others, SALT))
