"""Log lines: one JSON object each, and never a reason to stop."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from dispatcher.telemetry import log


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    handlers = logging.root.handlers[:]
    yield
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers


def test_a_line_is_one_json_object_with_its_fields() -> None:
    stream = io.StringIO()
    log.configure(stream)
    log.get(post="pos-03").info("event", kind="panic.press", device="tombol \N{BELL}")
    line = json.loads(stream.getvalue())
    assert (line["event"], line["post"], line["kind"], line["level"]) == ("event", "pos-03", "panic.press", "info")
    assert line["ts"].endswith("Z")


def test_a_library_that_warns_is_heard_in_the_same_form() -> None:
    stream = io.StringIO()
    log.configure(stream)
    logging.getLogger("somebody").warning("careful %s", "now")
    line = json.loads(stream.getvalue())
    assert (line["event"], line["logger"], line["message"]) == ("library", "somebody", "careful now")


def test_a_stream_that_is_closed_or_broken_stops_nobody() -> None:
    class Broken(io.StringIO):
        def write(self, text: str, /) -> int:
            raise BrokenPipeError

    closed = io.StringIO()
    closed.close()
    for stream in (closed, Broken()):
        log.configure(stream)
        log.get().critical("event")


def test_a_flood_of_lines_is_cut_and_counted() -> None:
    allowance = log.Allowance(10)
    taken = sum(allowance.take() for _ in range(10_000))
    assert 10 <= taken <= 1_000
    assert taken + allowance.shed == 10_000
