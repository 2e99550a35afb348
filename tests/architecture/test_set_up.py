"""Set-up finds a Python that fits, installs only what is hashed, and says plainly what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NO_SUCH_VERSION = (
    "#!/bin/sh\necho 'no such version' >&2\nexit 127\n"  # what a version manager leaves on the path
)
CANNOT_MAKE_ENVIRONMENTS = '#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; esac\n'
# Takes every question as answered; its environment holds a Python that writes down what it is asked.
FITS = """#!/bin/sh
case "$1" in
-m) mkdir -p .venv/bin
    printf '#!/bin/sh\\necho "$@" >> asked\\n' > .venv/bin/python
    chmod +x .venv/bin/python;;
esac
"""

pytestmark = pytest.mark.requirement("set-up")


def program(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def set_up(clone: Path, *pythons: Path) -> subprocess.CompletedProcess[str]:
    names = f"PYTHONS={' '.join(map(str, pythons))}"
    outer_make = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL"}
    surroundings = {name: value for name, value in os.environ.items() if name not in outer_make}
    return subprocess.run(
        ["make", names, ".venv/installed"],
        cwd=clone,
        env=surroundings,
        capture_output=True,
        text=True,
        check=False,
    )


def test_no_python_that_fits_is_said(clone: Path) -> None:
    answer = set_up(clone, program(clone / "shim", NO_SUCH_VERSION))

    assert answer.returncode != 0
    assert answer.stderr.startswith("No Python 3.11, 3.12 or 3.13 was found.")


def test_a_python_without_environments_is_said(clone: Path) -> None:
    answer = set_up(clone, program(clone / "bare", CANNOT_MAKE_ENVIRONMENTS))

    assert answer.returncode != 0
    assert "cannot make virtual environments. On Debian: apt-get install python3-venv" in answer.stderr


def test_a_shim_that_does_not_run_is_passed_over_and_only_hashed_files_are_installed(clone: Path) -> None:
    answer = set_up(clone, program(clone / "shim", NO_SUCH_VERSION), program(clone / "fits", FITS))

    assert answer.returncode == 0, answer.stderr
    installed = (clone / "asked").read_text().splitlines()
    assert installed == [
        "-m pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock",
        "-m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .",
        "-m compileall -qq keys randomizer",
    ]


def test_set_up_is_redone_for_a_changed_lock_and_not_otherwise(clone: Path) -> None:
    python = program(clone / "fits", FITS)
    set_up(clone, python)
    set_up(clone, python)
    assert len((clone / "asked").read_text().splitlines()) == 3

    stamp = (clone / ".venv" / "locked").stat().st_mtime
    os.utime(clone / "requirements.lock", (stamp + 10, stamp + 10))
    set_up(clone, python)
    assert len((clone / "asked").read_text().splitlines()) == 6


@pytest.fixture
def bare_machine(tmp_path: Path) -> Path:
    """Directory of the only programs there are: no Chromium, and an installer that installs nothing."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("bash", "dirname", "env", "id"):
        found = shutil.which(name)
        assert found is not None
        (programs / name).symlink_to(found)
    program(programs / "apt-get", f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\n')
    program(programs / "sudo", '#!/bin/sh\nexec "$@"\n')
    return programs


def test_continuous_integration_fails_where_chromium_stays_missing(bare_machine: Path) -> None:
    answer = subprocess.run(
        [ROOT / ".ci" / "run"], env={"PATH": str(bare_machine)}, capture_output=True, text=True, check=False
    )

    assert answer.returncode == 1
    assert answer.stderr.endswith("is missing after the installation.\n")
    assert "chromium" in (bare_machine.parent / "asked").read_text().splitlines()[1].split()
