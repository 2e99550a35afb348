"""A rehearsal with canaries as its processes serve it: two doors and the jobs, used by people."""

from __future__ import annotations

import http.cookiejar
import json
import re
import shutil
import socket
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyotp
import pytest

from keys.__main__ import main as keys_command
from randomizer.cli import rehearsal
from randomizer.cli.instance_processes import command_line
from randomizer.cli.rehearsal_processes import await_answers, running
from randomizer.cli.story import lives, staging
from randomizer.config import system_clock
from randomizer.domain.numbers import participant_number
from randomizer.domain.people import Role
from randomizer.domain.quality import Lot
from randomizer.domain.sealed_texts import Preparation
from tests.called import call
from tests.games import canaries

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from randomizer.cli.story.cast import Member

    Members = dict[tuple[Role, str], Member]
    Told = dict[str, list[str]]

CONFIG = Path(__file__).parents[2] / "config"
PROCESSES = ("site", "codebreak", "jobs")
LOOK_EVERY_SECONDS = 0.05
PATIENCE_SECONDS = 60
CSRF = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
DRAFT = re.compile(r'name="draft" value="([0-9a-f]+)"')
LINK = re.compile(r'href="(/[^"#]*)"')
MOST_LINKS = 40
TOTP_STEP = timedelta(seconds=30)
LEARN = "There is something to learn"
LEAST_PROCESSES = {"site": 2, "codebreak": 2, "jobs": 1}
"""A door is the process that was started, and its workers."""

# Started by the interpreter itself in every process, before anything of ours is imported. Each process and
# each worker that is forked from one answers by a file of its own once it is asked, from a thread of its own.
LISTENER = """
import gc, json, os, sys, threading, time, types

PLACE = os.environ["GAMES_PLACE"]

def tell():
    while not os.path.exists(os.path.join(PLACE, "ask")):
        time.sleep(0.05)
    code = {one.co_filename for one in gc.get_objects() if isinstance(one, types.CodeType)}
    code |= {one.__code__.co_filename for one in gc.get_objects() if isinstance(one, types.FunctionType)}
    told = {"modules": sorted(sys.modules), "code": sorted(code), "command": sys.orig_argv}
    path = os.path.join(PLACE, f"{os.getpid()}.told")
    with open(path + ".new", "w") as file:
        json.dump(told, file)
    os.rename(path + ".new", path)

def listen():
    threading.Thread(target=tell, daemon=True).start()

os.register_at_fork(after_in_child=listen)
listen()
"""


@dataclass(frozen=True, kw_only=True)
class Lively:
    """What a rehearsal left behind while its processes ran.

    Args:
        directory: Of the rehearsal.
        copy: The instance, copied while the processes ran.
        told: What each process said of itself, by its name.
        logs: What each process wrote, by its name.
        pages: Address and content of what blinded people were served.
        answered: What the code-break door showed: the proof that a code was broken.
    """

    directory: Path
    copy: Path
    told: dict[str, list[Told]]
    logs: dict[str, bytes]
    pages: list[tuple[str, bytes]]
    answered: str


@dataclass
class Browser:
    """Follows links, keeps cookies, fills in forms."""

    address: str
    pages: list[tuple[str, bytes]]
    jar: http.cookiejar.CookieJar = field(default_factory=http.cookiejar.CookieJar)

    def get(self, path: str, form: dict[str, str] | None = None, **headers: str) -> str:
        """Open a page, or send a form."""
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))
        data = None if form is None else urllib.parse.urlencode(form).encode()
        request = urllib.request.Request(  # noqa: S310 - our own door
            self.address + path, data, {"Referer": self.address + path, **headers}
        )
        try:
            with opener.open(request, timeout=30) as answer:
                status, content = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                status, content = error.code, error.read()
        assert status < 500, (path, content)
        self.pages.append((path, content))
        return str(content.decode(errors="replace"))

    def sign_in(self, member: Member) -> str:
        """Come in; gives the page that comes up."""
        self.send("/sign-in", {"username": member.username, **factor(member)})
        return self.get("/")

    def send(self, path: str, form: dict[str, str], page: str = "") -> str:
        """Send the form of a page."""
        token = CSRF.search(self.get(page or path))
        assert token is not None, path
        return self.get(path, {"csrf_token": token[1], **form})

    def crawl(self, page: str) -> int:
        """Open every link that leads on, breadth first; gives how many."""
        waiting = LINK.findall(page)
        known: set[str] = set()
        while waiting and len(known) < MOST_LINKS:
            link = waiting.pop(0).replace("&amp;", "&")
            if link not in known and "/static/" not in link and "/bootstrap/" not in link:
                known.add(link)
                waiting += LINK.findall(self.get(link))
        return len(known)


def factor(member: Member, steps: int = 0, now: datetime | None = None) -> dict[str, str]:
    """Password and code of a moment, or of some time steps later: each counts once."""
    return {
        "password": member.password,
        "code": pyotp.TOTP(member.totp_secret).at((now or system_clock()) + steps * TOTP_STEP),
    }


