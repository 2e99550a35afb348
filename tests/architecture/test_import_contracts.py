"""Every import contract holds, and fails on a violation that is seeded into a copy of the packages."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
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

# Contract, and the imports that break it: importing module -> imported module.
SEEDS: list[tuple[str, dict[str, str]]] = [
    ("layers", {"randomizer.domain.seeded": "randomizer.store"}),
    ("layers", {"randomizer.errors": "randomizer.domain"}),
    ("layers", {"randomizer.masking": "randomizer.store"}),
    ("layers", {"randomizer.store.seeded": "randomizer.services"}),
    ("layers", {"randomizer.services.seeded": "randomizer.web"}),
    ("layers", {"randomizer.web.seeded": "randomizer.jobs"}),
    ("layers", {"randomizer.stray": "randomizer.errors"}),
    ("no-cycles", {"keys.first": "keys.second", "keys.second": "keys.first"}),
    (
        "no-cycles",
        {
            "randomizer.domain.first": "randomizer.domain.second.third",
            "randomizer.domain.second.third": "randomizer.domain.first",
        },
    ),
    ("keys-know-nothing", {"keys.seeded": "flask"}),
    ("keys-know-nothing", {"keys.seeded": "sqlalchemy"}),
    ("keys-know-nothing", {"keys.seeded": "randomizer.errors"}),
    ("keys-callers", {"randomizer.web.seeded": "keys.notes"}),
    ("keys-callers", {"randomizer.store.seeded": "keys.merkle"}),
    ("keys-callers", {"randomizer.domain.seeded": "keys.stream"}),
    ("domain-is-pure", {"randomizer.domain.seeded": "flask"}),
    ("domain-is-pure", {"randomizer.domain.seeded": "sqlmodel"}),
    ("domain-is-pure", {"randomizer.domain.seeded": "pathlib"}),
    ("domain-is-pure", {"randomizer.domain.seeded": "secrets"}),
    ("domain-is-pure", {"randomizer.domain.seeded": "time"}),
    ("doors-call-services", {"randomizer.web.seeded": "randomizer.store"}),
    ("doors-call-services", {"randomizer.web.seeded": "keys.merkle"}),
    ("doors-call-services", {"randomizer.web.seeded": "sqlmodel"}),
    ("sql-stays-in-the-store", {"randomizer.services.seeded": "sqlalchemy"}),
    ("sql-stays-in-the-store", {"randomizer.jobs.seeded": "sqlmodel"}),
    *(
        (
            "sealed-from-openings",
            {source: "randomizer.services.between", "randomizer.services.between": opening},
        )
        for source in SEALED
        for opening in OPENINGS
    ),
    ("sealed-from-openings", {"randomizer.services.care.allocation": "keys.envelope"}),
    ("doors-apart", {"randomizer.web.site.seeded": "randomizer.web.codebreak"}),
    ("doors-apart", {"randomizer.web.codebreak.seeded": "randomizer.web.site"}),
    (
        "doors-apart",
        {
            "randomizer.web.site.seeded": "randomizer.web.between",
            "randomizer.web.between": "randomizer.web.codebreak",
        },
    ),
]


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
    assert {contract for contract, _ in SEEDS} == set(CONTRACTS)


@pytest.mark.promise(5)
@pytest.mark.requirement("contracts")
@pytest.mark.parametrize(
    ("contract", "imports"),
    SEEDS,
    ids=[f"{contract}: {', '.join(map(' -> '.join, imports.items()))}" for contract, imports in SEEDS],
)
def test_a_seeded_import_breaks_its_contract(copy: Path, contract: str, imports: dict[str, str]) -> None:
    for imported in imports.values():
        if imported.startswith(("keys.", "randomizer.")):
            make_module(copy, imported)
    for importer, imported in imports.items():
        with make_module(copy, importer).open("a") as module:
            module.write(f"\nimport {imported}\n")

    answer = lint_imports(copy, "--contract", contract)

    assert re.search(rf"^{re.escape(CONTRACTS[contract]['name'])} BROKEN$", answer.stdout, re.MULTILINE)
    assert answer.returncode == 1


@pytest.mark.promise(5)
@pytest.mark.requirement("contracts")
def test_keys_re_exports_nothing() -> None:
    body = ast.parse((ROOT / "keys" / "__init__.py").read_text()).body

    assert [type(statement) for statement in body] == [ast.Expr], "keys/__init__.py holds its docstring only"
