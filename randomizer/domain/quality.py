"""Lots of a product and results of their tests: what the clearing person writes down, sealed at one length.

All of it is about the product, which every participant has, or about a kit's own preparation, which takes the
same steps whatever the treatment; so nothing here depends on a sequence.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from randomizer.domain import sealed_texts
from randomizer.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from randomizer.domain.definition_values import QualityTest

PRODUCT_BYTES: Final = 16384
FOR_FAILURES: Final = 2048  # bytes that nothing else takes up: room for more than ten failed results
LONGEST_LOT: Final = 60  # characters
LONGEST_WHY: Final = 200  # characters


class Result(StrEnum):
    """What is known of a test."""

    PENDING = "pending"
    PASSED = "passed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Lot:
    """One lot grown from a donation.

    Args:
        number: As on its label.
        cell_count: As it is written, with its unit.
        viability: As it is written, with its unit.
        form: Product form, e.g. fresh or cryopreserved.
        recorded_at: When it was recorded, its samples taken; None for one from before lots had results.
        in_use: Whether it is cleared, so that kits may be made of it; a lot that failed before is left out.
        struck_at: When it was struck out, recorded by mistake; None where it stands.
        struck_by: Number of the account that struck it out.
        struck_why: Why.
    """

    number: str
    cell_count: str = ""
    viability: str = ""
    form: str = ""
    recorded_at: datetime | None = None
    in_use: bool = False
    struck_at: datetime | None = None
    struck_by: int | None = None
    struck_why: str = ""

    def __repr__(self) -> str:
        return "Lot(masked)"

    @property
    def stands(self) -> bool:
        """Whether it was not struck out."""
        return self.struck_at is None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Recorded:
    """A result as it was recorded; one that is corrected stays, and the last one counts.

    Args:
        subject: Number of the lot, or of the kit.
        test: Code of the test.
        result: Passed or failed.
        at: When it was recorded.
        by: Number of the account.
    """

    subject: str
    test: str
    result: Result
    at: datetime
    by: int

    def __repr__(self) -> str:
        return "Recorded(masked)"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Awaited:
    """A test without a result."""

    subject: str
    test: QualityTest
    due_at: datetime

    def __repr__(self) -> str:
        return "Awaited(masked)"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ProductDetails:
    """What the clearing person writes down of one donation's product.

    Args:
        lots: In the order in which they were recorded.
        results: Of lots and of kits, in the order in which they were recorded.
        note: Free text.
    """

    lots: tuple[Lot, ...] = ()
    results: tuple[Recorded, ...] = ()
    note: str = ""

    def __repr__(self) -> str:
        return "ProductDetails(masked)"

    def result(self, subject: str, test: str) -> Recorded | None:
        """The result that counts, or None while it is pending."""
        found = [one for one in self.results if (one.subject, one.test) == (subject, test)]
        return found[-1] if found else None

    def failed(self, subject: str) -> bool:
        """Whether a result of a lot or a kit stands at failed."""
        last = {one.test: one.result for one in self.results if one.subject == subject}
        return Result.FAILED in last.values()

    @property
    def standing(self) -> tuple[Lot, ...]:
        """The lots that were not struck out."""
        return tuple(lot for lot in self.lots if lot.stands)

    @property
    def out_of_limits(self) -> bool:
        """Whether a lot that is in use has failed: then no kit of this participant is used."""
        return any(lot.in_use and self.failed(lot.number) for lot in self.lots)

    def standing_in_the_way(self, tests: Iterable[QualityTest]) -> tuple[str, ...]:
        """Why the product can't be cleared: one sentence each, nothing where it can.

        Args:
            tests: Of the definition.
        """
        if not self.standing:
            return ("Every lot was struck out." if self.lots else "No lot is recorded.",)
        needed = [test for test in tests if not test.of_kit and test.before_clearance]
        sentences = [
            f"Lot {lot.number}: {test.label} is pending."
            for lot in self.standing
            for test in needed
            if not self.failed(lot.number) and self.result(lot.number, test.code) is None
        ]
        if all(self.failed(lot.number) for lot in self.standing):
            sentences.append("Every lot has failed a test.")
        return tuple(sentences)

    def cleared(self) -> ProductDetails:
        """The same with every lot in use that stands and has not failed."""
        lots = tuple(replace(lot, in_use=lot.stands and not self.failed(lot.number)) for lot in self.lots)
        return replace(self, lots=lots)

    def awaited(self, tests: Iterable[QualityTest], kits: Mapping[str, datetime]) -> tuple[Awaited, ...]:
        """Every test without a result, the soonest due first; none of a lot that failed or was struck out.

        Args:
            tests: Of the definition.
            kits: Kits of the participant that are or were ready, and when they became so.
        """
        listed = tuple(tests)
        lots = {
            lot.number: lot.recorded_at
            for lot in self.standing
            if lot.recorded_at is not None and not self.failed(lot.number)
        }
        found = [
            Awaited(subject=subject, test=test, due_at=since + timedelta(days=test.due_days))
            for test in listed
            for subject, since in (kits if test.of_kit else lots).items()
            if self.result(subject, test.code) is None
        ]
        return tuple(sorted(found, key=lambda one: (one.due_at, one.subject, one.test.code)))

    def to_bytes(self, *, kept_free: int = FOR_FAILURES, typed: Mapping[str, str] | None = None) -> bytes:
        """Give the plaintext, always `PRODUCT_BYTES` long.

        Args:
            kept_free: Bytes that must be left over; none for a failed result, which always finds room.
            typed: The texts that were written just now, by field.

        Raises:
            Refused: The texts are too long.
        """
        values = {
            "lots": [_plain(lot) for lot in self.lots],
            "results": [_plain(one) for one in self.results],
            "note": self.note,
        }
        return sealed_texts.fill(values, PRODUCT_BYTES, kept_free=kept_free, typed=typed)

    @classmethod
    def from_bytes(cls, filled: bytes) -> ProductDetails:
        """Read what `to_bytes` gave, or what it gave when a product had one lot and no results.

        Raises:
            ValueError: The bytes are no product details.
        """
        values = sealed_texts.read(filled)
        try:
            return cls(
                lots=tuple(_lots(values)),
                results=tuple(
                    Recorded(**one | {"result": Result(one["result"]), "at": _moment(one["at"])})
                    for one in values.get("results", [])
                ),
                note=str(values["note"]),
            )
        except (KeyError, TypeError):
            raise ValueError("these bytes are no product details") from None


def demand_lot(lot: Lot, known: ProductDetails) -> None:
    """Refuse a lot without a number that fits a label, or one that is recorded already.

    Raises:
        Refused: The number is missing, too long or taken.
    """
    if not lot.number.strip():
        raise Refused(
            "The lot is missing. Nothing was changed.", field="lot", next_step="Copy it from the lot's label."
        )
    if len(lot.number) > LONGEST_LOT or not lot.number.isprintable():
        raise Refused(
            f"A lot has at most {LONGEST_LOT} characters on one line; got {len(lot.number)}. "
            "Nothing was changed.",
            field="lot",
            next_step="Copy it from the lot's label.",
        )
    if any(one.number == lot.number and not one.stands for one in known.lots):
        raise Refused(
            f"Lot {lot.number} was struck out of this product. Nothing was changed.",
            field="lot",
            next_step="Check the number on the lot's label. A lot that was struck out does not come back.",
        )
    if lot.number in {one.number for one in known.lots}:
        raise Refused(
            f"Lot {lot.number} is recorded already. Nothing was changed.",
            field="lot",
            next_step="Record a result of it, or check the number on the lot's label.",
        )


def strike_out(known: ProductDetails, number: str, *, at: datetime, by: int, why: str) -> ProductDetails:
    """Say of a lot that it was recorded by mistake; it stays in the record with its results.

    Args:
        known: What is written down.
        number: Of the lot.
        at: Now.
        by: Number of the account.
        why: Why.

    Raises:
        Refused: No such lot stands, kits may be made of it already, or the reason is missing or too long.
    """
    struck = next((lot for lot in known.standing if lot.number == number), None)
    if struck is None:
        raise Refused(
            "No such lot of this product stands. Nothing was changed.",
            field="lot",
            next_step="Choose a lot that is recorded and was not struck out.",
        )
    if struck.in_use:
        raise Refused(
            f"Lot {number} is in use, so it stays. Nothing was changed.",
            field="lot",
            next_step="Kits may have been made of it: record its results, whatever they say.",
        )
    if not why.strip():
        raise Refused(
            "Say why the lot is struck out. Nothing was changed.",
            field="why",
            next_step="Write the reason in a few words; it stays on this side.",
        )
    if len(why.strip()) > LONGEST_WHY:
        raise Refused(
            f"The reason has {len(why.strip())} characters; at most {LONGEST_WHY} fit. Nothing was changed.",
            field="why",
            next_step=f"Shorten it by {len(why.strip()) - LONGEST_WHY}.",
        )
    now = replace(struck, struck_at=at, struck_by=by, struck_why=why.strip())
    return replace(known, lots=tuple(now if lot is struck else lot for lot in known.lots))


def _lots(values: Mapping[str, Any]) -> Iterator[Lot]:
    if "lots" not in values:
        if values["lot"]:
            yield Lot(
                number=str(values["lot"]),
                cell_count=str(values["cell_count"]),
                viability=str(values["viability"]),
                form=str(values["form"]),
                in_use=True,
            )
        return
    for one in values["lots"]:
        moments = {name: one.get(name) for name in ("recorded_at", "struck_at")}
        yield Lot(**one | {name: _moment(text) if text else None for name, text in moments.items()})


def _plain(value: Any) -> dict[str, Any]:  # noqa: ANN401 - a lot or a result
    return {
        name: content.isoformat() if isinstance(content, datetime) else content
        for name, content in asdict(value).items()
    }


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
