"""The programs of one file need nothing but Python and ``cryptography``, and nothing of the project."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "randomizer" / "standalone"
FILE = FOLDER / "verify_trial.py"
PROGRAMS = [FILE, FOLDER / "open_pack.py"]
ALLOWED = sys.stdlib_module_names | {"cryptography"}


def foreign_imports(source: str) -> set[str]:
    """Packages that a text imports, be it inside a function, beyond those that it may."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." if node.level else (node.module or "").split(".")[0])
    return found - ALLOWED


@pytest.mark.promise(10)
@pytest.mark.promise(15)
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.name)
def test_it_imports_nothing_of_the_project(program: Path) -> None:
    assert foreign_imports(program.read_text()) == set()


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.name)
def test_it_loads_nothing_by_name(program: Path) -> None:
    assert not {"importlib", "runpy", "pkgutil", "__import__", "exec", "eval"} & {
        node.id if isinstance(node, ast.Name) else node.name
        for node in ast.walk(ast.parse(program.read_text()))
        if isinstance(node, ast.Name | ast.alias)
    }


@pytest.mark.parametrize(
    ("line", "package"),
    [
        ("import keys.merkle", "keys"),
        ("from randomizer.domain import leaf", "randomizer"),
        ("from . import other", "."),
        ("def late():\n    import rfc8785", "rfc8785"),
    ],
)
def test_a_seeded_import_is_found(line: str, package: str) -> None:
    assert foreign_imports(f"{FILE.read_text()}\n{line}\n") == {package}


def test_the_folder_holds_programs_of_one_file() -> None:
    assert set(FOLDER.glob("*.py")) == {FOLDER / "__init__.py", *PROGRAMS}
    (docstring,) = ast.parse((FOLDER / "__init__.py").read_text()).body
    assert isinstance(docstring, ast.Expr)
