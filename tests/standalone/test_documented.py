"""What the verifier of one file knows is what the documentation says, and what the project does."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from randomizer.domain.acts import BY_SERVICE, MAY, NOT_AFTER_PERIOD_LOCK, SIGNED
from randomizer.domain.people import Role
from randomizer.standalone import verify_trial
from randomizer.store.tables import COVERED

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "verification.md").read_text(encoding="utf-8")
SEED = bytes(range(32))
UNPUBLISHED = {"Account", "Credential", "Passkey", "RecoveryCodes"}


def rows_of(heading: str) -> list[list[str]]:
    """Cells of the table under a heading of the page, without its own head."""
    section = PAGE.partition(f"{heading}\n")[2].partition("\n#")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_the_steps() -> None:
    documented = re.findall(r"^\| `([a-z.-]+)` \| (public|release|pins) \|", PAGE, re.MULTILINE)

    assert documented == list(verify_trial.STEPS.items())


def test_the_acts_and_who_may_do_them() -> None:
    documented = {act: roles.split(", ") if roles else [] for act, roles, *_ in rows_of("### Acts")}

    assert documented == verify_trial.ACTS
    assert {act: set(roles) for act, roles in documented.items()} == {
        str(act): {str(role) for role in roles} for act, roles in MAY.items()
    }


def test_what_the_acts_are_marked_as() -> None:
    marks = {act: set(marks.split(", ")) for act, _, marks in rows_of("### Acts")}

    def marked(mark: str) -> list[str]:
        return sorted(act for act, words in marks.items() if mark in words)

    assert marked("service") == sorted(verify_trial.BY_SERVICE) == sorted(map(str, BY_SERVICE))
    assert marked("signed") == sorted(verify_trial.SIGNED) == sorted(map(str, SIGNED))
    assert marked("no values") == sorted(verify_trial.WITHOUT_VALUES)
    assert marked("after the lock") == sorted(verify_trial.AFTER_LOCK)
    not_after = sorted(verify_trial.NOT_AFTER_PERIOD_LOCK)
    assert marked("not after the lock of period 1") == not_after == sorted(map(str, NOT_AFTER_PERIOD_LOCK))


def test_the_records() -> None:
    documented = {
        kind: [part.replace("`", "").strip() for part in text.split(",")]
        for kind, text in rows_of("### Records")
    }

    assert documented == verify_trial.RECORDS
    assert {kind: set(shapes) for kind, (_, shapes) in verify_trial.FIELDS.items()} == {
        kind.__name__: {field.name for field in fields(kind)}
        for kind in COVERED
        if kind.__name__ not in UNPUBLISHED
    }
    assert {kind: tuple(key) for kind, (key, _) in verify_trial.FIELDS.items()} == {
        kind.__name__: kind.KEY  # type: ignore[attr-defined]
        for kind in COVERED
        if kind.__name__ not in UNPUBLISHED
    }


def test_the_values_that_a_field_may_have() -> None:
    documented = {
        place.replace("`", ""): values.split(", ") for place, values in rows_of("### Values of fields")
    }

    assert documented == verify_trial.VALUES
    assert set(documented["Grant role"]) == {str(role) for role in Role}
    assert {
        f"{kind} {part.split()[0].rstrip(chr(42))}"
        for kind, parts in verify_trial.RECORDS.items()
        for part in parts
        if part.endswith(" one")
    } == set(documented)


@pytest.mark.requirement("procedures")
@pytest.mark.parametrize(
    ("procedure", "drawn"),
    [
        ({"kind": "complete"}, "AABBBBAAABBABAABABBB"),
        ({"kind": "permuted-blocks", "block_sizes": [4], "weights": []}, "ABBAAABBBABABAABBAAB"),
        ({"kind": "permuted-blocks", "block_sizes": [4, 6], "weights": [1, 1]}, "BBAABBAAABBBBAAAABAB"),
        ({"kind": "permuted-blocks", "block_sizes": [4, 6, 8], "weights": [3, 2, 1]}, "BBAAAABBBAABABABBAAA"),
        ({"kind": "big-stick", "limit": 2}, "AABBBBABAAAABBBABAAB"),
    ],
)
def test_the_known_answers_of_the_procedures(procedure: verify_trial.Fields, drawn: str) -> None:
    assert drawn in (DOCS / "procedures.md").read_text(encoding="utf-8")
    stream = verify_trial.Stream(SEED, "crossover-randomizer/v1/schedule")

    arms = verify_trial.DRAWS[procedure["kind"]](20, 2, procedure, stream)

    assert "".join("AB"[arm] for arm in arms) == drawn


def test_the_known_answers_of_numbers_and_streams() -> None:
    kits = verify_trial.Stream(SEED, "crossover-randomizer/v1/kits")
    assert verify_trial.draw_numbers(3, 1_000_000, kits) == ["59470939", "78687384", "11843326"]
    found = verify_trial.draw_numbers(4, 10_000_000, kits)
    assert found == ["222471255", "488748056", "543036709", "796604868"]
    schedule = verify_trial.Stream(SEED, "crossover-randomizer/v1/schedule")
    schedule.take(32)
    assert [schedule.below(6) for _ in range(12)] == [0, 5, 3, 2, 3, 0, 4, 1, 2, 5, 5, 1]
    assert [schedule.below(1 << 40) for _ in range(3)] == [638604552339, 212859297094, 1019660925086]
    salts = verify_trial.Stream(SEED, "crossover-randomizer/v1/salts")
    assert salts.take(65546)[65530:].hex() == "0daf35dea716ccb087af939e1eb0de67"


def test_the_known_answers_of_seed_and_labels() -> None:
    terms = {
        "schedule_version": 1,
        "definition_digest": "aa" * 32,
        "generator": {"digest": "bb" * 32},
    }
    contributions = [SEED, bytes(range(32, 64))]
    made = [
        verify_trial.commitment_of(terms, name, contribution)
        for name, contribution in zip(["machine", "anna"], contributions, strict=True)
    ]
    assert made[0].hex() == "c749d4538755e8dd7d448d44e68aecce54e95ed381fb50a6b576ee8686f9f3e2"
    assert made[1].hex() == "c864b63f7e534e975b7b26c7b3bcc96e0d9f8a46ce3e4f5422b90513eecb8ba2"
    seed = verify_trial.combined(made, contributions)
    assert seed.hex() == "212ebb771a0f53e411abd4810b44bfc53773c5605a47d9266dd0084d5d04069d"
    assert verify_trial.encode("a", b"bc", b"").hex() == "000000016100000002626300000000"
