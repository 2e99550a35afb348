"""The verifier of one file says what ``randomizer verify`` says, and needs nothing of the project for it."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cryptography
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keys import custody, notes
from keys.notes import COSIGNATURE, NoteKey
from randomizer.cli.verify import command
from randomizer.services.verification import pinning
from randomizer.standalone import verify_trial
from tests.activated import entropy_of
from tests.services.verification import (
    allocation_defects,
    defects,
    fact_defects,
    finer_defects,
    rotation_defects,
    trail_defects,
    value_defects,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from randomizer.services.verification.steps_certificate import Pins
    from tests.services.verification.defects import Defect
    from tests.services.verification.forging import Forged

ALL = defects.DEFECTS
BENT = (
    allocation_defects,
    defects,
    fact_defects,
    finer_defects,
    rotation_defects,
    trail_defects,
    value_defects,
)
KINDS = {kind.__name__ for kind in BENT}
SCRIPT = Path(verify_trial.__file__)
WITNESS = NoteKey.generate("example.org/witness", entropy_of("witness"), COSIGNATURE)
STRANGER = NoteKey.generate("somebody", entropy_of("somebody"))

Answer = dict[str, Any]


def standalone(directory: Path, *arguments: str) -> tuple[int, Answer]:
    """Exit code and answer of the one file."""
    out = StringIO()
    with redirect_stdout(out):
        code = verify_trial.main([str(directory), *arguments, "--json"])
    return code, json.loads(out.getvalue())


def project(directory: Path, *arguments: str) -> tuple[int, Answer]:
    """Exit code and answer of the project's command."""
    result = CliRunner().invoke(command, [str(directory), *arguments, "--json"])
    return result.exit_code, json.loads(result.stdout)


def compared(answer: Answer) -> Answer:
    """What two verifiers have to say alike: all but the sentences and where the first failure stands."""
    steps = {step["id"]: step["status"] for step in answer.get("steps", ())}
    kept = ("facts", "failed", "pinned", "released", "verdict", "verified")
    return {name: answer.get(name) for name in kept} | {"steps": steps}


def agreed(directory: Path, *arguments: str) -> tuple[int, Answer]:
    """The answer that both give, each step alike; fails where they differ."""
    (code, mine), (other, theirs) = standalone(directory, *arguments), project(directory, *arguments)
    assert (code, compared(mine)) == (other, compared(theirs))
    for step in [*mine.get("steps", ()), *theirs.get("steps", ())]:
        if step["status"] == "fails":
            assert step["sentence"]
            assert step["record"].startswith(("public/", "release/"))
    return code, mine


@pytest.fixture
def given_pins(pins: Pins) -> list[str]:
    """The pins as arguments."""
    assert pins.log_key is not None
    return ["--certificate-digest", pins.certificate_digest or "", "--log-key", pins.log_key.encode()]


def test_both_know_the_same_defects() -> None:
    assert {defect.bend.__module__ for defect in ALL.values()} == KINDS


@pytest.mark.promise(15)
@pytest.mark.parametrize("defect", ALL.values(), ids=ALL)
def test_a_record_with_one_defect_fails_exactly_its_steps(forged: Forged, defect: Defect) -> None:
    defect.bend(forged)
    if defect.public_only:
        shutil.rmtree(forged.release)

    code, answer = agreed(forged.directory)

    assert (code, tuple(answer["failed"])) == (1, defect.steps)


@pytest.mark.promise(15)
def test_a_whole_record_holds_against_the_pins(record: Path, given_pins: list[str]) -> None:
    code, answer = agreed(record, *given_pins)

    assert (code, answer["verdict"], answer["failed"]) == (0, "OK", [])
    assert [step["id"] for step in answer["steps"]] == list(verify_trial.STEPS)


@pytest.mark.promise(10)
def test_in_production_both_ask_for_the_packs(forged: Forged) -> None:
    allocation_defects.for_production(forged)
    code, answer = agreed(forged.directory)
    told = {step["id"]: step["status"] for step in answer["steps"]}
    assert answer["failed"] == []
    assert told["packs.issued-before-allocation"] == verify_trial.HOLDS
    assert code == verify_trial.EXIT["NOT PINNED"]


