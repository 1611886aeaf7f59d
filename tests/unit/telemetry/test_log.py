"""Log lines: one JSON object each, and never a reason to stop."""

import contextlib
import importlib.util
import io
import json
import logging
import os
import subprocess
import sys
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
    logging.getLogger("dispatcher").setLevel(logging.NOTSET)


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


def test_a_module_of_ours_names_its_line_and_its_fields_and_is_heard_from_info_on() -> None:
    stream = io.StringIO()
    log.configure(stream)
    logging.getLogger("dispatcher.precinct.station").info("rejected", extra={"reason": "not_json", "post": "pos-03"})
    logging.getLogger("dispatcher.precinct.station").debug("nothing")
    logging.getLogger("somebody").info("nothing")
    (line,) = map(json.loads, stream.getvalue().splitlines())
    assert (line["event"], line["level"], line["logger"]) == ("rejected", "info", "dispatcher.precinct.station")
    assert (line["reason"], line["post"]) == ("not_json", "pos-03")


def test_a_name_that_only_begins_like_ours_is_a_library() -> None:
    stream = io.StringIO()
    log.configure(stream)
    logging.getLogger("dispatcherish").warning("careful")
    assert json.loads(stream.getvalue())["event"] == "library"


def test_what_went_wrong_is_told_with_its_place_on_the_same_line() -> None:
    stream = io.StringIO()
    log.configure(stream)
    try:
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("dispatcher.precinct").exception("message_failed")
    (line,) = map(json.loads, stream.getvalue().splitlines())
    assert (line["event"], line["level"]) == ("message_failed", "error")
    assert "ValueError: broken" in line["exception"]


LOADED_AND_BACK = """
import sys
import dispatcher.cli.app, dispatcher.post.daemon, dispatcher.telemetry.log
print([name for name in sys.modules if name.split(".")[0] == "rich"])
import importlib.util
print(importlib.util.find_spec("rich") is not None)
"""


def test_a_post_does_not_load_what_paints_tracebacks_and_it_stays_there_for_others() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED_AND_BACK], capture_output=True, text=True, check=True)
    loaded, there = done.stdout.split("\n")[:2]
    assert loaded == "[]"
    installed = importlib.util.find_spec("rich") is not None
    assert there == str(installed)


def test_a_stream_that_is_closed_or_broken_stops_nobody() -> None:
    class Broken(io.StringIO):
        def write(self, text: str, /) -> int:
            raise BrokenPipeError

    closed = io.StringIO()
    closed.close()
    for stream in (closed, Broken()):
        log.configure(stream)
        log.get().critical("event")


def test_a_reader_that_does_not_read_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    pipe = os.fdopen(writing, "w")
    monkeypatch.setattr("sys.stdout", pipe)
    log.configure()
    logger = log.get()
    for _ in range(log.MAX_WAITING + 5_000):
        logger.info("event", text="x" * 200)  # far more than the pipe and the queue hold
    os.close(reading)  # now the writer meets a broken pipe, and nobody minds
    log.close(10)
    with contextlib.suppress(BrokenPipeError):
        pipe.close()


def test_what_waits_is_written_before_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure()
    for number in range(100):
        log.get().info("event", number=number)
    log.close(10)
    assert len(capsys.readouterr().out.splitlines()) == 100


def test_a_flood_of_lines_is_cut_and_counted() -> None:
    allowance = log.Allowance(10)
    taken = sum(allowance.take() for _ in range(10_000))
    assert 10 <= taken <= 1_000
    assert taken + allowance.shed == 10_000
