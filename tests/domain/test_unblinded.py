"""The unblinded definition: checked against the blinded one, silent about what it says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from randomizer.domain.definition import Definition, Treatment, parse_definition
from randomizer.domain.trial import Kind
from randomizer.domain.unblinded import canonical, from_canonical, parse_unblinded, salted_commitment
from randomizer.errors import DefinitionFaulty, Refused

if TYPE_CHECKING:
    from randomizer.domain.unblinded import UnblindedDefinition

BLOCKS = '[procedure]\nkind = "permuted-blocks"\nblock_sizes = [4]\n'
AB_BA = """
rehearsal_only = false
[[sequences]]
code = "AB"
treatments = ["MSC", "MEDIUM"]
[[sequences]]
code = "BA"
treatments = ["MEDIUM", "MSC"]
"""


def faults_of(text: str, definition: Definition) -> dict[str, str]:
    with pytest.raises(DefinitionFaulty) as caught:
        parse_unblinded(text, definition, "u.toml")
    return dict(caught.value.faults)


def three_by_three(mesems: Definition, design: str, count: int) -> Definition:
    third = replace(mesems.periods[1], number=3)
    treatments = (*mesems.treatments, Treatment(code="SALINE", name="Saline", spares=1))
    return replace(
        mesems, design=design, sequence_count=count, treatments=treatments, periods=(*mesems.periods, third)
    )


@pytest.mark.requirement("definition")
def test_the_example_is_read_and_comes_back(mesems_unblinded: UnblindedDefinition) -> None:
    assert [sequence.code for sequence in mesems_unblinded.sequences] == ["AB", "BA"]
    assert from_canonical(canonical(mesems_unblinded)) == mesems_unblinded


@pytest.mark.promise(3)
def test_nothing_of_it_shows_in_a_repr(mesems_unblinded: UnblindedDefinition) -> None:
    shown = [
        repr(mesems_unblinded),
        repr(mesems_unblinded.procedure),
        *(f"{sequence}" for sequence in mesems_unblinded.sequences),
    ]

    assert shown == [
        "UnblindedDefinition(masked)",
        "Procedure(masked)",
        "Sequence(masked)",
        "Sequence(masked)",
    ]


@pytest.mark.requirement("rehearsal")
def test_the_example_is_refused_in_production(mesems_unblinded: UnblindedDefinition) -> None:
    mesems_unblinded.demand_fit(Kind.REHEARSAL)
    with pytest.raises(Refused, match="rehearsal_only") as caught:
        mesems_unblinded.demand_fit(Kind.PRODUCTION)
    assert caught.value.field == "rehearsal_only"
    replace(mesems_unblinded, rehearsal_only=False).demand_fit(Kind.PRODUCTION)


@pytest.mark.promise(13)
def test_the_commitment_needs_the_salt(mesems_unblinded: UnblindedDefinition) -> None:
    commitments = {salted_commitment(mesems_unblinded, salt * 32) for salt in (b"\0", b"\1")}

    assert len(commitments) == 2


@pytest.mark.requirement("definition")
def test_every_fault_is_listed(mesems: Definition) -> None:
    text = """
