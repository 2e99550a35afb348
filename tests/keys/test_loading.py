from __future__ import annotations

import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import keys

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(keys.__path__, "keys.")
    if module.name not in {"keys.__main__", "keys.envelope"}
)
MAY_OPEN = {
    "keys.wraps",
    "keys.self_test",
    "keys.key_file",
    "keys.token",
    "keys.staged",
    "keys.commands.combine",
}
"""Of these, the last two run on the machine of the custodians and nowhere else."""


@pytest.mark.promise(5)
def test_only_wraps_providers_custodians_and_the_self_test_load_the_opening_of_envelopes() -> None:
    program = (
        "import importlib, sys\n"
        "for name in sys.argv[1:]:\n"
        "    importlib.import_module(name)\n"
        "    print(name, 'keys.envelope' in sys.modules)\n"
    )
    closed = [name for name in MODULES if name not in MAY_OPEN]
    said = subprocess.run(
        [sys.executable, "-c", program, *closed, *MAY_OPEN],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(keys.__path__[0]).parent,
    ).stdout.split()
    loaded = dict(zip(said[::2], said[1::2], strict=True))
    assert len(closed) > 15
    assert {name for name in closed if loaded[name] == "True"} == set()
    assert {loaded[name] for name in MAY_OPEN} == {"True"}
