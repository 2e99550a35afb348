"""Every claim of docs/threats.md names a test that is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "threats.md"
CLAIMS = 20


def named(page: str) -> list[str]:
    return re.findall(r"`(test_[a-z0-9_]+)`", page)


def defined(root: Path) -> set[str]:
    return {
        name
        for path in (root / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_[a-z0-9_]+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    }


@pytest.mark.requirement("contracts")
def test_every_claim_of_the_threat_model_names_a_test_that_is_there() -> None:
    found = named(PAGE.read_text(encoding="utf-8"))
    assert len(found) > CLAIMS
    assert [name for name in found if name not in defined(ROOT)] == []


def test_a_claim_without_its_test_is_found(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_one.py").write_text("def test_it() -> None: ...\n")
    assert [name for name in named("`test_it`, `test_that`") if name not in defined(tmp_path)] == [
        "test_that"
    ]
