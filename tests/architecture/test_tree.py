"""What the tree and its text may not hold."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STRAY = {"base", "common", "helpers", "misc", "utils"}
# Written apart, so that this file does not name what it looks for.
PLACES = re.compile(r"(?<![\w.])/" + r"work(?![\w-])")
BESIDE = "../" + "shared"
REGISTRIES = re.compile(
    "|".join(["pypi" + r"\.org", "python" + r"hosted\.org", "debian" + r"\.org", "npm" + r"js\."])
)


def stray_modules(root: Path) -> list[str]:
    modules = [
        path.relative_to(root)
        for package in ("keys", "randomizer", "tests")
        for path in sorted((root / package).rglob("*.py"))
    ]
    return [str(module) for module in modules if STRAY & {*module.parts, module.stem}]


def committed() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("This is no git checkout: nothing is committed.")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def places_named(text: str, *, beside_allowed: bool = False) -> list[str]:
    found = [match.group() for match in (*PLACES.finditer(text), *REGISTRIES.finditer(text))]
    return found if beside_allowed or BESIDE not in text else [*found, BESIDE]


def test_no_module_is_a_drawer_for_anything() -> None:
    assert stray_modules(ROOT) == []


@pytest.mark.parametrize(
    "stray", ["keys/helpers.py", "randomizer/store/utils.py", "randomizer/web/common/page.py"]
)
def test_a_stray_module_is_found(tmp_path: Path, stray: str) -> None:
    path = tmp_path / stray
    path.parent.mkdir(parents=True)
    path.touch()

    assert stray_modules(tmp_path) == [stray]


@pytest.mark.requirement("set-up")
def test_nothing_committed_names_a_machine_or_a_download_host() -> None:
    faults = {}
    for path in committed():
        name = str(path.relative_to(ROOT))
        text = path.read_bytes().decode("utf-8", errors="ignore")
        found = places_named(text, beside_allowed=name == ".ci/run")
        if found:
            faults[name] = sorted(set(found))

    assert faults == {}


@pytest.mark.parametrize(
    "text",
    [
        "cd /" + "work/main",
        '"/' + 'work"',
        f"see {BESIDE}/vectors",
        "--index-url https://pypi" + ".org/simple",
        "https://files.python" + "hosted.org/packages",
        "deb http://deb.debian" + ".org/debian",
        "https://registry.npm" + "js.org",
    ],
)
def test_a_named_machine_or_download_host_is_found(text: str) -> None:
    assert places_named(text) != []


@pytest.mark.parametrize("text", ["/worklist", "/site/work", "/work-list", "networks"])
def test_an_innocent_text_is_not_found(text: str) -> None:
    assert places_named(text) == []
