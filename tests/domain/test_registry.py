"""Registry records: three formats, and refusals that name the field."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from randomizer.domain.registry import read_record
from randomizer.errors import RecordRefused

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.requirement("draft")
FOUR = ("participant", "care provider", "investigator", "outcomes assessor")
XML = """<?xml version="1.0" encoding="UTF-8"?><Trials_downloaded_from_ICTRP><Trial>
<TrialID>X1</TrialID><Public_title>{title}</Public_title><Study_type>{kind}</Study_type>
<Study_design>{design}</Study_design><Intervention>Drug: A;Drug: B</Intervention>
</Trial></Trials_downloaded_from_ICTRP>"""


def xml(design: str, *, kind: str = "Interventional", title: str = "A trial") -> bytes:
    return XML.format(design=design, kind=kind, title=title).encode()


def study(**design_info: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {
        "protocolSection": {
            "identificationModule": {"nctId": "NCT00000001", "briefTitle": "A trial"},
            "designModule": {
                "studyType": "INTERVENTIONAL",
                "designInfo": {"allocation": "RANDOMIZED", "interventionModel": "CROSSOVER"} | design_info,
            },
        }
    }


def refusal(data: bytes, trial_id: str | None = None) -> RecordRefused:
    with pytest.raises(RecordRefused) as caught:
        read_record(data, trial_id)
    return caught.value


def test_the_record_in_config_is_read(mesems_record: bytes) -> None:
    record = read_record(mesems_record)

    assert record.registry_id == "NCT02403947"
    assert record.masked_roles == FOUR
    assert record.interventions == ("Drug: Suspension media", "Drug: Mesenchymal stem cells")
    assert (record.age_minimum, record.age_maximum) == ("18 Years", "50 Years")
    assert record.places == ("France",)


@pytest.mark.parametrize("name", ["ictrp_portal_text_NCT02403947.txt", "ictrp_reconstructed_NCT02403947.xml"])
def test_the_real_mesems_record_reads_the_same_in_both_formats(conformance: Path, name: str) -> None:
    record = read_record((conformance / "registry" / name).read_bytes())

    assert record.registry_id == "NCT02403947"
    assert record.title == "MEsenchymal StEm Cells for Multiple Sclerosis MESEMS"
    assert record.sponsor == "University Hospital, Toulouse"
    assert record.model.text == "Crossover Assignment"
    assert record.allocation.text == "Randomized"
    assert record.masked_roles == FOUR
    assert record.interventions == ("Drug: Suspension media", "Drug: Mesenchymal stem cells")
    assert record.target_size == "1"
    assert record.criteria.startswith("Inclusion Criteria:")
    assert record.criteria.endswith("guidelines.")


def test_our_own_record_states_the_same_facts(conformance: Path, mesems_record: bytes) -> None:
    real = read_record((conformance / "registry" / "ictrp_portal_text_NCT02403947.txt").read_bytes())
    own = read_record(mesems_record)

    for field in ("registry_id", "sponsor", "phase", "allocation", "model", "masking", "interventions"):
        assert getattr(own, field) == getattr(real, field)
    assert own.criteria != real.criteria


def test_a_real_clinicaltrials_gov_record_keeps_its_arms_apart(conformance: Path) -> None:
    record = read_record((conformance / "registry" / "ctgov_v2_NCT03418623.json").read_bytes())

    assert record.registry_id == "NCT03418623"
    assert record.interventions == ("GET73", "Placebo")
    assert record.arms == ("GET73", "Placebo")
    assert record.masked_roles == FOUR


def test_a_real_export_of_several_trials_needs_the_identifier(conformance: Path) -> None:
    data = (conformance / "registry" / "ictrp_export_subset.xml").read_bytes()

    assert refusal(data).message == "The file holds 3 trials: ChiCTR2000030704, NCT04251767, NCT04252664."
    assert "does not hold NCT1" in refusal(data, "NCT1").message
    parallel = refusal(data, "NCT04251767")
    assert (parallel.field, "got 'Parallel Assignment'" in parallel.message) == ("Study_design", True)
    unstated = refusal(data, "ChiCTR2000030704")
    assert unstated.message == "Study_design must state that the trial is randomized; got 'Cross-over'."


@pytest.mark.parametrize(
    "design",
    [
        "Allocation: Randomized. Intervention model: Crossover Assignment. Masking: None.",
        (
            "Controlled: yes Randomised: yes Open: no Single blind: no Double blind: yes Parallel group: no "
            "Cross over: yes Other: no"
        ),
        "Allocation: Randomised controlled trial; Assignment: Crossover; Blinding: Open",
        "Randomized, Crossover Trial",
        "Randomised cross-over",
        "Randomization: Randomized, Blinding: Double blinded, Assignment: Crossover.",
        "Controlled: yes\nRandomised: yes\nParallel group: no\nCross over: yes\n",
    ],
)
def test_randomized_crossover_in_the_words_of_many_registers(design: str) -> None:
    assert read_record(xml(design)).registry_id == "X1"


@pytest.mark.parametrize(
    ("design", "wanted"),
    [
        (
            "Allocation: Randomized. Intervention model: Parallel Assignment. Masking: None.",
            "a crossover trial",
        ),
        ("Randomised: yes. Parallel group: yes. Cross over: no", "a crossover trial"),
        ("Randomised: yes. Cross over: No", "a crossover trial"),
        ("Randomized. Cross-Sectional", "a crossover trial"),
        ("Randomized, not a crossover", "a crossover trial"),
        (
            "Allocation: Randomized. Intervention model: Parallel. After progression: cross-over",
            "a crossover",
        ),
        ("", "a crossover trial"),
        ("Allocation: Non-Randomized. Intervention model: Crossover Assignment.", "randomized"),
        ("Allocation: N/A. Intervention model: Crossover Assignment.", "randomized"),
        ("Non randomised crossover", "randomized"),
        ("Quasi-randomized; Assignment: Crossover", "randomized"),
        ("Randomised: no Cross over: yes", "randomized"),
        ("Not randomised; Assignment: cross over", "randomized"),
        ("Cross-over", "randomized"),
    ],
)
def test_other_designs_are_refused_with_the_field(design: str, wanted: str) -> None:
    refused = refusal(xml(design))

    assert refused.field == "Study_design"
    assert f"Study_design must state that the trial is {wanted}" in refused.message


def test_a_title_can_state_randomization_where_the_design_is_silent() -> None:
    assert read_record(xml("Cross-over", title="A randomised trial of A and B")).registry_id == "X1"
    assert refusal(xml("Cross-over", title="A non-randomised trial")).field == "Study_design"
    assert refusal(
        xml("Allocation: N/A. Intervention model: Crossover", title="A randomised trial")
    ).message.endswith("got 'N/A'.")


def test_an_observational_study_is_refused() -> None:
    refused = refusal(xml("Randomized crossover", kind="Observational"))

    assert (refused.field, "interventional; got 'Observational'" in refused.message) == ("Study_type", True)


@pytest.mark.parametrize(
    ("info", "field"),
    [
        ({"interventionModel": "PARALLEL"}, "interventionModel"),
        ({"interventionModel": None}, "interventionModel"),
        ({"interventionModel": ["CROSSOVER"]}, "interventionModel"),
        ({"allocation": "NON_RANDOMIZED"}, "allocation"),
        ({"allocation": "NA"}, "allocation"),
        ({"allocation": ""}, "allocation"),
    ],
)
def test_json_refusals_name_the_full_path(info: dict[str, Any], field: str) -> None:
    refused = refusal(json.dumps(study(**info)).encode())

    assert refused.field == f"protocolSection.designModule.designInfo.{field}"


def test_masking_may_be_absent() -> None:
    assert read_record(json.dumps(study()).encode()).masked_roles == ()
    assert read_record(b"\xef\xbb\xbf" + json.dumps([study()]).encode()).registry_id == "NCT00000001"
    assert read_record(json.dumps({"studies": [study()]}).encode()).registry_id == "NCT00000001"


@pytest.mark.promise(18)
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "has no"),
        (b"Some text", 'it has no "Main ID:"'),
        (b"\xff\xfe", "it is not UTF-8 text"),
        (b"{", "it is not JSON"),
        (b"[" * 100_000, "it is not JSON"),
        (b"{}", "protocolSection is missing"),
        (b"[]", "holds no trial"),
        (b'{"protocolSection": {}}', "it has no registry identifier"),
        (b"<a>", "it is not plain XML"),
        (b"<a/>", "holds no trial"),
        (b'<?xml version="1.0" encoding="nonsense"?><a/>', "it is not plain XML"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "it is not plain XML"),
        (b"<Trial><TrialID>1</TrialID></Trial>", "Study_type must state"),
        (b"Main ID: 1\nStudy type: Interventional\n", "Study design must state"),
        (b"x" * 20_000_001, "more than 20000000"),
    ],
)
def test_what_cannot_be_read_is_said(data: bytes, words: str) -> None:
    assert words in refusal(data).message


@given(st.binary(max_size=300))
@example(b'{"protocolSection": {"identificationModule": {"nctId": "\\ud800"}}}')
@example(b"<Trial><TrialID>\x00</TrialID></Trial>")
def test_any_bytes_are_refused_and_nothing_else(data: bytes) -> None:
    refusal(data)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(data=st.data())
def test_any_value_at_any_place_of_a_json_record_is_read_or_refused(data: st.DataObject) -> None:
    record = study()
    protocol = record["protocolSection"]
    module = data.draw(
        st.sampled_from(
            [*protocol, "armsInterventionsModule", "eligibilityModule", "contactsLocationsModule"]
        )
    )
    protocol[module] = data.draw(
        JSON_VALUES
        | st.dictionaries(
            st.sampled_from(["nctId", "designInfo", "interventions", "armGroups", "locations", "phases"]),
            JSON_VALUES,
        )
    )

    try:
        assert read_record(json.dumps(record).encode()).registry_id
    except RecordRefused as refused:
        assert refused.field  # noqa: PT017 - both endings are right


@given(data=st.data())
def test_a_portal_record_with_lines_lost_is_read_or_refused(
    data: st.DataObject, mesems_record: bytes
) -> None:
    lines = mesems_record.split(b"\n")
    start = data.draw(st.integers(0, len(lines)))
    end = data.draw(st.integers(start, len(lines)))

    try:
        assert read_record(b"\n".join(lines[:start] + lines[end:])).registry_id == "NCT02403947"
    except RecordRefused as refused:
        assert refused.field  # noqa: PT017 - both endings are right
