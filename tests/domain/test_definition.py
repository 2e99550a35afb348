"""The blinded definition: read once, all faults at once, one canonical form."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from randomizer.domain.definition import canonical, digest, from_canonical, parse_definition
from randomizer.errors import DefinitionFaulty, Refused

if TYPE_CHECKING:
    from randomizer.domain.definition import Definition

pytestmark = pytest.mark.requirement("definition")


def faults_of(text: str) -> dict[str, str]:
    with pytest.raises(DefinitionFaulty) as caught:
        parse_definition(text, "trial.toml")
    return dict(caught.value.faults)


def test_the_example_says_what_is_known_of_mesems(mesems: Definition) -> None:
    assert (mesems.registry_id, mesems.design, mesems.period_count) == ("NCT02403947", "2x2x2", 2)
    assert (mesems.period(1).interval_days, mesems.period(2).interval_days) == (0, 168)
    assert mesems.masked_roles == ("participant", "care provider", "investigator", "outcomes assessor")
    assert mesems.carry_over.declared
    assert "washout" in mesems.carry_over.rationale
    assert {item.kind for item in mesems.eligibility} == {"inclusion", "exclusion"}


def test_the_machine_checks_are_those_of_the_record(mesems: Definition) -> None:
    checks = {check.field: check for item in mesems.eligibility for check in item.checks}
    limits = {
        field: (check.operator, check.low, check.high, check.inclusive) for field, check in checks.items()
    }

    assert limits == {
        "age_years": ("between", 18, 50, False),
        "disease_years": ("between", 2, 10, False),
        "edss": ("between", 3, Decimal("6.5"), False),
        "last_immunosuppressant": ("not within", None, 3, False),
        "last_interferon_glatiramer": ("not within", None, 1, True),
        "last_corticosteroid": ("not within", None, 30, True),
        "last_relapse": ("not within", None, 60, True),
        "egfr": ("at least", 60, None, False),
    }


def test_the_criterion_that_contradicts_itself_is_open(mesems: Definition) -> None:
    item = next(item for item in mesems.eligibility if item.text.startswith("If secondary progressive"))

    assert item.open_question is not None
    assert "contradiction" in item.open_question


def test_the_canonical_form_is_json_without_floats_and_comes_back(mesems: Definition) -> None:
    data = canonical(mesems)

    assert from_canonical(data) == mesems
    json.loads(data, parse_float=pytest.fail)
    assert digest(mesems) != digest(replace(mesems, title="Another"))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"{}",
        b"[[[[",
        b'{"format":"crossover-randomizer/v1/definition","value":{}}',
        b'{"format":"x","value":null}',
    ],
)
def test_other_bytes_are_no_canonical_form(data: bytes) -> None:
    with pytest.raises(DefinitionFaulty):
        from_canonical(data)


def test_a_canonical_form_that_is_written_otherwise_is_refused(mesems: Definition) -> None:
    data = canonical(mesems)

    for other in (
        data + b"\n",
        json.dumps(json.loads(data)).encode(),
        data.replace(b'"capacity":120', b'"capacity":true'),
        data.replace(b'"capacity":120', b'"capacity":120,"surplus":1'),
        data.replace(b"v1/definition", b"v2/definition"),
    ):
        assert other != data
        with pytest.raises(DefinitionFaulty):
            from_canonical(other)


def test_every_fault_is_listed_with_its_place(mesems_text: str) -> None:
    text = (
        mesems_text.replace("capacity = 120", "capacity = 0")
        .replace('course = "progressive"', 'course = "relapsing"')
        .replace('code = "EX1"', 'code = "TLS"', 1)
        .replace("kits_per_period", "kitz_per_period")
        .replace("high = 50", "high = 5")
        .replace("[quorum]", "[kworum]")
        .replace("minimum_interval_days = 161", 'minimum_interval_days = "161"')
        .replace('design = "2x2x2"', 'design = "3x2x2"')
        .replace("product_gate = true", "product_gate = 1")
    )

    assert faults_of(text) == {
        "trial.toml: trial.design": "must begin with the number of treatments listed, 2, got '3x2x2'",
        "trial.toml: trial.product_gate": "must be true or false, got 1",
        "trial.toml: periods[2].minimum_interval_days": (
            "must be a whole number between 1 and 3650, got '161'"
        ),
        "trial.toml: sites[2].code": "must be unique among the sites, got 'TLS'",
        "trial.toml: strata[1].capacity": "must be between 1 and 1000000, got 0",
        "trial.toml: strata[2].levels": "must not repeat strata[1].levels",
        "trial.toml: strata": "must have a stratum for course = progressive",
        "trial.toml: eligibility[1].checks[1].low": "must not be above its upper limit, got 18",
        "trial.toml: kits.kits_per_period": "is missing; it must be a whole number between 1 and 8",
        "trial.toml: kits.kitz_per_period": (
            "is not known here; known are: kits_per_period, expiry_minutes, lead_time_hours, storage_place, "
            "infusion_minutes, volume_ml, travel, second_person, preparation_minutes"
        ),
        "trial.toml: quorum": "is missing; it must be a table",
        "trial.toml: kworum": (
            "is not known here; known are: trial, kits, treatments, periods, sites, factors, carry_over, "
            "strata, eligibility, quorum, code_break, notices, label, quality_tests, "
            "assessments"
        ),
    }


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ("window_before_days = 7 ", "window_before_days = 8 ", "periods[2].window_before_days", "161 days"),
        ("interval_days = 168 ", "interval_days = 160 ", "periods[2].interval_days", "at least"),
        ("number = 2", "number = 3", "periods[2].number", "must be 2"),
        ("k = 2", "k = 4", "quorum.k", "at most n, 3"),
        ("low_water = 12", "low_water = 121", "strata[1].low_water", "at most the capacity, 120"),
        ('code = "TLS"', 'code = "T S"', "sites[1].code", "ASCII letters, digits or hyphens"),
        ('"outcomes assessor"]', '"sponsor"]', "trial.masked_roles[4]", "one of: participant"),
        (
            'time_points = ["week 24", "week 48"]',
            'time_points = ["week 24", "week 47"]',
            "assessments[1].windows[2].time_point",
            "one of: week 24, week 47",
        ),
        (
            '{ time_point = "week 48", due_days = 336, ',
            '{ time_point = "week 24", due_days = 336, ',
            "assessments[1].windows[2].time_point",
            "unique among the windows",
        ),
        ("before_days = 14, ", "", "assessments[1].windows[1].before_days", "is missing"),
        ('"outcomes assessor"]', '"participant"]', "trial.masked_roles[4]", "unique"),
        ('["trial manager"]', '["boss"]', "notices.low_water_roles[1]", "one of: investigator"),
        ("low = 60,", "", "eligibility[21].checks[1].low", "is missing"),
        (
            'unit = "days", operator',
            'unit = "weeks", operator',
            "eligibility[14].checks[1].unit",
            "days, mon",
        ),
        ("high = 3, ", "high = 2.5, ", "eligibility[12].checks[1].high", "whole number of at least 1"),
        (", inclusive = false }", " }", "eligibility[12].checks[1].inclusive", "is missing"),
        ("low = 3.0,", "low = inf,", "eligibility[7].checks[1].low", "must be a number below"),
        ("low = 3.0,", 'low = "3",', "eligibility[7].checks[1].low", "must be a number, got '3'"),
        ('field = "edss"', 'field = "egfr"', "eligibility[21].checks[1].field", "unique"),
        ('code = "EX15"', 'code = "EX14"', "eligibility[23].code", "unique among the items"),
        ('code = "EX15"', 'code = "EX15"\nsites = ["XXX"]', "eligibility[23].sites[1]", "one of: TLS, EX1"),
        ('"+33 1 99 00 12 35"', '"15"', "code_break.telephone", "country code"),
        ("expiry_minutes = 240", "expiry_minutes = 0x" + "f" * 5000, "kits.expiry_minutes", "more than 64"),
        (
            "expiry_minutes = 240",
            "expiry_minutes = 240\npreparation_minutes = 240",
            "kits.preparation_minutes",
            "less than expiry_minutes, 240",
        ),
        (
            "volume_ml = 100",
            "volume_ml = 100\npreparation_minutes = 0",
            "kits.preparation_minutes",
            "1 and 1440",
        ),
        ('name = "Disease course"', 'name = "Disease\\u0007"', "factors[1].name", "control characters"),
        ('levels = { course = "relapsing" }', "levels = {}", "strata[1].levels.course", "is missing"),
        (
            'levels = { course = "relapsing" }',
            'levels = { course = "relapsing", sex = "f" }',
            "strata[1].levels.sex",
            "is not a factor",
        ),
        ('title = "Mes', 'title = "' + "x" * 400 + "Mes", "trial.title", "at most 400 characters"),
        ('"2x2x2"', '"2x1x2"', "trial.design", "at least 2 treatments, 2 sequences"),
        ('"2x2x2"', '"AB/BA"', "trial.design", "such as 2x2x2"),
    ],
)
def test_a_single_fault_is_named(mesems_text: str, old: str, new: str, place: str, words: str) -> None:
    changed = mesems_text.replace(old, new)
    assert changed != mesems_text

    faults = faults_of(changed)

    assert words in faults[f"trial.toml: {place}"]


def test_what_is_not_toml_is_one_fault_with_its_line() -> None:
    assert faults_of("[trial\n") == {"trial.toml": "is not TOML (line 1, column 7)"}


@given(st.text(max_size=200))
def test_any_text_gives_faults_and_nothing_else(text: str) -> None:
    with pytest.raises(DefinitionFaulty):
        parse_definition(text, "trial.toml")


@given(data=st.data())
def test_a_definition_with_one_line_lost_or_doubled_is_read_or_listed(
    data: st.DataObject, mesems_text: str
) -> None:
    lines = mesems_text.split("\n")
    at = data.draw(st.integers(0, len(lines) - 1))
    changed = data.draw(
        st.sampled_from([lines[:at] + lines[at + 1 :], lines[:at] + lines[at:][:1] + lines[at:]])
    )

    try:
        parse_definition("\n".join(changed), "trial.toml")
    except DefinitionFaulty as faulty:
        assert faulty.faults  # noqa: PT017 - both endings are right


def test_a_stratum_is_found_by_its_levels(mesems: Definition) -> None:
    assert mesems.stratum_of({"course": "progressive"}).code == "PRO"


@pytest.mark.parametrize(
    ("levels", "field", "words"),
    [
        ({}, "course", "is missing"),
        ({"course": "mild"}, "course", "must be one of: relapsing (Relapsing-remitting)"),
        ({"course": "relapsing", "sex": "f"}, "sex", "is no stratification factor"),
    ],
)
def test_wrong_levels_are_refused_by_factor(
    mesems: Definition, levels: dict[str, str], field: str, words: str
) -> None:
    with pytest.raises(Refused, match=words.replace("(", r"\(").replace(")", r"\)")) as caught:
        mesems.stratum_of(levels)

    assert caught.value.field == field


def test_unknown_site_and_period_are_refused(mesems: Definition) -> None:
    assert mesems.site("TLS").country == "France"
    with pytest.raises(Refused, match="TLS, EX1, EX2, EX3"):
        mesems.site("XXX")
    with pytest.raises(Refused, match="between 1 and 2, got 3"):
        mesems.period(3)


def test_items_may_differ_per_site(mesems_text: str) -> None:
    text = mesems_text.replace('code = "EX15"', 'code = "EX15"\nsites = ["EX1"]')
    definition = parse_definition(text, "trial.toml")

    def codes(site: str) -> set[str]:
        return {item.code for item in definition.items_for(site)}

    assert codes("EX1") - codes("TLS") == {"EX15"}


def test_the_levels_of_the_factor_site_are_the_sites(mesems_text: str) -> None:
    start, end = mesems_text.index("[[factors]]"), mesems_text.index("[kits]")
    strata = "".join(
        f'[[strata]]\ncode = "{code}"\nlevels = {{ site = "{code}" }}\ncapacity = 8\nlow_water = 1\n'
        for code in ("TLS", "EX1", "EX2", "EX3")
    )
    text = mesems_text[:start] + '[[factors]]\ncode = "site"\nname = "Site"\n' + strata + mesems_text[end:]

    assert parse_definition(text, "trial.toml").stratum_of({"site": "EX2"}).code == "EX2"


def test_a_trial_without_factors_has_one_stratum(mesems_text: str) -> None:
    start, end = mesems_text.index("[[factors]]"), mesems_text.index("[kits]")
    stratum = '[[strata]]\ncode = "ALL"\ncapacity = 8\nlow_water = 1\n'
    definition = parse_definition(mesems_text[:start] + stratum + mesems_text[end:], "trial.toml")

    assert definition.stratum_of({}).code == "ALL"
    assert definition.capacity == 8


def test_what_was_signed_before_a_field_was_added_is_still_read_byte_for_byte(mesems: Definition) -> None:
    """Fields come with a default, and one that has it does not stand in the canonical form."""
    plain = replace(mesems, staged_release=False, open_questions=(), label=None)
    signed = canonical(plain)
    assert not {"staged_release", "open_questions", "label"} & json.loads(signed)["value"].keys()
    assert "preparation_minutes" not in json.loads(signed)["value"]["kits"]
    assert from_canonical(signed) == plain
    spelled_out = json.loads(signed)
    spelled_out["value"]["staged_release"] = False
    with pytest.raises(DefinitionFaulty):
        from_canonical(rfc8785.dumps(spelled_out))
