from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from randomizer.services.verification.reading import Unreadable
from randomizer.services.verification.verify import verify

if TYPE_CHECKING:
    from randomizer.services.verification.steps_certificate import Pins

SMALL = [
    "public/certificate.note",
    "public/definition.json",
    "public/keys.json",
    "public/commitments/1.note",
    "public/commitments/3.note",
    "public/entries.jsonl",
    "release/schedule.json",
    "release/slots.jsonl",
    "release/values.jsonl",
    "release/facts.jsonl",
    "release/allocation.csv",
    "release/dispensation.csv",
    "release/deviations.csv",
    "release/assessments.csv",
    "release/assessment_history.csv",
    "release/code_breaks.csv",
    "release/participants.csv",
    "release/products.csv",
]
READ = [*SMALL, "public/checkpoints"]
FEW = settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
SOME = settings(FEW, max_examples=12)


def detected(record: Path, pins: Pins) -> str:
    """What the verification says of a bent record; fails where it says that all is well."""
    try:
        report = verify(record, pins)
    except Unreadable as refusal:
        return refusal.message if refusal.field else ""
    assert report.failed
    return " ".join(result.record for result in report.results if result.step in report.failed)


def checkpoint(record: Path) -> Path:
    return max((record / "public" / "checkpoints").iterdir())


@pytest.mark.promise(15)
@pytest.mark.parametrize("name", [*SMALL, "a checkpoint"])
def test_no_flipped_bit_goes_unseen(record: Path, pins: Pins, name: str) -> None:
    path = checkpoint(record) if name == "a checkpoint" else record / name
    whole = path.read_bytes()

    @SOME
    @given(st.integers(0, len(whole) - 1), st.integers(0, 7))
    def flip(position: int, bit: int) -> None:
        path.write_bytes(whole[:position] + bytes([whole[position] ^ (1 << bit)]) + whole[position + 1 :])
        assert detected(record, pins)

    flip()


@pytest.mark.promise(15)
@pytest.mark.parametrize("name", [*SMALL, "a checkpoint"])
def test_no_truncated_file_goes_unseen(record: Path, pins: Pins, name: str) -> None:
    path = checkpoint(record) if name == "a checkpoint" else record / name
    whole = path.read_bytes()

    @FEW
    @given(st.integers(0, len(whole) - 1))
    def cut(length: int) -> None:
        path.write_bytes(whole[:length])
        assert detected(record, pins)

    cut()


@pytest.mark.promise(15)
@pytest.mark.parametrize("name", [*SMALL, "a checkpoint"])
def test_no_rubbish_in_the_place_of_a_file_goes_unseen(record: Path, pins: Pins, name: str) -> None:
    path = checkpoint(record) if name == "a checkpoint" else record / name

    @FEW
    @given(
        st.one_of(
            st.binary(max_size=60),
            st.sampled_from(
                [
                    b"",
                    b"\n",
                    b"{}\n",
                    b"[]\n",
                    b"null\n",
                    b"1e999\n",
                    b"NaN\n",
                    b"[" * 100_000 + b"\n",
                    b'{"a":' * 50_000 + b"\n",
                    b'"\\ud800"\n',
                    b"9" * 5000 + b"\n",
                ]
            ),
        )
    )
    def replace(rubbish: bytes) -> None:
        path.write_bytes(rubbish)
        assert detected(record, pins)

    replace()


@pytest.mark.parametrize("name", READ)
def test_a_missing_file_is_named(record: Path, pins: Pins, name: str) -> None:
    target = record / name
    if target.is_dir():
        for path in target.iterdir():
            path.unlink()
        target.rmdir()
    else:
        target.unlink()

    assert Path(name).name in detected(record, pins) or "commitments" in name


@pytest.mark.parametrize("name", ["public/entries.jsonl", "release/schedule.json", "public/keys.json"])
def test_a_folder_in_the_place_of_a_file_is_named(record: Path, pins: Pins, name: str) -> None:
    (record / name).unlink()
    (record / name).mkdir()

    assert Path(name).name in detected(record, pins)


def test_a_directory_without_a_record_cannot_be_read(tmp_path: Path, pins: Pins) -> None:
    with pytest.raises(Unreadable, match="holds no folder public") as refusal:
        verify(tmp_path, pins)
    assert refusal.value.next_step == "Name the directory that holds it, and not the folder itself."
    (tmp_path / "public").mkdir()
    with pytest.raises(Unreadable, match=r"public/certificate\.note"):
        verify(tmp_path, pins)


def test_a_line_without_an_end_is_refused(record: Path, pins: Pins) -> None:
    path = record / "release" / "values.jsonl"
    with path.open("rb+") as file:
        file.truncate(path.stat().st_size - 1)

    with pytest.raises(Unreadable, match=r"values\.jsonl line \d+: It does not end"):
        verify(record, pins)
