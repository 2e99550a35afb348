"""Every import contract holds, and names each violation that is seeded into a copy of the packages."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRACTS = {
    contract["id"]: contract
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
}
OPENINGS = (
    "keys.envelope",
    "randomizer.services.unblinded.opening",
    "randomizer.services.unblinded.unblinding",
    "randomizer.services.unblinded.preparation",
    "randomizer.services.unblinded.release",
)
SEALED = (
    "randomizer.web.site",
    "randomizer.jobs",
    "randomizer.services.care.allocation",
    "randomizer.services.trail",
)

# Of each contract the chains of imports that break it: a module, what it imports, what that imports.
SEEDS: dict[str, list[tuple[str, ...]]] = {
    "layers": [
        ("randomizer.domain.seeded", "randomizer.store"),
        ("randomizer.errors", "randomizer.domain"),
        ("randomizer.masking", "randomizer.store"),
        ("randomizer.store.seeded", "randomizer.services"),
        ("randomizer.services.seeded", "randomizer.web"),
        ("randomizer.web.seeded", "randomizer.jobs"),
        ("randomizer.stray", "randomizer.errors"),
    ],
    "no-cycles": [
        ("keys.first", "keys.second", "keys.first"),
        ("randomizer.domain.first", "randomizer.domain.second.third", "randomizer.domain.first"),
    ],
    "keys-know-nothing": [
        ("keys.one", "flask"),
        ("keys.two", "sqlalchemy"),
        ("keys.three", "randomizer.errors"),
    ],
    "keys-callers": [
        ("randomizer.web.seeded", "keys.notes"),
        ("randomizer.store.seeded", "keys.merkle"),
        ("randomizer.domain.seeded", "keys.stream"),
    ],
    "domain-is-pure": [
        (f"randomizer.domain.with_{library}", library)
        for library in ("flask", "sqlmodel", "pathlib", "secrets", "time")
    ],
    "doors-call-services": [
        ("randomizer.web.one", "randomizer.store"),
        ("randomizer.web.two", "keys.merkle"),
        ("randomizer.web.three", "sqlmodel"),
    ],
    "sql-stays-in-the-store": [
        ("randomizer.services.seeded", "sqlalchemy"),
        ("randomizer.jobs.seeded", "sqlmodel"),
    ],
    "sealed-from-openings": [
        *(
            (source, f"randomizer.services.between_{number}_{place}", opening)
            for number, source in enumerate(SEALED)
            for place, opening in enumerate(OPENINGS)
        ),
        ("randomizer.services.care.allocation", "keys.envelope"),
    ],
    "doors-apart": [
        ("randomizer.web.site.seeded", "randomizer.web.codebreak"),
        ("randomizer.web.codebreak.seeded", "randomizer.web.site"),
        ("randomizer.web.site.other", "randomizer.web.between", "randomizer.web.codebreak"),
    ],
}
# What is said where that is not the chain.
SAID = {
    ("randomizer.stray", "randomizer.errors"): "not listed as layers: - randomizer.stray",
    SEEDS["no-cycles"][0]: "No cycles are allowed in keys.",
    SEEDS["no-cycles"][1]: "No cycles are allowed in randomizer.domain.",
}


def make_module(copy: Path, name: str) -> Path:
    """File of a module in the copy, made with its packages where they are missing."""
    *packages, last = name.split(".")
    place = copy
    for package in packages:
        place /= package
        place.mkdir(exist_ok=True)
        (place / "__init__.py").touch()
    inner = place / last
    module = inner / "__init__.py" if inner.is_dir() else place / f"{last}.py"
    module.touch()
    return module


def lint_imports(copy: Path, *options: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [program, "--no-logo", "--no-cache", *options], cwd=copy, capture_output=True, text=True, check=False
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in ("keys", "randomizer"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.mark.promise(5)
@pytest.mark.requirement("contracts")
def test_the_packages_keep_every_contract(copy: Path) -> None:
    answer = lint_imports(copy)

    assert f"Contracts: {len(CONTRACTS)} kept, 0 broken." in answer.stdout, answer.stdout
    assert answer.returncode == 0


@pytest.mark.requirement("contracts")
def test_every_contract_has_a_seed() -> None:
    assert set(SEEDS) == set(CONTRACTS)


def seed(copy: Path, chain: tuple[str, ...]) -> None:
    """Write the imports of a chain into the copy."""
    for importer, imported in pairwise(chain):
        if imported.startswith(("keys.", "randomizer.")):
            make_module(copy, imported)
        with make_module(copy, importer).open("a") as module:
            module.write(f"\nimport {imported}\n")


def reported(chain: tuple[str, ...], said: str) -> bool:
    """Whether the chain is among what breaks a contract, every import of it in its order."""
    steps = (
        rf"{re.escape(f'{importer} -> {imported}')} \(l\.\d+\)" for importer, imported in pairwise(chain)
    )
    return re.search(rf"- {' '.join(steps)}", said) is not None


@pytest.mark.promise(5)
@pytest.mark.requirement("contracts")
@pytest.mark.parametrize("contract", SEEDS)
def test_each_seeded_import_breaks_its_contract(copy: Path, contract: str) -> None:
    for chain in SEEDS[contract]:
        seed(copy, chain)

    answer = lint_imports(copy, "--contract", contract)

    assert re.search(rf"^{re.escape(CONTRACTS[contract]['name'])} BROKEN$", answer.stdout, re.MULTILINE)
    assert answer.returncode == 1
    said = " ".join(answer.stdout.split())
    for chain in SEEDS[contract]:
        assert SAID[chain] in said if chain in SAID else reported(chain, said), chain


@pytest.mark.promise(5)
@pytest.mark.requirement("contracts")
def test_keys_re_exports_nothing() -> None:
    body = ast.parse((ROOT / "keys" / "__init__.py").read_text()).body

    assert [type(statement) for statement in body] == [ast.Expr], "keys/__init__.py holds its docstring only"