@pytest.mark.promise(15)
def test_without_digest_and_log_key_the_verdict_is_not_pinned(record: Path, given_pins: list[str]) -> None:
    for arguments in ([], given_pins[:2], given_pins[2:]):
        code, answer = agreed(record, *arguments)
        assert (code, answer["verdict"], answer["verified"]) == (3, "NOT PINNED", False)


@pytest.mark.promise(15)
def test_the_public_record_alone_is_checked_as_far_as_it_goes(record: Path, given_pins: list[str]) -> None:
    shutil.rmtree(record / "release")

    code, answer = agreed(record, *given_pins)

    assert code == 0
    for step in answer["steps"]:
        needs = verify_trial.STEPS[step["id"]]
        assert (step["status"] == "holds") or needs != "public"
        assert (step["sentence"] == "Needs the release.") == (needs == "release")


def test_a_running_trial_is_verified_by_its_public_record(
    record: Path, forged: Forged, given_pins: list[str]
) -> None:
    shutil.rmtree(record / "release")
    lines = (record / "public" / "entries.jsonl").read_bytes().splitlines(keepends=True)
    (record / "public" / "entries.jsonl").write_bytes(b"".join(lines[: forged.sizes[2]]))
    for later in forged.sizes[3:]:
        (record / "public" / "checkpoints" / f"{later}.note").unlink()

    assert agreed(record, *given_pins)[0] == 0


@pytest.mark.promise(15)
def test_another_pin_fails_its_step(record: Path, given_pins: list[str]) -> None:
    stranger = STRANGER.verifier.encode()
    assert agreed(record, "--certificate-digest", "ab" * 32)[1]["failed"] == ["pins.certificate"]
    assert agreed(record, "--log-key", stranger)[1]["failed"] == ["pins.log-key", "checkpoints.signatures"]
    ceremony = agreed(record, *given_pins, "--ceremony-key", stranger)[1]["failed"]
    assert ceremony == ["pins.ceremony-key", "certificate.signature"]


@pytest.mark.promise(13)
def test_pinned_witnesses_must_have_co_signed(record: Path, given_pins: list[str]) -> None:
    arguments = [*given_pins, "--witness-key", WITNESS.verifier.encode()]
    both = ["checkpoints.witnessed", "order.witnessed-before-first-allocation"]
    assert agreed(record, *arguments)[1]["failed"] == both

    for path in (record / "public" / "checkpoints").iterdir():
        path.write_bytes(notes.cosign(path.read_bytes(), WITNESS, at=1_800_000_000))
    code, answer = agreed(record, *arguments)
    assert code == 0
    assert {step["status"] for step in answer["steps"]} <= {"holds", "not checked"}
    assert answer["steps"][list(verify_trial.STEPS).index(both[0])]["status"] == "holds"


@pytest.mark.promise(15)
def test_another_whole_trial_only_fails_the_pins(record: Path, forged: Forged, given_pins: list[str]) -> None:
    forged.log = NoteKey.generate("example.org/other", entropy_of("other log"))
    forged.certificate["sealed_at"] = "2026-12-24T08:00:00Z"
    forged.write_keys(log=forged.log.verifier.encode())
    forged.write_certificate()

    assert agreed(record)[0] == 3
    assert agreed(record, *given_pins)[1]["failed"] == [
        "pins.certificate",
        "pins.log-key",
        "checkpoints.signatures",
    ]


def test_pins_stand_in_a_file_beside_the_record(
    record: Path, pins: Pins, given_pins: list[str], tmp_path: Path
) -> None:
    beside = record / "pins.json"
    custody.write_pins(beside, pinning.texts(pins))
    assert agreed(record)[0] == 0

    key = tmp_path / "log.vkey"
    key.write_text(f"{given_pins[3]}\n")
    assert agreed(record, "--log-key", str(key))[0] == 3, "with an option the file is not taken"

    beside.chmod(0o666)
    assert agreed(record)[0] == 2
    beside.chmod(0o644)
    beside.write_text("{}\n")
    assert agreed(record)[0] == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["--certificate-digest", "abc"],
        ["--log-key", "no key"],
        ["--log-key", "k" * 5000],
        ["--log-key", WITNESS.verifier.encode()],
        ["--ceremony-key", WITNESS.verifier.encode()],
    ],
)
def test_a_malformed_pin_is_refused(record: Path, arguments: list[str]) -> None:
    assert agreed(record, *arguments)[0] == 2


