"""What stands on a label: every item of Annex VI, in every language, and nothing of the content."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from randomizer.domain import labels
from randomizer.domain.definition import parse_definition
from randomizer.domain.label_texts import LANGUAGES, ROUTES, TEXTS
from randomizer.domain.labels import Label
from randomizer.domain.packaging import code_of
from randomizer.domain.supply import Kit, KitState
from randomizer.errors import DefinitionFaulty, Refused
from tests import activated

pytestmark = pytest.mark.requirement("labels")

READY = datetime(2027, 1, 7, 8, 4, tzinfo=UTC)
KIT = Kit(
    number="222471255",
    slot=3,
    period=2,
    state=KitState.READY,
    ready_at=READY,
    expires_at=READY.replace(hour=12),
)
HALF = 'name = "x"\n[[label.names]]\nlanguage = "it"\ntreatment = "MSC"\nname = "y"'
MESEMS = (activated.CONFIG / "mesems.toml").read_text(encoding="utf-8")


def label(site: str = "TLS", **changes: Any) -> Label:  # noqa: ANN401 - any field of the section
    definition = activated.small_definition()
    assert definition.label is not None
    changed = replace(definition, label=replace(definition.label, **changes))
    return labels.of(changed, KIT, participant="10019", site=site, rehearsal=False)


def said(one: Label) -> str:
    lines = [f"{name}: {value}" if name else value for name, value in one.lines]
    return "\n".join([one.trial, one.products, *one.first, *lines])


@pytest.mark.promise(1)
def test_every_item_stands_on_the_label_whatever_is_in_the_kit() -> None:
    text = said(label())
    for item in (
        "MESEMS (NCT02403947) · TLS · Toulouse University Hospital, Purpan",
        "Cellules souches mésenchymateuses autologues ou Milieu de suspension",
        "Pour essai clinique uniquement",
        "Pour usage autologue uniquement",
        "Participant (donneur et receveur): 10019 · Période 2 sur 2",
        "1 poche de 100 mL pour perfusion intraveineuse",
        f"Code de conditionnement (lot): {code_of('mesems', KIT.number)}",
        "À utiliser avant: 2027-01-07 12:04 UTC",
        "À conserver entre 15 °C et 25 °C",
        "Urgence, jour et nuit: +33 1 99 00 12 35",
        "Promoteur: University Hospital, Toulouse",
    ):
        assert item in text
    # Nothing that a label is made of could tell a treatment: one product, one slot or one sequence.
    assert {one.name for one in fields(Label)} & {"treatment", "sequence", "slot", "content"} == set()


def test_a_site_without_names_of_its_own_reads_those_of_the_definition() -> None:
    assert "Autologous mesenchymal stem cells or Suspension medium" in said(label("EX2"))


def test_the_symbol_holds_code_expiry_and_kit_and_the_gtin_where_there_is_one() -> None:
    code = code_of("mesems", KIT.number)
    plain = (("10", code), ("17", "270107"), ("21", KIT.number))
    assert label().elements == plain
    assert label(gtin="09501101530003").elements == (("01", "09501101530003"), *plain)


def test_every_language_has_every_text_and_every_route() -> None:
    for tongue in LANGUAGES:
        texts = TEXTS[tongue]
        assert set(texts.routes) == set(ROUTES)
        told = [getattr(texts, one.name) for one in fields(texts) if one.name != "routes"]
        assert all(told)
        assert "{low}" in texts.storage
        assert "{high}" in texts.storage
    assert len({texts.trial_use for texts in TEXTS.values()}) == len(LANGUAGES)


@pytest.mark.promise(18)
@pytest.mark.parametrize(
    ("old", "new", "place", "rule"),
    [
        ('language = "sv"\n\n', 'language = "xx"\n\n', "language", "must be one of"),
        ("store_from_c = 15", "store_from_c = 30", "store_from_c", "must be at most store_to_c, 25"),
        ("autologous = true", 'autologous = true\ngtin = "12345678901234"', "gtin", "check digit of GS1"),
        ('name = "Milieu de suspension"', HALF, "names", "must name every treatment in 'it', or none"),
    ],
)
def test_a_fault_of_the_section_is_named(old: str, new: str, place: str, rule: str) -> None:
    assert old in MESEMS
    with pytest.raises(DefinitionFaulty) as faulty:
        parse_definition(MESEMS.replace(old, new, 1), "trial.toml")
    assert any(place in where and rule in sentence for where, sentence in faulty.value.faults)


def test_without_the_section_and_before_ready_there_is_no_label() -> None:
    definition = activated.small_definition()
    named = {"participant": "10019", "site": "TLS", "rehearsal": True}
    with pytest.raises(Refused, match=r"no section \[label\]"):
        labels.of(replace(definition, label=None), KIT, **named)  # type: ignore[arg-type]
    with pytest.raises(Refused, match="not ready"):
        labels.of(definition, Kit(number="222471255", slot=3, period=2), **named)  # type: ignore[arg-type]
