"""What the tests of both doors stand on: Debian's Chromium, a server for its pages, an active rehearsal."""

from __future__ import annotations

import logging
import os
import shutil
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import sync_playwright
from werkzeug.serving import make_server

from tests import activated, desks
from tests.web.gallery.gallery import make_app
from tests.web.lens import Lens
from tests.web.looks import PHONE, resize
from tests.web.reads import Reads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from flask import Flask
    from playwright.sync_api import Browser, Page

    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance, Rehearsal

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

STILL: dict[str, Any] = {"locale": "en-GB", "reduced_motion": "reduce"}
"""How a tab is opened; a colour that is on its way to another has no contrast yet."""

STOPS_WITHIN_SECONDS = 0.1


@pytest.fixture(scope="module", autouse=True)
def _views_alone() -> Iterator[None]:
    """Whatever the tests of a module do at a door, it shows nothing of a record past the masking policy."""
    reads = Reads()
    with pytest.MonkeyPatch.context() as patch:
        reads.watch(patch)
        yield
    assert reads.found == set(), "read past the masking policy: show a view of it, see tests/web/reads.py"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Give a headless Chromium; without one the test is skipped, or fails where CI is set."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        sentence = "Chromium is not installed, so the pages were not looked at: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(sentence)
        pytest.skip(sentence)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def tabs(browser: Browser) -> Callable[..., Page]:
    """Give a function that gives a tab of a phone, as new, which runs scripts or none.

    A new one costs a second, most of it a process of its own: there is one of each kind, and it is cleared.
    """
    made: dict[bool, Page] = {}

    def tab(*, scripts: bool = True) -> Page:
        if scripts not in made:
            context = browser.new_context(java_script_enabled=scripts, **STILL)
            made[scripts] = context.new_page()
        page = made[scripts]
        page.context.clear_cookies()
        page.goto("about:blank")
        page.emulate_media(media="screen")
        resize(page, PHONE)
        return page

    return tab


@pytest.fixture
def page(tabs: Callable[..., Page]) -> Page:
    """A tab of a phone; nobody is signed in."""
    return tabs()


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[[Flask], str]]:
    """Give a function that serves an app on a free port of the loopback address and returns its address."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    running = []

    def start(app: Flask) -> str:
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = Thread(target=server.serve_forever, args=(STOPS_WITHIN_SECONDS,), daemon=True)
        thread.start()
        running.append((server, thread))
        return f"http://127.0.0.1:{server.port}"

    yield start
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="session")
def lens(browser: Browser, serve: Callable[[Flask], str]) -> Lens:
    """Looks at pages as they were served."""
    return Lens(browser.new_page(**STILL), serve(make_app()) + "/nothing-given")


@pytest.fixture(scope="session")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Rehearsal:
    """A sealed rehearsal; nobody writes into it."""
    return activated.seal_rehearsal(tmp_path_factory.mktemp("sealed") / "bundle")


@pytest.fixture(scope="session")
def active_file(tmp_path_factory: pytest.TempPathFactory, rehearsal: Rehearsal) -> tuple[Path, datetime]:
    """A database file with an active trial, to be copied, and the time at which it was left."""
    return activated.file_of(tmp_path_factory.mktemp("active"), rehearsal)


@pytest.fixture
def instance(tmp_path: Path, active_file: tuple[Path, datetime], rehearsal: Rehearsal) -> Iterator[Instance]:
    """An active trial with two open sites, of the test's own."""
    path, now = active_file
    shutil.copy(path, tmp_path / "trial.db")
    with activated.opened(f"sqlite:///{tmp_path}/trial.db", rehearsal.definition, now) as found:
        yield found


@pytest.fixture
def desk(instance: Instance, rehearsal: Rehearsal, tmp_path: Path) -> Desk:
    """The code-break host's keys, to bring a participant to where a door goes on."""
    return desks.set_up_desk(instance, rehearsal, tmp_path / "host")
