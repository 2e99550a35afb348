"""Writes docs/requirements.md: the tests that hold each promise and requirement, read off their markers."""

from __future__ import annotations

import argparse
import ast
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

Key = tuple[str, str]  # a marker and its argument: ("promise", "8"), ("requirement", "demo")

HEADINGS = {"promise": "Promises", "requirement": "Requirements"}


class MarkerFaulty(Exception):
    """A marker names no promise or requirement of the list."""


def marks(nodes: list[ast.expr]) -> list[Key]:
    """Promises and requirements named by the markers in the expressions."""
    found: list[Key] = []
    for call in (inner for node in nodes for inner in ast.walk(node) if isinstance(inner, ast.Call)):
        match call.func:
            case ast.Attribute(attr="promise" | "requirement" as kind, value=ast.Attribute(attr="mark")):
                found += [(kind, str(ast.literal_eval(argument))) for argument in call.args]
    return found


def tests_of(body: list[ast.stmt], inherited: list[Key]) -> Iterator[tuple[str, list[Key]]]:
    """Each test in the body of a module or class, with all that it holds."""
    for statement in body:
        match statement:
            case ast.ClassDef(name=name, decorator_list=decorators, body=inner):
                for test, keys in tests_of(inner, inherited + marks(decorators)):
                    yield f"{name}.{test}", keys
            case ast.FunctionDef(name=name, decorator_list=decorators) if name.startswith("test_"):
                yield name, inherited + marks(decorators)
            case ast.Assign(targets=[ast.Name(id=name)]) if name.startswith(
                "Test"
            ):  # a state machine's TestCase
                yield name, inherited


def module_marks(body: list[ast.stmt]) -> list[Key]:
    """Markers in ``pytestmark``, which hold for every test of the module."""
    for statement in body:
        match statement:
            case ast.Assign(targets=[ast.Name(id="pytestmark")], value=value):
                return marks([value])
    return []


def collect(root: Path, listed: dict[str, dict[str, str]]) -> dict[Key, dict[str, list[str]]]:
    """Tests under ``root``/tests by what they hold, then by file.

    Raises:
        MarkerFaulty: A marker names nothing that is listed.
    """
    held: dict[Key, dict[str, list[str]]] = {(kind, name): {} for kind in listed for name in listed[kind]}
    for path in sorted(root.glob("tests/**/test_*.py")):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        file = path.relative_to(root).as_posix()
        for test, keys in tests_of(body, module_marks(body)):
            for kind, name in sorted(set(keys)):
                if (kind, name) not in held:
                    raise MarkerFaulty(
                        f"{file}: {test} holds {kind} {name}, which tests/requirements.toml lacks."
                    )
                held[kind, name].setdefault(file, []).append(f"`{test}`")
    return held


def page(root: Path) -> str:
    """Text of the page for the tests under ``root``."""
    listed = tomllib.loads((root / "tests" / "requirements.toml").read_text(encoding="utf-8"))
    held = collect(root, listed)
    lines = [
        "# Promises and requirements, and the tests that hold them",
        "",
        "Written by `make requirements` from the markers in the tests; do not edit.",
        f"{sum(bool(files) for files in held.values())} of {len(held)} have a test.",
        "A test that stands here holds a part of its promise, not always the whole.",
    ]
    for kind, heading in HEADINGS.items():
        lines += ["", f"## {heading}"]
        for name, sentence in listed[kind].items():
            files = held[kind, name]
            tests = [f"- [{file}](../{file}): {', '.join(files[file])}" for file in files]
            lines += [
                "",
                f"### {kind.capitalize()} {name}",
                "",
                sentence,
                "",
                *(tests or ["**Not yet kept.**"]),
            ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the page, or with ``--check`` say whether it is current."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=Path(__file__).parent.parent, help="root of the project")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 if the page is not current"
    )
    arguments = parser.parse_args()
    target = arguments.root / "docs" / "requirements.md"
    try:
        text = page(arguments.root)
    except MarkerFaulty as fault:
        sys.exit(str(fault))
    if not arguments.check:
        target.write_text(text, encoding="utf-8")
    elif not target.exists() or target.read_text(encoding="utf-8") != text:
        sys.exit("docs/requirements.md is not current: run make requirements.")


if __name__ == "__main__":
    main()
