"""The page of promises and requirements follows the markers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LISTED = '[promise]\n8 = "Intent first."\n9 = "Notices."\n\n[requirement]\ndemo = "One command."\n'


def write_page(root: Path, *options: str) -> subprocess.CompletedProcess[str]:
    script = ROOT / "tests" / "requirements_page.py"
    return subprocess.run(
        [sys.executable, script, "--root", root, *options], capture_output=True, text=True, check=False
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "tests").mkdir()
    (tmp_path / "docs").mkdir()
    (tmp_path / "tests" / "requirements.toml").write_text(LISTED)
    return tmp_path


@pytest.mark.requirement("set-up")
def test_the_page_is_current() -> None:
    answer = write_page(ROOT, "--check")

    assert answer.returncode == 0, answer.stderr


def test_markers_of_modules_classes_and_tests_are_read(project: Path) -> None:
    (project / "tests" / "test_story.py").write_text(
        "import pytest\n"
        'pytestmark = pytest.mark.requirement("demo")\n'
        "class TestBreak:\n"
        "    @pytest.mark.promise(8)\n"
        "    def test_intent(self): ...\n"
    )

    assert write_page(project).returncode == 0

    page = (project / "docs" / "requirements.md").read_text()
    line = "- [tests/test_story.py](../tests/test_story.py): `TestBreak.test_intent`"
    assert f"### Promise 8\n\nIntent first.\n\n{line}\n" in page
    assert f"### Requirement demo\n\nOne command.\n\n{line}\n" in page
    assert "### Promise 9\n\nNotices.\n\n**Not yet kept.**\n" in page
    assert "2 of 3 have a test" in page


def test_an_unknown_requirement_is_named(project: Path) -> None:
    (project / "tests" / "test_story.py").write_text(
        'import pytest\n@pytest.mark.requirement("dmeo")\ndef test_all(): ...\n'
    )

    answer = write_page(project)

    assert answer.returncode == 1
    assert (
        answer.stderr
        == "tests/test_story.py: test_all holds requirement dmeo, which tests/requirements.toml lacks.\n"
    )


def test_a_page_that_is_not_current_says_how_to_write_it(project: Path) -> None:
    write_page(project)
    (project / "tests" / "test_story.py").write_text(
        "import pytest\n@pytest.mark.promise(8)\ndef test_all(): ...\n"
    )

    answer = write_page(project, "--check")

    assert answer.returncode == 1
    assert answer.stderr == "docs/requirements.md is not current: run make requirements.\n"
