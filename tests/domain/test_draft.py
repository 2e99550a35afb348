"""A draft holds the facts, marks what is open, and guesses no sequence."""

from __future__ import annotations

import json
import re
import tomllib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from randomizer.domain.criteria import split
from randomizer.domain.definition import parse_definition
from randomizer.domain.draft import draft
from randomizer.domain.registry import read_record
from randomizer.errors import DefinitionFaulty

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.requirement("draft")
ALWAYS_OPEN = {
    "trial.telephone",
    "trial.design",
    "trial.product_gate",
    "sites",
    "periods",
    "carry_over",
    "strata",
    "kits",
    "quorum",
    "code_break",
    "notices",
}


def fault_places(text: str) -> set[str]:
    with pytest.raises(DefinitionFaulty) as caught:
        parse_definition(text, "draft")
    assert all("is missing" in sentence for _, sentence in caught.value.faults)
    return {place.removeprefix("draft: ") for place, _ in caught.value.faults}


def marked_places(text: str) -> set[str]:
    return set(re.findall(r"^# OPEN: ([a-z_.]+): ", text, re.MULTILINE))


def record_of(title: str, interventions: list[str], criteria: str = "") -> bytes:
    protocol = {
        "identificationModule": {"nctId": "NCT00000001", "briefTitle": title},
        "designModule": {
            "studyType": "INTERVENTIONAL",
            "designInfo": {"allocation": "RANDOMIZED", "interventionModel": "CROSSOVER"},
        },
        "armsInterventionsModule": {"interventions": [{"name": name} for name in interventions]},
        "eligibilityModule": {"eligibilityCriteria": criteria},
    }
    return json.dumps({"protocolSection": protocol}).encode()


def test_the_draft_of_mesems_has_just_the_open_faults(mesems_record: bytes) -> None:
    text = draft(read_record(mesems_record))

    assert fault_places(text) == ALWAYS_OPEN
    assert marked_places(text) == ALWAYS_OPEN | {"treatments"}


def test_every_mark_stands_in_the_list_of_open_questions(mesems_record: bytes) -> None:
    text = draft(read_record(mesems_record))

    listed = {question.split(":")[0] for question in tomllib.loads(text)["trial"]["open_questions"]}
    assert listed >= marked_places(text)


@pytest.mark.parametrize(
    "name",
    [
        "ictrp_portal_text_NCT02403947.txt",
        "ictrp_reconstructed_NCT02403947.xml",
        "ctgov_v2_NCT03418623.json",
    ],
)
def test_the_drafts_of_real_records_have_just_the_open_faults(conformance: Path, name: str) -> None:
    text = draft(read_record((conformance / "registry" / name).read_bytes()))

    assert fault_places(text) == ALWAYS_OPEN


def test_arms_are_never_taken_for_sequences(conformance: Path) -> None:
    text = draft(read_record((conformance / "registry" / "ctgov_v2_NCT03418623.json").read_bytes()))
    loaded = tomllib.loads(text)

    assert "sequences" not in loaded
    assert "design" not in loaded["trial"]
    assert any("not taken for sequences: GET73; Placebo" in q for q in loaded["trial"]["open_questions"])


def test_the_facts_of_mesems_are_in_its_draft(mesems_record: bytes) -> None:
    loaded = tomllib.loads(draft(read_record(mesems_record)))

    assert loaded["trial"]["registry_id"] == "NCT02403947"
    assert len(loaded["trial"]["masked_roles"]) == 4
    assert [treatment["name"] for treatment in loaded["treatments"]] == [
        "Drug: Suspension media",
        "Drug: Mesenchymal stem cells",
    ]
    assert loaded["eligibility"][0]["checks"] == [
        {
            "field": "age_years",
            "label": "Age",
            "unit": "years",
            "operator": "between",
            "low": 18,
            "high": 50,
        }
    ]
    kinds = [item["kind"] for item in loaded["eligibility"]]
    assert (kinds.count("inclusion"), kinds.count("exclusion")) == (9, 14)


def test_a_completed_draft_is_a_definition(mesems_record: bytes, mesems_text: str) -> None:
    text = draft(read_record(mesems_record))
    uncommented = re.sub(r"^#   ", "", text, flags=re.MULTILINE)
    second = uncommented.replace(
        "[carry_over]",
        "[[periods]]\nnumber = 2\ninterval_days = 168\nminimum_interval_days = 161\n"
        "window_before_days = 7\nwindow_after_days = 14\n[carry_over]",
    )

    assert parse_definition(second, "completed").design == "2x2x2"


def test_what_a_record_leaves_out_is_open_too() -> None:
    text = draft(read_record(record_of("A trial", ["A"])))

    assert fault_places(text) == ALWAYS_OPEN | {
        "trial.phase",
        "trial.sponsor",
        "trial.masked_roles",
        "treatments",
        "eligibility",
    }
    assert fault_places(text) == marked_places(text)


@given(
    title=st.text(max_size=500),
    interventions=st.lists(st.text(max_size=100), max_size=4),
    criteria=st.text(max_size=300),
)
def test_any_texts_of_a_record_give_a_readable_draft(
    title: str, interventions: list[str], criteria: str
) -> None:
    text = draft(read_record(record_of(title, interventions, criteria)))

    assert fault_places(text) >= ALWAYS_OPEN
    assert fault_places(text) <= marked_places(text)


def test_criteria_are_split_at_headings_bullets_and_empty_lines() -> None:
    text = "Inclusion Criteria:\n1. one\ntwo\n2) three\n\nfour\nExclusion Criteria: five\n- six\nand x"

    assert [(one.kind[:2], one.text) for one in split(text)] == [
        ("in", "one two"),
        ("in", "three"),
        ("in", "four"),
        ("ex", "five"),
        ("ex", "six and x"),
    ]
