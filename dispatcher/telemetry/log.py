"""JSON lines on stdout, one canonical line per event."""

import logging
import sys
import time
from typing import Any, TextIO

import structlog

Logger = Any  # structlog's bound loggers are made at run time; every one takes (event, **fields)

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure(stream: TextIO | None = None, level: str = "info") -> None:
    """Send every log line of the process to ``stream`` (stdout) as one JSON object."""
    lines = Lines(stream)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=lambda *_: lines,
        cache_logger_on_first_use=True,
    )
    # Libraries speak through logging; their warnings belong in the same stream and the same form.
    logging.basicConfig(handlers=[_ToStructlog()], level=logging.WARNING, force=True)


class Lines:
    """Writes lines, and never raises: a log that cannot be written must not take a call for help down with it."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream
        self.lost = 0

    def msg(self, line: str) -> None:
        """Write one line, or count it as lost."""
        stream = self._stream or sys.stdout
        try:
            stream.write(line + "\n")
            stream.flush()
        except (OSError, ValueError, AttributeError):  # broken, closed, or none at all
            self.lost += 1

    log = debug = info = warn = warning = fatal = failure = err = error = critical = exception = msg


class _ToStructlog(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        logger = structlog.get_logger()
        logger.log(max(record.levelno, logging.INFO), "library", logger=record.name, message=record.getMessage())


def get(**fields: object) -> Logger:
    """Return a logger that puts ``fields`` on every line."""
    return structlog.get_logger(**fields)


class Allowance:
    """So many lines a second, the rest counted: a flood of sensors must not wear out the card through the log."""

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._second = 0
        self._used = 0
        self.shed = 0

    def take(self) -> bool:
        """Return whether one more line may be written now."""
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._used = second, 0
        self._used += 1
        if self._used <= self._per_second:
            return True
        self.shed += 1
        return False
