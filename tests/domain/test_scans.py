"""Whatever a wedge sends of a label or a card is read back exactly, or refused; never as another number."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as some

from randomizer.domain import scans
from randomizer.domain.layouts import LAYOUTS, US, Layout, typed
from randomizer.domain.numbers import damm, group3, participant_number, with_check
from randomizer.errors import Refused

pytestmark = [pytest.mark.promise(18), pytest.mark.requirement("scan")]

PAIRS = tuple(product(LAYOUTS, repeat=2))
KITS = some.integers(10_000_000, 99_999_999).map(with_check)
PARTICIPANTS = some.integers(1, 98_000).map(participant_number)
BATCHES = some.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-", min_size=1, max_size=20)
EXPIRIES = some.dates().map(lambda day: f"{day:%y%m%d}")
ENDINGS = some.sampled_from(["", "\r", "\t", "\r\n", " "])
GTIN = "09506000134352"
KIT = with_check(48_211_903)


@some.composite
def labels(draw: some.DrawFn, separator: str) -> tuple[str, str]:
    """What the code of a label holds, and the kit number in it."""
    kit, batch, expiry = draw(KITS), draw(BATCHES), draw(EXPIRIES)
    gtin = draw(some.sampled_from(["", f"01{GTIN}"]))
    prefix = draw(some.sampled_from(["", "]d2", "]C1", "]Q3"]))
    return f"{prefix}{gtin}10{batch}{separator}17{expiry}21{kit}", kit


def read_or_refused(text: str, kit: str) -> bool:
    """Whether it was read; if so, as what was meant, and else the refusal shows that it was ambiguous."""
    try:
        assert scans.kit_number(text) == kit
    except Refused as refused:
        assert "can be read as more than one kit number; got" in refused.message  # noqa: PT017
        return False
    return True


def test_a_layout_has_a_sign_for_every_key() -> None:
    assert {len(layout.plain) for layout in LAYOUTS.values()} == {47}
    assert {len(layout.shifted) for layout in LAYOUTS.values()} == {47}
    assert all(len(set(layout.signs)) == 94 for layout in LAYOUTS.values())


@pytest.mark.parametrize("pair", PAIRS, ids=["-".join(pair) for pair in PAIRS])
@settings(max_examples=15)
@given(kit=KITS, participant=PARTICIPANTS, ending=ENDINGS, prefix=some.sampled_from(["", "]C0", "]d1"]))
def test_plain_digits_come_back_from_every_pair_of_layouts(
    pair: tuple[str, str], kit: str, participant: str, ending: str, prefix: str
) -> None:
    scanner, computer = (LAYOUTS[name] for name in pair)
    prefix = prefix if "]" in scanner.signs else ""
    sent = typed(f"{prefix}{kit}", scanner, computer) + ending
    if read_or_refused(sent, kit):
        assert scans.is_kit(sent)
    card = typed(participant, scanner, computer) + ending
    try:
        assert scans.participant_number(card) == participant
    except Refused as refused:
        assert "more than one participant number" in refused.message  # noqa: PT017


def test_a_us_scanner_is_read_on_every_keyboard_and_hardly_ever_refused() -> None:
    kits = [with_check(10_000_000 + 89_989 * step) for step in range(500)]
    for layout in LAYOUTS.values():
        refused = sum(not read_or_refused(typed(kit, US, layout), kit) for kit in kits)
        assert refused <= 1


@given(label=labels("\x1d"), scanner=some.sampled_from(list(LAYOUTS.values())), data=some.data())
def test_a_label_is_read_from_every_pair_of_layouts(
    label: tuple[str, str], scanner: Layout, data: some.DataObject
) -> None:
    text, kit = label
    assume("]" not in text or "]" in scanner.signs)
    computer = data.draw(some.sampled_from(list(LAYOUTS.values())))
    read_or_refused(typed(text, scanner, computer), kit)


@given(label=labels(""), computer=some.sampled_from(list(LAYOUTS.values())))
def test_a_label_whose_separator_the_keyboard_swallowed(label: tuple[str, str], computer: Layout) -> None:
    text, kit = label
    read_or_refused(typed(text, US, computer), kit)


@given(kit=KITS, batch=BATCHES, expiry=EXPIRIES, computer=some.sampled_from(list(LAYOUTS.values())))
def test_the_form_for_people_is_read_as_well(kit: str, batch: str, expiry: str, computer: Layout) -> None:
    text = f"(01){GTIN}(10){batch}(17){expiry}(21){kit}"
    read_or_refused(typed(text, US, computer), kit)


@given(kit=KITS, join=some.sampled_from(["", "\r", "\r\n", "\t"]), label=labels("\x1d"))
def test_a_scan_that_came_twice_counts_once(kit: str, join: str, label: tuple[str, str]) -> None:
    assert scans.kit_number(f"{kit}{join}{kit}{join}") == kit
    assert scans.kit_number(f"{label[0]}{join}{label[0]}") == label[1]
    assert scans.kit_number(f" {kit[:3]}-{kit[3:6]}\u202f{kit[6:]} ") == kit


@example(number="123123")
@given(number=PARTICIPANTS)
def test_a_card_that_looks_like_half_of_it_twice(number: str) -> None:
    assume(damm(number) == 0)
    assert scans.participant_number(number) == number
    assert scans.participant_number(number * 2) == number


@given(text=some.text(max_size=60))
def test_nothing_else_is_read(text: str) -> None:
    try:
        found = scans.kit_number(text)
    except Refused as refused:
        assert refused.field == "kit"  # noqa: PT017
        assert refused.next_step  # noqa: PT017
        return
    assert damm(found) == 0


# Signs that stand for one digit on a French keyboard and for another on a US one.
def test_what_can_be_read_as_two_kits_is_refused_and_shown() -> None:
    twofold = next(
        text
        for signs in product('&"(', repeat=9)
        if (text := "".join(signs))
        and damm(text.translate(str.maketrans('&"(', "135"))) == 0
        and damm(text.translate(str.maketrans('&"(', "628"))) == 0
    )
    with pytest.raises(Refused) as refused:
        scans.kit_number(twofold)
    assert repr(twofold) in refused.value.message
    assert refused.value.next_step == "Type the digits from the label."


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "The kit number is missing."),
        (KIT[:8], f"A kit number has 9 digits; got 8: {group3(KIT[:8])}."),
        (f"{KIT}\t{with_check(10_000_000)}", f"More than one scan came in at once; got '{KIT} and"),
        ("https://example.org/9506000134352", "A kit number has digits only; got 'https://example.org/'"),
        ("1" * 500, "A kit number is shorter; got 500 characters."),
        (f"01{GTIN}17270131", "A kit number is shorter; got 24 digits."),
    ],
)
def test_a_refusal_says_what_came_in(text: str, sentence: str) -> None:
    with pytest.raises(Refused) as refused:
        scans.kit_number(text)
    assert sentence in refused.value.message


@given(kit=KITS, at=some.integers(0, 7))
def test_two_digits_that_changed_places_are_named(kit: str, at: int) -> None:
    assume(kit[at] != kit[at + 1])
    swapped = kit[:at] + kit[at + 1] + kit[at] + kit[at + 2 :]
    with pytest.raises(Refused) as refused:
        scans.kit_number(swapped)
    message = refused.value.message
    if "Look first at" in message:
        assert f"{swapped[at]} {swapped[at + 1]} (digits {at + 1} and {at + 2})" in message
