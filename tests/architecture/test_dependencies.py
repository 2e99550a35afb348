"""The lock is hashed and names no host; every dependency is explained and its licence fits."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAME = re.compile(r"[A-Za-z0-9._-]+")
PINNED = re.compile(r"^([a-z0-9._-]+)==([^\s;]+)", re.MULTILINE)
ROW = re.compile(r"^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
COPYLEFT = re.compile(r"(?<!L)\bA?GPL|(?<!Lesser )General Public License|Affero", re.IGNORECASE)
LICENCE_IN_FILE_ONLY = {"axe-playwright-python": "MIT"}  # the metadata is silent, its licence file is not

pytestmark = pytest.mark.requirement("set-up")


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def asked_for() -> set[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = list(settings["project"]["dependencies"])
    for extra in settings["project"]["optional-dependencies"].values():
        wanted += extra
    wanted += settings["dependency-groups"]["test"]
    return {normal(match.group()) for line in wanted if (match := NAME.match(line))}


def locked() -> dict[str, str]:
    return dict(PINNED.findall((ROOT / "requirements.lock").read_text()))


def licence(about: metadata.PackageMetadata) -> str:
    """What the metadata of an installed package says of its licence, in one line."""
    classifiers = [line for line in about.get_all("Classifier", []) if line.startswith("License ::")]
    free_text = [text.split("\n")[0] for text in about.get_all("License", [])]
    said = [*about.get_all("License-Expression", []), *free_text, *classifiers]
    return "; ".join(said) or LICENCE_IN_FILE_ONLY.get(normal(about["Name"]), "")


def test_every_package_in_the_lock_carries_hashes() -> None:
    packages = re.split(r"^(?=[a-z0-9])", (ROOT / "requirements.lock").read_text(), flags=re.MULTILINE)[1:]

    assert len(packages) == len(locked())
    assert [package.split()[0] for package in packages if "--hash=sha256:" not in package] == []


def test_the_lock_names_no_host() -> None:
    text = (ROOT / "requirements.lock").read_text()

    assert "://" not in text
    assert [
        line for line in text.splitlines() if line.lstrip().startswith("-") and "--hash=" not in line
    ] == []


def test_everything_asked_for_is_locked() -> None:
    assert asked_for() - set(locked()) == set()


def test_every_dependency_is_explained_with_its_locked_version() -> None:
    rows = ROW.findall((ROOT / "docs" / "dependencies.md").read_text())
    versions = {name: version for name, version, *_ in rows}

    assert versions == {name: locked()[name] for name in asked_for()}


def test_every_installed_licence_fits() -> None:
    installed = {normal(found.metadata["Name"]): found.metadata for found in metadata.distributions()}
    licences = {name: licence(installed[name]) for name in locked() if name in installed}

    assert asked_for() <= set(licences)
    assert [name for name, text in licences.items() if not text] == [], (
        "read these licences and list them here"
    )
    assert [name for name, text in licences.items() if COPYLEFT.search(text)] == []


@pytest.mark.parametrize(
    "text",
    [
        "GPL-3.0-only",
        "AGPLv3+",
        "License :: OSI Approved :: GNU General Public License v2 (GPLv2)",
        "License :: OSI Approved :: GNU Affero General Public License v3",
    ],
)
def test_a_copyleft_licence_is_found(text: str) -> None:
    assert COPYLEFT.search(text)


@pytest.mark.parametrize(
    "text", ["LGPL-3.0-only", "License :: OSI Approved :: GNU Lesser General Public License v3 (LGPLv3)"]
)
def test_the_lesser_licence_is_let_through(text: str) -> None:
    assert not COPYLEFT.search(text)
