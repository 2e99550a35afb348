from __future__ import annotations

import ast
import io
import json
import logging
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from randomizer import logging_setup
from randomizer.logging_setup import FIELDS, LONGEST_TEXT, MOMENT, configure_logging

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(logging_setup.__file__).parent
SECRET = "sequence MSC-first of participant 10013"

pytestmark = pytest.mark.promise(3)


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """The lines that were logged."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logging("site")
    [handler] = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    assert handler.stream is sys.stderr
    written = io.StringIO()
    handler.setStream(written)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.raiseExceptions = True
    sys.excepthook = sys.__excepthook__
    structlog.reset_defaults()


def test_a_time_has_its_six_decimals_at_a_full_second_too(lines: Callable[[], list[dict[str, Any]]]) -> None:
    structlog.get_logger().info("jobs started")
    [line] = lines()
    assert len(line["timestamp"]) == len(datetime(2027, 1, 4, 8, 0, tzinfo=UTC).strftime(MOMENT)) == 27


def test_a_line_is_json_with_its_process_and_time(lines: Callable[[], list[dict[str, Any]]]) -> None:
    structlog.get_logger().info("jobs started", job="trail", attempts=2, where=["a.py:1", "b.py:2"])
    [line] = lines()
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "jobs started",
        "level": "info",
        "process": "site",
        "job": "trail",
        "attempts": 2,
        "where": ["a.py:1", "b.py:2"],
    }


def test_what_is_not_listed_is_dropped(lines: Callable[[], list[dict[str, Any]]]) -> None:
    structlog.get_logger().warning(
        "request", sequence=SECRET, size=4711, body=SECRET, password=SECRET, job={"a": SECRET}, error=object()
    )
    [line] = lines()
    assert set(line) <= FIELDS
    assert SECRET not in json.dumps(line)
    assert "4711" not in json.dumps(line)


def test_an_error_is_named_by_type_and_place_only(lines: Callable[[], list[dict[str, Any]]]) -> None:
    try:
        int(SECRET)
    except ValueError:
        structlog.get_logger().exception("a job failed")
        logging.getLogger("apscheduler.executors").exception('Job "%s" raised', SECRET)
    ours, theirs = lines()
    for line in (ours, theirs):
        assert line["error"] == "ValueError"
        assert line["at"].partition(":")[0].endswith("test_logging_setup")
        assert "MSC" not in json.dumps(line)
    assert theirs["event"] == 'Job "%s" raised'


def test_the_last_words_of_a_process_hold_no_text_of_the_error(
    lines: Callable[[], list[dict[str, Any]]],
) -> None:
    error = ValueError(SECRET)
    sys.excepthook(type(error), error, None)
    [line] = lines()
    assert (line["event"], line["error"]) == ("the process stops", "ValueError")
    assert "MSC" not in json.dumps(line)


@pytest.mark.parametrize("arguments", [(SECRET,), ({"key": SECRET},)])
def test_a_librarys_message_stands_without_its_arguments(
    lines: Callable[[], list[dict[str, Any]]], arguments: tuple[object, ...]
) -> None:
    logging.getLogger("gunicorn.error").warning("Invalid request from %s", *arguments)
    logging.getLogger("other").error(ValueError(SECRET))
    first, second = lines()
    assert first["event"] == "Invalid request from %s"
    assert first["logger"] == "gunicorn.error"
    assert second["event"] == "ValueError"
    assert "MSC" not in json.dumps([first, second])


def test_texts_are_short(lines: Callable[[], list[dict[str, Any]]]) -> None:
    structlog.get_logger().info("x" * 5000)
    [line] = lines()
    assert len(line["event"]) == LONGEST_TEXT


def test_the_list_without_its_filter_would_let_a_value_through(
    lines: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests above can fail: with a field added to the list, its value is in the line."""
    monkeypatch.setattr(logging_setup, "FIELDS", FIELDS | {"sequence"})
    structlog.get_logger().info("request", sequence=SECRET)
    assert lines()[0]["sequence"] == SECRET


def test_a_log_that_cannot_be_written_tells_nothing_instead(
    lines: Callable[[], list[dict[str, Any]]], capsys: pytest.CaptureFixture[str]
) -> None:
    logging.getLogger().handlers[0].stream.close()  # type: ignore[attr-defined]
    logging.getLogger("other").error("it is %s", SECRET)
    assert capsys.readouterr().err == ""


LOGS = {"debug", "info", "warning", "error", "critical", "exception", "log"}
PASSED_ON = {"exc_info"}


def unlisted_fields(source: str) -> list[str]:
    """Fields of log calls that are not listed, and events that are no fixed words."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LOGS:
            if "log" not in ast.unparse(node.func.value).lower():
                continue
            found += [f"{key.arg}" for key in node.keywords if key.arg not in FIELDS | PASSED_ON]
            found += [ast.unparse(one) for one in node.args[:1] if not _fixed(one)]
    return found


def _fixed(event: ast.expr) -> bool:
    if isinstance(event, ast.IfExp):
        return _fixed(event.body) and _fixed(event.orelse)
    return isinstance(event, ast.Constant)


@pytest.mark.promise(4)
def test_no_module_logs_a_field_that_is_not_in_the_policy() -> None:
    found = {path.name: unlisted_fields(path.read_text(encoding="utf-8")) for path in ROOT.rglob("*.py")}
    assert {name: fields for name, fields in found.items() if fields} == {}


@pytest.mark.promise(4)
@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("log.info('prepared', content=content)", ["content"]),
        ("structlog.get_logger('desk').warning('wrong', kit=kit.number, error='x')", ["kit"]),
        ("log.error(f'{content} prepared')", ["f'{content} prepared'"]),
        ("context.log.info('done', **fields)", ["None"]),
        ("log.info('request', status=200, exc_info=error)", []),
    ],
)
def test_a_field_that_is_added_to_a_log_line_is_found(source: str, found: list[str]) -> None:
    assert unlisted_fields(source) == found
