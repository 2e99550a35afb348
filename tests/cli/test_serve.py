"""A rehearsal as ``make run`` opens it: real processes, real doors, real sign-ins."""

from __future__ import annotations

import http.client
import http.cookiejar
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyotp
import pytest

from randomizer.cli import rehearsal, signing_in
from randomizer.cli.instance_processes import command_line
from randomizer.cli.rehearsal_processes import demand_free
from randomizer.cli.rehearsal_table import code_of
from randomizer.config import load_settings, system_clock
from randomizer.domain.participants import Participant
from randomizer.domain.people import SERVICE, SITE_BOUND, Account, Role
from randomizer.domain.trial import Allocation
from randomizer.errors import Busy, Refused
from randomizer.services import accounts, outside
from randomizer.services.founding.instance_files import read_checkpoint_key
from randomizer.services.sealed import sealed_rows
from randomizer.services.signatures import StepUp
from randomizer.services.transactions import open_store
from randomizer.services.unblinded.sinks import INTENT, IntentFile
from randomizer.services.upkeep import nightly
from tests.cli import floods

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.conftest import Randomizer

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 90
ATTACKED = {*SITE_BOUND, Role.ADMINISTRATOR, Role.MONITOR, Role.ON_CALL}
FLOOD = 100  # false sign-ins that were answered meanwhile
WAIT_SECONDS = 5
"""Nobody who breaks a code waits longer for a page, whatever else goes on."""

HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A rehearsal; sign-ins of one test spend codes, so each test takes people of its own."""
    place = tmp_path_factory.mktemp("rehearsal") / "rehearsal"
    rehearsal.make(place, system_clock(), lambda _: None)
    return place


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Opened:
    """A rehearsal that is open."""

    process: subprocess.Popen[str]
    addresses: dict[str, str]
    accounts: dict[str, dict[str, Any]]

    def await_line(self, start: str) -> str:
        """The next line of what it says that starts like this."""
        assert self.process.stderr is not None
        return next(line for line in self.process.stderr if line.startswith(start))

    def stop(self) -> str:
        """Stop it as Ctrl-C does, and give what it said."""
        self.process.send_signal(signal.SIGINT)
        said = self.process.communicate(timeout=PATIENCE_SECONDS)[1]
        assert self.process.returncode == 0
        return said


@contextmanager
def open_rehearsal(directory: Path, **environment: str) -> Iterator[Opened]:
    ports = ("--site-port", str(free_port()), "--codebreak-port", str(free_port()))
    command = [
        sys.executable,
        "-m",
        "randomizer",
        "serve",
        "rehearsal",
        "--dir",
        str(directory),
        *ports,
        "--json",
    ]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | environment
    ) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        try:
            yield Opened(process, told["addresses"], {one["role"]: one for one in told["accounts"]})
        finally:  # a test that fails must not wait for it for ever
            if process.poll() is None:
                process.terminate()
                process.communicate(timeout=PATIENCE_SECONDS)


def factor(account: dict[str, Any], *, steps_ahead: int = 0) -> dict[str, str]:
    """Password and code; that of the next step fits too, for whoever signs in and signs at once."""
    at = system_clock() + timedelta(seconds=30 * steps_ahead)
    return {"password": account["password"], "code": pyotp.TOTP(account["totp_secret"]).at(at)}


@dataclass
class Browser:
    """Follows links, keeps cookies, fills in forms."""

    address: str
    jar: http.cookiejar.CookieJar = field(default_factory=http.cookiejar.CookieJar)
    waits: list[float] = field(default_factory=list)  # seconds, of each page

    def get(self, path: str, form: dict[str, str] | None = None) -> tuple[int, str]:
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))
        data = None if form is None else urllib.parse.urlencode(form).encode()
        request = urllib.request.Request(self.address + path, data, {"Referer": self.address + path})  # noqa: S310
        began = time.monotonic()
        try:
            with opener.open(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        finally:
            self.waits.append(time.monotonic() - began)

    def send(self, path: str, form: dict[str, str], status: int | None = 200) -> str:
        """Open a page, fill in its form, and give the page that comes up."""
        found = self.get(path)[1]
        hidden = {name: value for name, value in HIDDEN.findall(found) if name != "then"}
        answered, page = self.get(path, hidden | form)
        assert status in {None, answered}, page
        return page

    def sign_in(self, account: dict[str, Any]) -> str:
        """Sign in, and give the page that comes up."""
        home = self.send("/sign-in", {"username": account["username"], **factor(account)})
        assert "Sign out" in home
        return home

    def recover(self, account: dict[str, Any], code: str) -> None:
        """Sign in with a recovery code."""
        form = {"recovery_username": account["username"], "recovery_code": code}
        assert "Sign out" in self.send("/recovery", form)


@pytest.mark.requirement("set-up")
def test_a_rehearsal_has_participants_in_different_states_and_a_sound_trail(directory: Path) -> None:
    settings = load_settings(directory / "instance")
    store = open_store(settings.engine_url, clock=system_clock, entropy=lambda count: b"0" * count)
    with store.reading() as uow:
        states = {participant.state for participant in uow.all(Participant)}
        ends = {participant.ending for participant in uow.all(Participant)}
        held = outside.held_notes(settings.public)
        log = read_checkpoint_key(settings.directory).verifier
        assert nightly.check_trail(uow, log, held) == ()
        assert sealed_rows.check(uow) == 200
    store.engine.dispose()
    assert len(states) >= 6
    assert len(ends) >= 3
    assert (directory / "accounts.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.requirement("set-up")
def test_both_doors_let_the_printed_people_in_also_when_another_process_has_died(directory: Path) -> None:
    with open_rehearsal(directory) as opened:
        assert set(opened.accounts) == {str(role) for role in Role}
        os.kill(process_of(command_line("jobs", directory / "instance")), signal.SIGKILL)
        said = opened.await_line("The jobs process")
        assert said.startswith("The jobs process has ended by signal 9. It is not started again; see ")
        site, codebreak = opened.addresses["site door"], opened.addresses["code-break door"]
        assert "REHEARSAL" in Browser(site).sign_in(opened.accounts["coordinator"])
        assert "REHEARSAL" in Browser(codebreak).sign_in(opened.accounts["preparing pharmacist"])
        person = opened.accounts["on-call clinician"]
        printed = {"recovery_username": person["username"], "recovery_code": person["recovery_codes"][0]}
        assert "Who is it for?" in Browser(codebreak).send("/recovery", printed)
        assert opened.stop().endswith("Stopping.\n")
        for address in (site, codebreak):
            with pytest.raises(urllib.error.URLError):
                Browser(address).get("/")


@pytest.mark.promise(8)
def test_a_door_killed_before_it_opens_leaves_the_intent_and_leads_to_the_answer(directory: Path) -> None:
    """A real door, with recovery codes: before others set the sign-in of its people anew."""
    listed = json.loads((directory / "accounts.json").read_text())["accounts"]
    [person] = [one for one in listed if one["role"] == Role.ON_CALL]
    codes, number = reversed(person["recovery_codes"]), allocated(directory)  # another test takes the first
    with code_break_door("tests.cli.mortal_door", directory) as browser:
        browser.recover(person, next(codes))
        reason = f"/code-break/{number}/reason?again=yes"
        chosen = re.search(r'name="reason"[^>]*value="([^"]+)"', browser.get(reason)[1])
        assert chosen is not None
        browser.send(reason, {"reason": chosen[1]})
        with pytest.raises((urllib.error.URLError, ConnectionError, http.client.HTTPException)):
            browser.send(f"/code-break/{number}/sign", {"recovery_code": next(codes)})
    filed = IntentFile(directory / "instance" / "codebreak" / "intents.log")
    intent = [line["intent"] for line in filed.lines(INTENT) if line["participant"] == number][-1]
    assert filed.disclosure(intent) is None
    with code_break_door("randomizer.web.codebreak", directory) as browser:
        browser.recover(person, next(codes))
        assert f"/code-break/answer/{intent}" in browser.get(f"/code-break/{number}")[1]
        assert 'class="answer"' in browser.get(f"/code-break/answer/{intent}")[1]


@contextmanager
def code_break_door(module: str, directory: Path) -> Iterator[Browser]:
    """The door as a process of its own, and somebody in front of it."""
    port = free_port()
    environment = os.environ | {"RANDOMIZER_CODEBREAK__PORT": str(port)}
    command = [sys.executable, "-m", module, str(directory / "instance")]
    with (
        (directory / "door.log").open("ab") as log,
        subprocess.Popen(command, stderr=log, stdout=log, env=environment, cwd=ROOT) as run,
    ):
        browser = Browser(f"http://127.0.0.1:{port}")
        deadline = time.monotonic() + PATIENCE_SECONDS
        while run.poll() is None and time.monotonic() < deadline:
            try:
                browser.get("/sign-in")
                break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
        try:
            yield browser
        finally:
            run.terminate()


@pytest.mark.promise(6)
def test_a_flood_of_false_sign_ins_keeps_nobody_from_breaking_a_code(directory: Path) -> None:
    """Same name, other names, no names, and people who have the codes of others and guess passwords."""
    with open_rehearsal(directory, RANDOMIZER_CODEBREAK__PROXIES="1") as opened:
        person = opened.accounts["safety physician"]
        others = [one for role, one in opened.accounts.items() if role in ATTACKED]
        at_full_cost(directory, [person, *others])
        tries = [floods.of_true_codes(one["username"], one["totp_secret"]) for one in others]
        tries += [floods.of_no_code(name) for name in (person["username"], "nobody", "root") for _ in others]
        number = allocated(directory)
        waits: list[float] = []
        with floods.flooding(opened.addresses["code-break door"], tries) as answered:
            time.sleep(1)  # the flood is up
            browser = Browser(opened.addresses["code-break door"], waits=waits)
            page = browser.send("/sign-in", {"username": person["username"], **factor(person)}, status=None)
            if "Many people are signing in" in page:
                time.sleep(Busy.wait_seconds)
                waits.append(Busy.wait_seconds + waits[-1])
                browser.sign_in(person)
            reasons = browser.get(f"/code-break/{number}/reason")[1]
            chosen = re.search(r'name="reason"[^>]*value="([^"]+)"', reasons)
            assert chosen is not None
            browser.send(f"/code-break/{number}/reason", {"reason": chosen[1]})
            answer = browser.send(f"/code-break/{number}/sign", factor(person, steps_ahead=1))
    assert 'class="treatment"' in answer
    assert max(waits) < WAIT_SECONDS, waits
    assert answered.total() > FLOOD
    assert set(answered) <= {401, 503}


def at_full_cost(directory: Path, people: list[dict[str, Any]]) -> None:
    """Hash the same passwords as an instance does; those of a rehearsal cost next to nothing."""
    settings = load_settings(directory / "instance")
    gate = signing_in.gate_of(settings)
    store = open_store(settings.engine_url, clock=system_clock, entropy=secrets.token_bytes)
    with store.writing() as uow:
        numbers = {one.username: one.number for one in uow.all(Account)}
        [administrator] = [one for one in people if one["role"] == Role.ADMINISTRATOR]
        now = uow.clock()
        second = StepUp(
            account=numbers[administrator["username"]], at=now, expires_at=now + timedelta(minutes=1)
        )
        for one in people:
            accounts.set_credential(
                uow,
                gate,
                SERVICE,
                account=numbers[one["username"]],
                password=one["password"],
                totp_secret=one["totp_secret"],
                second=second,
            )
    store.engine.dispose()


def allocated(directory: Path) -> str:
    """A participant whose code can be broken."""
    store = open_store(
        load_settings(directory / "instance").engine_url,
        clock=system_clock,
        entropy=lambda count: b"0" * count,
    )
    with store.reading() as uow:
        number = uow.all(Allocation, limit=1)[0].participant
    store.engine.dispose()
    return number


def process_of(command: list[str]) -> int:
    """Process id of a command line."""
    listed = subprocess.run(["ps", "-ewwo", "pid=,args="], capture_output=True, text=True, check=True).stdout
    [found] = [line for line in listed.splitlines() if line.strip().endswith(" ".join(command[1:]))]
    return int(found.split()[0])


def test_a_port_that_is_taken_is_refused_before_anything_starts(
    tmp_path: Path, randomizer: Randomizer
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Refused, match=f"Port {port} of 127.0.0.1 cannot be used"):
            demand_free("127.0.0.1", port)
        answer = randomizer("serve", "rehearsal", "--dir", tmp_path / "new", "--site-port", port)
    assert "Nothing was started." in answer.refusal
    assert not (tmp_path / "new").exists()


def test_a_directory_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(Refused, match="holds something that is no rehearsal"):
        rehearsal.find(tmp_path)


def test_what_was_made_once_is_found_again(directory: Path) -> None:
    found = rehearsal.find(directory)
    assert found is not None
    assert {member.role for member in found.members} == set(Role)
    now = system_clock()
    member = found.members[0]
    assert code_of(member, now) != code_of(member, now + timedelta(seconds=90))


def test_a_door_without_its_secrets_says_so_and_does_not_come_up(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = directory / "instance" / "site" / "secrets.json"
    path.chmod(0o644)
    try:
        ended = subprocess.run(
            command_line("site", directory / "instance"),
            env=os.environ | {"RANDOMIZER_SITE__PORT": str(free_port())},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_SECONDS,
        )
    finally:
        path.chmod(0o600)
    assert ended.returncode != 0
    assert "site/secrets.json has mode 0644; secrets must be 0600." in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.promise(18)
@pytest.mark.parametrize("process", ["site", "codebreak", "jobs"])
def test_a_process_without_an_instance_says_so_in_a_sentence(
    tmp_path: Path, randomizer: Randomizer, process: str
) -> None:
    answer = randomizer("serve", process, "--instance", tmp_path / "nowhere")
    assert "instance.toml cannot be read: No such file or directory." in answer.refusal
