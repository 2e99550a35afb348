from __future__ import annotations

import shutil
import socket
import subprocess
import sys

import pytest

from randomizer.cli import offline
from randomizer.errors import Refused

ASK = "from randomizer.cli.offline import demand_offline; demand_offline(); print('alone')"


@pytest.mark.requirement("ceremony")
def test_a_machine_with_a_route_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offline, "ELSEWHERE", ((socket.AF_INET, "127.0.0.1"),))
    with pytest.raises(Refused, match="connected to a network"):
        offline.demand_offline()


@pytest.mark.requirement("ceremony")
def test_a_machine_without_network_goes_on() -> None:
    """In a network namespace of its own, where the system lets us make one."""
    unshare = shutil.which("unshare")
    command = [sys.executable, "-c", ASK]
    if unshare and subprocess.run([unshare, "-rn", "true"], check=False, capture_output=True).returncode == 0:
        command = [unshare, "-rn", *command]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (0, "alone\n"), done.stderr
    else:
        pytest.skip("This system makes no network namespace for us.")
