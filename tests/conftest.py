"""Settings and fixtures for every test."""

from __future__ import annotations

import contextlib
import gc
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from uuid import uuid4

import hypothesis
import pytest

from keys.merkle import Frontier
from randomizer.domain.housekeeping import TrailHead
from randomizer.store.engine import open_engine
from randomizer.store.store import Store
from tests import compiled, databases, dialects, tokens
from tests.activated import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

# No file of a test outlives it, so where there is plenty of memory it holds them: a disk would be waited for.
MEMORY = Path("/dev/shm")  # noqa: S108 - each test makes a directory of its own there
LEAST_FREE_BYTES = 2 * 2**30
DISK = "/tmp"  # noqa: S108 - likewise


def roomy_memory() -> bool:
    """Whether there is a file system in memory with space enough, from which programs may be run."""
    return (
        os.access(MEMORY, os.W_OK)
        and shutil.disk_usage(MEMORY).free >= LEAST_FREE_BYTES
        and not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC
    )


SHORT = str(MEMORY) if roomy_memory() else DISK  # the path of a socket has 103 bytes at most
if SHORT != DISK and "TMPDIR" not in os.environ:
    os.environ["TMPDIR"] = tempfile.tempdir = SHORT

# A loaded machine is no fault of the code; all else stays as it was, with fixed examples under CI.
hypothesis.settings.register_profile("any-machine", parent=hypothesis.settings(), deadline=None)
hypothesis.settings.load_profile("any-machine")

compiled.keep()
dialects.share_compiled()

GARBAGE_THRESHOLDS = (50_000, 20, 100)
START = datetime(2027, 1, 4, 8, 0, tzinfo=UTC)
DATABASES = ("sqlite", "postgresql")
LONG = ("tests/games", "tests/web", "tests/jobs", "tests/cli")
POSTGRES_OLDEST = 15
POSTGRES_START_SECONDS = 20
POSTGRES_SETTINGS = (
    "--listen_addresses=",
    "--max_connections=100",
    "--fsync=off",
    "--synchronous_commit=off",
    "--full_page_writes=off",
)
# Runs the server until the test process closes its end of the pipe or dies, then clears the directory.
POSTGRES_KEEPER = """
directory=$1; shift
"$@" & server=$!
cat >/dev/null
kill -INT "$server"
wait "$server"
rm -rf "$directory"
"""


def pytest_collection_finish() -> None:
    """Look for garbage less often, and never among what was imported: that took a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long begins first, so that no process ends with it while the other waits."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes ``database`` runs on each kind, unless it names its own."""
    named = any("database" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    if "database" in metafunc.fixturenames and not named:
        metafunc.parametrize("database", DATABASES)


def missing(sentence: str) -> NoReturn:
    """Skip where a person may lack the program, fail where ``CI`` promises it."""
    if os.environ.get("CI"):
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)


def postgres_programs() -> Path | None:
    """Directory of the newest PostgreSQL server programs, where one is installed."""
    places = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/opt/homebrew/opt").glob("postgresql@*/bin")]
    on_path = shutil.which("initdb")
    if on_path:
        places.append(Path(on_path).resolve().parent)
    versions = {}
    for place in places:
        if (place / "initdb").exists() and (place / "postgres").exists():
            answer = subprocess.run(
                [place / "postgres", "--version"], capture_output=True, text=True, check=True
            )
            versions[place] = int(answer.stdout.split()[2].split(".")[0])
    fit = [place for place, version in versions.items() if version >= POSTGRES_OLDEST]
    return max(fit, key=lambda place: versions[place], default=None)


@contextlib.contextmanager
def private_postgres(programs: Path) -> Iterator[Path]:
    """Run a server of our own that only listens on a socket, and give the directory of that socket."""
    directory = Path(tempfile.mkdtemp(prefix="pg-", dir=SHORT))
    user, group, groups = None, None, None
    if os.geteuid() == 0:  # initdb refuses root
        nobody = pwd.getpwnam("nobody")
        user, group, groups = nobody.pw_uid, nobody.pw_gid, [nobody.pw_gid]
        os.chown(directory, user, group)
    data = f"{directory}/data"
    initdb = [f"{programs}/initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"]
    server = [
        f"{programs}/postgres",
        "-D",
        data,
        f"--unix_socket_directories={directory}",
        *POSTGRES_SETTINGS,
    ]
    with (directory / "server.log").open("wb") as log:
        subprocess.run(
            [*initdb, "--no-sync"],
            check=True,
            stdout=log,
            stderr=log,
            cwd=directory,
            user=user,
            group=group,
            extra_groups=groups,
        )
        with subprocess.Popen(
            ["/bin/sh", "-c", POSTGRES_KEEPER, "keeper", str(directory), *server],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd=directory,
            user=user,
            group=group,
            extra_groups=groups,
        ):
            await_postgres(directory)
            yield directory


def await_postgres(directory: Path) -> None:
    """Return once the server answers on the socket in ``directory``."""
    import psycopg  # noqa: PLC0415 an optional extra

    deadline = time.monotonic() + POSTGRES_START_SECONDS
    while True:
        try:
            psycopg.connect(host=str(directory), user="postgres", dbname="postgres").close()
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """URL of a private PostgreSQL server, nothing in it yet; each test process has its own."""
    programs = postgres_programs()
    if programs is None:
        missing(f"PostgreSQL {POSTGRES_OLDEST} or newer is not installed: nothing was run on it.")
    with private_postgres(programs) as directory:
        yield f"postgresql+psycopg://postgres@/postgres?host={directory}"


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[str]:
    """URL of an empty database of the test's own."""
    with databases.copied_on_server(postgres_url, databases.EMPTY) as url:
        yield url


@pytest.fixture(scope="session")
def softhsm() -> Iterator[None]:
    """A directory of SoftHSM2 tokens of this test process's own."""
    if not tokens.library():
        missing("SoftHSM2 is not installed: nothing was run on a token.")
    with tokens.directory():
        yield


@pytest.fixture
def made_token(softhsm: None) -> tokens.Made:
    """An empty PKCS#11 token of the test's own."""
    return tokens.initialized()


@pytest.fixture(scope="session")
def conformance() -> Path:
    """The folder of official vectors that ``CROSSOVER_CONFORMANCE`` names; nobody ships it with the code."""
    folder = os.environ.get("CROSSOVER_CONFORMANCE")
    if not folder:
        pytest.skip("CROSSOVER_CONFORMANCE names no folder: the official vectors were not run.")
    return Path(folder)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with the present schema and nothing in it, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "trial.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_postgresql(postgres_url: str) -> str:
    """Name of a database with the present schema and nothing in it, to be copied."""
    name = f"migrated_{uuid4().hex}"
    databases.copy_on_server(postgres_url, databases.EMPTY, name)
    migrate(databases.on_server(postgres_url, name))
    return name


@pytest.fixture
def database_url(request: pytest.FixtureRequest, database: str, tmp_path: Path) -> Iterator[str]:
    """URL of a database with the present schema and nothing in it."""
    template = request.getfixturevalue(f"migrated_{database}")
    with databases.copied(request, template, tmp_path) as url:
        yield url


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A store with the present schema and an empty trail."""
    engine = open_engine(database_url)
    seconds = itertools.count()
    random_bytes = itertools.count(1)
    opened = Store(
        engine,
        clock=lambda: START + timedelta(seconds=next(seconds)),
        entropy=lambda count: next(random_bytes).to_bytes(count, "big"),
    )
    with opened.writing() as uow:
        uow.insert(TrailHead(size=0, frontier=Frontier().to_bytes()))
    yield opened
    engine.dispose()