def make(directory: Path) -> tuple[Member, ...]:
    """A rehearsal with canaries for everything that unblinds."""
    canaries.write_config(CONFIG, directory.with_name("config"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(staging, "CONFIG", directory.with_name("config"))
        patch.setattr(staging, "run_all", _called)
        patch.setattr(lives, "Preparation", _prepared)
        patch.setattr(lives, "Lot", _grown)
        patch.setattr(lives.Life, "_lot", canaries.LOT)
        patch.setattr(lives, "TOO_FEW", canaries.FAILED)
        return rehearsal.make(directory, system_clock(), lambda _: None).members


def _called(_keys: str, *commands: tuple[object, ...]) -> list[dict[str, Any]]:
    """What custodians and contributors do, one after the other and here: nobody looks at their processes."""
    return [call(keys_command, *command, "--json").json for command in commands]


def _prepared(**named: Any) -> Preparation:  # noqa: ANN401
    return replace(Preparation(**named), note=canaries.NOTE, thaw=canaries.THAW)


def _grown(**named: Any) -> Lot:  # noqa: ANN401
    return replace(Lot(**named), form=canaries.NOTE)


@contextmanager
def served(directory: Path, place: Path) -> Iterator[dict[str, str]]:
    """Run both doors and the jobs with a listener in each; gives the addresses of the doors."""
    (place / "sitecustomize.py").write_text(LISTENER, encoding="utf-8")
    ports = {name: free_port() for name in ("site", "codebreak")}
    environment = {
        "GAMES_PLACE": str(place),
        "PYTHONPATH": f"{place}:{Path(__file__).parents[2]}",
        **{f"RANDOMIZER_{name.upper()}__PORT": str(port) for name, port in ports.items()},
    }
    commands = {name: command_line(name, directory / "instance") for name in PROCESSES}
    addresses = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    with running(commands, environment, place / "logs") as children:
        await_answers(children, list(addresses.values()))
        yield addresses


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def live(directory: Path) -> Lively:
    """Make a rehearsal, let people use it, ask its processes what they have loaded, and copy all they keep.

    Args:
        directory: Empty or missing.
    """
    members = {(one.role, one.site): one for one in make(directory)}
    place = directory.with_name("listening")
    place.mkdir()
    pages: list[tuple[str, bytes]] = []
    with ExitStack() as stack:
        addresses = stack.enter_context(served(directory, place))
        answered = _break_a_code(Browser(addresses["codebreak"], []), members)
        assert _open_sheets(Browser(addresses["codebreak"], []), members)
        for role, site in ((Role.COORDINATOR, "TLS"), (Role.PHARMACIST, "TLS"), (Role.MONITOR, "")):
            browser = Browser(addresses["site"], pages)
            assert browser.crawl(browser.sign_in(members[role, site])) > 10
        _through_the_api(Browser(addresses["site"], pages), members[Role.TRIAL_MANAGER, ""])
        told = _ask(place, directory / "instance")
        shutil.copytree(directory / "instance", directory.with_name("copy"))
    logs = {path.stem: path.read_bytes() for path in (place / "logs").iterdir()}
    return Lively(
        directory=directory,
        copy=directory.with_name("copy"),
        told=told,
        logs=logs,
        pages=pages,
        answered=answered,
    )


def _break_a_code(browser: Browser, members: Members) -> str:
    member = members[Role.ON_CALL, ""]
    browser.sign_in(member)
    numbers = [participant_number(index + 1) for index in range(len(rehearsal.DAYS_AGO))]
    number = next(one for one in numbers if LEARN in browser.get(f"/code-break/{one}"))
    reason = {"reason": "emergency", "text": "found unconscious"}
    draft = DRAFT.search(browser.send(f"/code-break/{number}/reason", reason))
    assert draft is not None
    form = {"draft": draft[1], **factor(member, steps=1)}
    return browser.send(f"/code-break/{number}/sign", form, page=f"/code-break/{number}/reason")


def _open_sheets(browser: Browser, members: Members) -> int:
    home = browser.sign_in(members[Role.PREPARER, ""])
    waiting = sorted(set(re.findall(r'href="(/preparation/\d+)"', home)))
    for path in waiting:
        browser.send(path, {}, page=path)
    return len(waiting)


def _through_the_api(browser: Browser, member: Member) -> None:
    body = json.dumps({"username": member.username, **factor(member)}).encode()
    request = urllib.request.Request(  # noqa: S310 - our own door
        f"{browser.address}/api/v1/tokens", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        token = json.loads(answer.read())["token"]
    for kind in ("participants", "entries", "strata", "tasks", "alarms", "worklist", "sites"):
        for form in ("", "?format=csv"):
            browser.get(f"/api/v1/{kind}{form}", Authorization=f"Bearer {token}")


def _ask(place: Path, instance: Path) -> dict[str, list[Told]]:
    """Ask every process what it has loaded; the doors have a process beside each worker."""
    expected = {name: command_line(name, instance)[2] for name in PROCESSES}
    (place / "ask").touch()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        told: list[Told] = [json.loads(path.read_text()) for path in place.glob("*.told")]
        found = {name: [one for one in told if module in one["command"]] for name, module in expected.items()}
        if all(len(found[name]) >= least for name, least in LEAST_PROCESSES.items()):
            return found
        assert time.monotonic() < deadline, {name: len(ones) for name, ones in found.items()}
        time.sleep(LOOK_EVERY_SECONDS)
