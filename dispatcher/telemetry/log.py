"""JSON lines on stdout, one canonical line per event."""

import logging
import queue
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from dispatcher.domain.faults import Fault


@contextmanager
def _absent(module: str) -> Iterator[None]:
    """Make ``module`` look as if it were not installed, unless it is loaded already."""
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment]  # Python's own mark for "import fails"
    try:
        yield
    finally:
        del sys.modules[module]


# structlog loads rich, if it is there, for tracebacks in colour on a developer's terminal. It is there, because typer
# depends on it; a post writes JSON, has 64 MiB, and would carry 5 MiB of rich for nothing.
with _absent("rich"):
    import structlog

Logger = Any  # structlog's bound loggers are made at run time; every one takes (event, **fields)

OURS = "dispatcher"
MAX_WAITING = 2_000  # lines; a second of a flood

_open: "list[Lines]" = []
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure(stream: TextIO | None = None, level: str = "info") -> None:
    """Send every log line of the process to ``stream`` (stdout) as one JSON object."""
    lines = Lines(stream)
    _open.append(lines)
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
    logging.getLogger(OURS).setLevel(_LEVELS[level])


class Lines:
    """Takes lines, and never raises and never waits: a log that nobody reads must not hold up a call for help.

    Without a ``stream`` of its own it writes to stdout on a thread; what does not fit into the queue is counted.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream
        self._queue: queue.Queue[str | None] = queue.Queue(MAX_WAITING)
        self._writer = threading.Thread(target=self._write_all, name="log", daemon=True)
        self.lost = 0
        if stream is None:
            self._writer.start()

    def msg(self, line: str) -> None:
        """Write one line, sooner or later, or count it as lost."""
        if self._stream is not None:
            self._write(self._stream, line)
            return
        try:
            self._queue.put_nowait(line)
        except queue.Full:
            self.lost += 1

    log = debug = info = warn = warning = fatal = failure = err = error = critical = exception = msg

    def close(self, timeout_s: float) -> None:
        """Write what waits, for at most ``timeout_s`` seconds."""
        if self._writer.is_alive():
            with suppress(queue.Full):
                self._queue.put_nowait(None)
            self._writer.join(timeout_s)

    def _write_all(self) -> None:
        while (line := self._queue.get()) is not None:
            self._write(sys.stdout, line)

    def _write(self, stream: TextIO, line: str) -> None:
        try:
            stream.write(line + "\n")
            stream.flush()
        except (OSError, ValueError, AttributeError):  # broken, closed, or none at all
            self.lost += 1


class _ToStructlog(logging.Handler):
    """Our own modules name the line by their message and its fields by ``extra``; a library only has a message."""

    def emit(self, record: logging.LogRecord) -> None:
        ours = record.name.partition(".")[0] == OURS
        event = record.getMessage() if ours else "library"
        fields: dict[str, Any] = _extra(record) if ours else {"message": record.getMessage()}
        if record.exc_info:
            fields["exc_info"] = record.exc_info
        structlog.get_logger().log(max(record.levelno, logging.INFO), event, logger=record.name, **fields)


_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"asctime", "event", "level", "logger", "message", "ts"}


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in _PLAIN}


def close(timeout_s: float = 1.0) -> None:
    """Write what waits in the queue, before the process ends."""
    while _open:
        _open.pop().close(timeout_s)


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


MOST_TOLD = 50  # faults in the log; `check` tells them all


def log_faults(log: Logger, faults: Iterable[Fault]) -> None:
    """Write faults of configuration files down, the first few."""
    for fault in list(faults)[:MOST_TOLD]:
        log.error("config_fault", fault=fault.render("id"), code=fault.code)