@pytest.mark.promise(13)
def test_the_log_is_no_witness_of_itself(record: Path, given_pins: list[str]) -> None:
    assert agreed(record, *given_pins, "--witness-key", given_pins[3])[0] == 2


def test_a_pinned_digest_may_be_in_upper_case(record: Path, given_pins: list[str]) -> None:
    digest, log_key = given_pins[1], given_pins[3]
    assert agreed(record, "--certificate-digest", f" {digest.upper()}", "--log-key", log_key)[0] == 0


@pytest.mark.promise(13)
def test_a_cosignature_of_somebody_with_the_name_of_the_witness_counts_for_nothing(
    record: Path, given_pins: list[str]
) -> None:
    namesake = NoteKey.generate(WITNESS.name, entropy_of("namesake"), COSIGNATURE)
    for path in (record / "public" / "checkpoints").iterdir():
        path.write_bytes(notes.cosign(path.read_bytes(), namesake, at=1_800_000_000))

    found = agreed(record, *given_pins, "--witness-key", WITNESS.verifier.encode())[1]["failed"]

    assert found == ["checkpoints.witnessed", "order.witnessed-before-first-allocation"]


def test_where_a_clock_was_set_back_is_told_and_fails_nothing(forged: Forged) -> None:
    number = forged.numbers("role granted")[3]
    forged.entries[number]["at"] = forged.entries[0]["at"].replace("2027", "2026")
    forged.change(number, "Grant", granted_at=forged.entries[number]["at"])
    forged.write_trail()

    for answer in (agreed(forged.directory)[1], project(forged.directory)[1]):
        told = next(step["sentence"] for step in answer["steps"] if step["id"] == "entries.numbering")
        assert told.endswith(f"; 1 dated before one above them, the first is entry {number}.")


@pytest.mark.promise(15)
def test_a_signature_over_what_is_no_object_is_seen(forged: Forged) -> None:
    forged.details(forged.numbers("site opened")[0])["signed"] = "anything"
    forged.sign_signatures()
    forged.write_trail()

    assert agreed(forged.directory)[1]["failed"] == ["values.signatures"]


@pytest.mark.promise(15)
def test_a_procedure_that_it_does_not_know_is_said_not_to_be_regenerated(forged: Forged) -> None:
    text = forged.schedule["unblinded_definition"].replace('"permuted-blocks"', '"minimization"')
    forged.schedule["unblinded_definition"] = text
    forged.write_schedule()

    found = {step["id"]: step for step in standalone(forged.directory)[1]["steps"]}

    assert found["schedule.regenerated"]["status"] == "not checked"
    assert found["schedule.regenerated"]["sentence"].endswith("leaves checked, not regenerated.")
    assert found["leaves.root"]["status"] == "holds"


def test_a_missing_record_cannot_be_read(tmp_path: Path) -> None:
    code, answer = agreed(tmp_path)

    assert (code, answer["verdict"]) == (2, "UNREADABLE")
    assert "name the one around it" in answer["error"]


@pytest.mark.promise(18)
def test_a_digest_may_be_typed_as_it_stands_on_paper(record: Path, given_pins: list[str]) -> None:
    name, digest, *keys = given_pins
    assert name == "--certificate-digest"
    grouped = " ".join(digest.upper()[at : at + 8] for at in range(0, len(digest), 8))
    assert standalone(record, name, grouped, *keys)[0] == 0