[[sequences]]
code = "AB"
treatments = ["MSC", "CANARY-1"]
[[sequences]]
code = "AB"
treatments = ["MSC"]
canary = "CANARY-2"
[[sequences]]
code = "CANARY 3"
treatments = ["MSC", "CANARY-1"]
[procedure]
kind = "permuted-blocks"
block_sizes = [5, 77777, 5]
weights = [1, 88888]
limit = 3
"""

    assert faults_of(text, mesems) == {
        "u.toml: sequences[1].treatments": "must name treatments of the definition",
        "u.toml: sequences[2].treatments": "must name one treatment for each of 2 periods",
        "u.toml: sequences[3].treatments": "must be unique among the sequences",
        "u.toml: sequences[2].-": "is not known here; known are: code, treatments",
        "u.toml: sequences[2].code": "must be unique among the sequences",
        "u.toml: sequences[3].code": "must be 1 to 16 ASCII letters, digits or hyphens",
        "u.toml: sequences": "must use every treatment of the definition",
        "u.toml: procedure.block_sizes[2]": "must be between 2 and 24",
        "u.toml: procedure.block_sizes": "must not repeat a size; use weights",
        "u.toml: procedure.weights[2]": "must be between 1 and 1000",
        "u.toml: procedure.-": "is not known here; known are: kind, block_sizes, weights",
        "u.toml: rehearsal_only": "is missing; it must be true or false",
    }


@pytest.mark.promise(3)
@pytest.mark.parametrize(
    "text",
    [
        AB_BA.replace("MEDIUM", "CANARY") + BLOCKS,
        AB_BA.replace('"AB"', '"CANARY CANARY"') + BLOCKS,
        AB_BA + BLOCKS.replace("permuted-blocks", "CANARY"),
        AB_BA + BLOCKS.replace("block_sizes", "CANARY"),
        AB_BA + 'CANARY = ["MSC"]\n' + BLOCKS,
        AB_BA + BLOCKS.replace("[4]", '["CANARY"]'),
        'sequences = "CANARY"\n',
        "sequences = CANARY",
    ],
)
def test_no_fault_repeats_what_the_file_says(mesems: Definition, text: str) -> None:
    with pytest.raises(DefinitionFaulty) as caught:
        parse_unblinded(text, mesems)

    assert "CANARY" not in str(caught.value) + repr(caught.value) + repr(caught.value.faults)


@pytest.mark.parametrize(
    ("procedure", "place", "words"),
    [
        ('kind = "coin"', "procedure.kind", "one of: complete, permuted-blocks, big-stick"),
        ('kind = "big-stick"\nlimit = 0', "procedure.limit", "between 1 and 20"),
        ('kind = "permuted-blocks"', "procedure.block_sizes", "is missing"),
        ('kind = "permuted-blocks"\nblock_sizes = []', "procedure.block_sizes", "at least 1 entry"),
        ('kind = "permuted-blocks"\nblock_sizes = [5]', "procedure.block_sizes", "multiples of the number"),
        ('kind = "permuted-blocks"\nblock_sizes = [4, 6]\nweights = [1]', "procedure.weights", "one weight"),
        ('kind = "complete"\nblock_sizes = [4]', "procedure.-", "is not known here"),
    ],
)
@pytest.mark.requirement("procedures")
def test_a_wrong_procedure_is_named(mesems: Definition, procedure: str, place: str, words: str) -> None:
    assert words in faults_of(f"{AB_BA}[procedure]\n{procedure}\n", mesems)[f"u.toml: {place}"]


@pytest.mark.requirement("three treatments")
def test_three_treatments_draw_a_williams_design(mesems: Definition) -> None:
    definition = three_by_three(mesems, "3x6x3", 6)
    text = 'rehearsal_only = true\nsequences = "williams"\n' + BLOCKS.replace("[4]", "[6, 12]")

    unblinded = parse_unblinded(text, definition)

    assert len({sequence.code for sequence in unblinded.sequences}) == 6
    assert {frozenset(sequence.treatments) for sequence in unblinded.sequences} == {
        frozenset({"MSC", "MEDIUM", "SALINE"})
    }


@pytest.mark.requirement("three treatments")
def test_three_treatments_without_sequences_are_one_clear_fault(mesems: Definition) -> None:
    definition = three_by_three(mesems, "3x6x3", 6)
    text = "rehearsal_only = true\n" + BLOCKS.replace("[4]", "[6]")

    assert faults_of(text, definition) == {
        "u.toml: sequences": 'is missing; it must be a list of sequences, or "williams"'
    }


@pytest.mark.requirement("three treatments")
def test_a_williams_design_must_fit_the_design(mesems: Definition, mesems_text: str) -> None:
    text = 'rehearsal_only = true\nsequences = "williams"\n' + BLOCKS.replace("[4]", "[6]")

    assert (
        "has 6 sequences, not 3" in faults_of(text, three_by_three(mesems, "3x3x3", 3))["u.toml: sequences"]
    )
    two = replace(three_by_three(mesems, "3x6x2", 6), periods=mesems.periods)
    assert "one period for each" in faults_of(text, two)["u.toml: sequences"]
    assert parse_definition(mesems_text, "t").sequence_count == 2
    assert len(parse_unblinded(text, mesems).sequences) == 2
