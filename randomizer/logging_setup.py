"""Log lines of every process: JSON, one event a line, and only fields that are listed here.

What is not listed is dropped, so that a value can't slip into a log by an argument, an error's text or a
library's message: an error is logged by its type and place, a library's message without its arguments.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import structlog

from randomizer.masking import ALLOWED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from structlog.typing import EventDict, Processor, WrappedLogger

FIELDS = frozenset(ALLOWED["LogLine"])
"""Every field that a line may have."""

LONGEST_TEXT = 200  # characters
MOMENT = "%Y-%m-%dT%H:%M:%S.%fZ"
"""ISO 8601 with six decimals always: "iso" leaves them out at a full second, and a line would be shorter."""


def configure_logging(process: str) -> None:
    """Send the log lines of this process, its libraries' included, to standard error.

    Args:
        process: "site", "codebreak", "jobs" or "cli".
    """
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt=MOMENT, utc=True),
        _name_process(process),
        error_place,
        allow_listed,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, drop_arguments, *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                allow_listed,
                structlog.processors.JSONRenderer(sort_keys=True),
            ],
        )
    )
    logging.raiseExceptions = False  # a failing handler would print the message with its arguments
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name in ("apscheduler", "sqlalchemy", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    sys.excepthook = _log_last_words


def allow_listed(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Keep listed fields that are short texts, numbers, or lists of short texts; drop all else."""
    kept: EventDict = {}
    for field, content in event.items():
        if field.startswith("_"):  # of structlog itself, taken out before the line is written
            kept[field] = content
        elif field in FIELDS and isinstance(content, (str, int, list)):
            kept[field] = _short(content)
    return kept


def drop_arguments(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Take a library's message as its source wrote it, before the arguments were filled in."""
    record: logging.LogRecord = event["_record"]
    event["event"] = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
    return event


def error_place(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Name an exception by its type and the line that raised it; its text may hold values."""
    error = _error(event.pop("exc_info", None))
    if error is not None:
        event["error"] = type(error).__name__
        event["at"] = _place(error.__traceback__)
    return event


def _log_last_words(_kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
    structlog.get_logger().critical("the process stops", exc_info=error)


def _short(content: str | int | list[object]) -> str | int | list[str]:
    if isinstance(content, list):
        return [part[:LONGEST_TEXT] for part in content if isinstance(part, str)]
    return content[:LONGEST_TEXT] if isinstance(content, str) else content


def _name_process(process: str) -> Processor:
    def name(_logger: WrappedLogger, _name: str, event: EventDict) -> Mapping[str, object]:
        return {**event, "process": process}

    return name


def _error(exc_info: object) -> BaseException | None:
    if exc_info is True:
        return sys.exc_info()[1]
    if isinstance(exc_info, tuple):
        return exc_info[1]  # type: ignore[no-any-return]
    return exc_info if isinstance(exc_info, BaseException) else None


def _place(trace: TracebackType | None) -> str:
    if trace is None:
        return ""
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}"