NAMES = [
    "public/certificate.note",
    "public/definition.json",
    "public/keys.json",
    "public/commitments/2.note",
    "public/entries.jsonl",
    "release/schedule.json",
    "release/slots.jsonl",
    "release/values.jsonl",
    "release/allocation.csv",
    "release/participants.csv",
    "a checkpoint",
]
RUBBISH = (
    b"",
    b"\n",
    b"{}\n",
    b"[]\n",
    b"null\n",
    b"NaN\n",
    b"1e999\n",
    b"[" * 100_000 + b"\n",
    b'{"a":' * 50_000 + b"\n",
    b'"\\ud800"\n',
    b"9" * 5000 + b"\n",
    b"{}\n\n\xe2\x80\x94 a AAAAAAAA\n",
)
Bend = tuple[str, "Callable[[bytes, int], bytes]"]
BENDS: list[Bend] = [
    (
        "flip",
        lambda whole, at: whole[: at // 8] + bytes([whole[at // 8] ^ (1 << at % 8)]) + whole[at // 8 + 1 :],
    ),
    ("cut", lambda whole, at: whole[: at // 8]),
    ("rubbish", lambda whole, at: RUBBISH[at % len(RUBBISH)]),
]


@pytest.mark.promise(15)
@pytest.mark.promise(18)
@pytest.mark.parametrize("bend", BENDS, ids=[name for name, _ in BENDS])
@pytest.mark.parametrize("name", NAMES)
def test_no_bent_file_goes_unseen_and_none_ends_in_a_traceback(
    record: Path, given_pins: list[str], name: str, bend: Bend
) -> None:
    checkpoints = (record / "public" / "checkpoints").iterdir()
    path = max(checkpoints) if name == "a checkpoint" else record / name
    whole = path.read_bytes()

    @settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.integers(0, 8 * len(whole) - 1))
    def bent(at: int) -> None:
        path.write_bytes(bend[1](whole, at))
        code, answer = standalone(record, *given_pins)
        assert code in {1, 2}
        assert answer["failed"] if code == 1 else answer["field"]

    bent()


def test_a_folder_in_the_place_of_a_file_is_named(record: Path) -> None:
    (record / "public" / "entries.jsonl").unlink()
    (record / "public" / "entries.jsonl").mkdir()

    code, answer = agreed(record)

    assert (code, answer["verdict"]) == (2, "UNREADABLE")


BARE = """
import runpy, sys
sys.path[:0] = [sys.argv.pop(1)]
sys.argv = sys.argv[1:]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
finally:
    packages = {name.split(".")[0] for name in sys.modules} - sys.stdlib_module_names
    sys.stderr.write(" ".join(sorted(packages)))
"""


@pytest.mark.promise(15)
def test_it_runs_where_there_is_nothing_but_cryptography(
    record: Path, given_pins: list[str], tmp_path: Path
) -> None:
    bare, here = tmp_path / "bare", Path(cryptography.__file__).parent
    bare.mkdir()
    for part in (here, *here.parent.glob("_cffi_backend*")):
        (bare / part.name).symlink_to(part)
    script = tmp_path / "elsewhere" / "verify_trial.py"
    script.parent.mkdir()
    shutil.copy(SCRIPT, script)

    answer = subprocess.run(
        [sys.executable, "-I", "-S", "-c", BARE, bare, script, record, *given_pins],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.endswith("OK: Everything holds against the pins.\n")
    assert set(answer.stderr.split()) <= {"__main__", "_cffi_backend", "_openssl", "cryptography"}


@pytest.mark.promise(15)
def test_an_assessment_of_whoever_knew_is_told_and_does_not_fail_once_it_is_struck_out(
    forged: Forged, given_pins: list[str]
) -> None:
    struck = forged.row(forged.numbers("blinded assessment struck out")[0], "Assessment")["new"]["number"]
    allocation_defects.shown_meanwhile(forged, struck)
    forged.write_trail()

    code, answer = agreed(forged.directory, *given_pins)

    assert (code, answer["verdict"]) == (0, "OK")
    for told in (answer, project(forged.directory, *given_pins)[1]):
        [step] = [one for one in told["steps"] if one["id"] == "assessments.blind"]
        assert f"Entry {struck}" in step["sentence"]
        assert "is struck out" in step["sentence"]


def test_the_tables_carry_an_assessment_as_it_stands_and_all_that_was_signed_under_it(record: Path) -> None:
    def rows(name: str) -> list[dict[str, str]]:
        with (record / "release" / name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    standing, history = rows("assessments.csv"), rows("assessment_history.csv")
    [corrected] = [one for one in standing if one["time_point"] == "unscheduled"]
    before, after = [one for one in history if one["assessment_entry"] == corrected["entry"]]
    assert [one["stands"] for one in standing].count("no") == 1
    assert (before["time_point"], after["time_point"]) == ("week 24", "unscheduled")
    assert (before["act"], after["act"]) == ("blinded assessment signed", "blinded assessment corrected")
    assert (before["entry"], after["entry"]) == (corrected["entry"], corrected["last_entry"])
