"""The harness works: a short run of each part, without a word about how fast."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench import rows, rules
from tests.bench.disk import file_system, fsyncs
from tests.bench.figures import spread
from tests.bench.packets import PUBLISH, Client, read_publish
from tests.bench.packets import publish as packet
from tests.bench.rows import Figures
from tests.bench.stage import allow_many_connections
from tests.bench.table import Results, lines, render
from tests.bench.usage import pss_mib
from tests.support.brokers import require_mosquitto


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder, where there is a mosquitto to measure with."""
    require_mosquitto()
    allow_many_connections()
    return tmp_path


def only(found: Iterator[Figures]) -> Figures:
    (figures,) = found
    return figures


@pytest.mark.mosquitto
@pytest.mark.parametrize("name", ["bare", "post"])
def test_each_contender_answers_every_press(folder: Path, name: str) -> None:
    figures = only(rows.press_to_alert(folder, name, 0.5))
    assert (figures["idle_n"], figures["idle_lost"]) == (10, 0)
    assert 0 < figures["idle_p50"] <= figures["idle_p99"] <= figures["idle_max"] < math.inf


@pytest.mark.mosquitto
@pytest.mark.parametrize("name", ["bare", "post"])
def test_a_burst_ends_with_the_alert_about_its_last_reading(folder: Path, name: str) -> None:
    figures = only(rows.burst(folder, name, 100, 200))
    assert figures["events_s"] > 0
    if name == "post":
        assert figures["counted"] >= 201  # the presses of the warm-up count, too


@pytest.mark.mosquitto
def test_a_post_that_is_killed_amid_presses_is_seen_to_lose_none(folder: Path) -> None:
    figures = only(rows.killed(folder, "post", 100))
    assert (figures["pressed"], figures["lost"], figures["twice"]) == (100, 0, 0)


@pytest.mark.parametrize("name", list(rules.MATCHERS))
def test_one_event_through_a_hundred_rules_is_measured_with_each_matcher(tmp_path: Path, name: str) -> None:
    figures = only(rules.one_event(tmp_path, 40, name))
    assert 0 < figures["p50"] <= figures["p99"] <= figures["max"] < math.inf


def test_the_rows_of_the_rules_give_figures_and_lines(tmp_path: Path) -> None:
    found: list[Figures] = []
    rows_: dict[str, Iterator[Figures]] = {
        "rules-event": rules.one_event(tmp_path, 20, "twin"),
        "rules-fill": rules.fill(tmp_path, 1_000, 1),
        "rules-commands": rules.commands(tmp_path, 20, 10),
        "rules-year": rules.year(tmp_path, 300),
        "rules-matchers": rules.matchers(tmp_path, (10,), 128),
    }
    for row, measured in rows_.items():
        found += [{"row": row, "contender": "post", "round": 0, **figures} for figures in measured]
    table = render(lines(Results(found)))
    assert "check of 500 rules" in table
    assert "matcher with 10 rules" in table


def test_packets_are_read_however_they_are_cut() -> None:
    client = Client.__new__(Client)
    client._rest = bytearray()
    stream = packet("a/b", b"x" * 300, 7) + packet("c", b"", 8)
    found = [one for cut in range(len(stream)) for one in client.feed(stream[cut : cut + 1])]
    messages = [read_publish(head, body) for head, body in found if head >> 4 == PUBLISH]
    assert [(one.topic, len(one.payload), one.mid) for one in messages] == [("a/b", 300, 7), ("c", 0, 8)]


def test_nothing_measured_meets_no_bar() -> None:
    assert spread([]).p99 == math.inf
    assert lines(Results([])) == []


def test_the_table_says_what_is_met_and_what_is_missed() -> None:
    records = [
        {"row": "burst-100", "contender": "bare", "round": 0, "events_s": 40_000.0},
        {"row": "burst-100", "contender": "post", "round": 0, "events_s": 10_000.0},
        {"row": "burst-1000", "contender": "post", "round": 0, "events_s": 4_000.0},
    ]
    table = lines(Results(records))
    assert [line.verdict for line in table] == ["met", "MISSED"]
    assert "10,000/s (0.25)" in render(table)


def test_disk_and_memory_are_measured(tmp_path: Path) -> None:
    import os

    assert len(fsyncs(tmp_path, 3)) == 3
    assert file_system(tmp_path) != "unknown"
    assert pss_mib(os.getpid()) > 1


@pytest.mark.mosquitto
def test_reloads_with_sets_that_were_never_there_lose_no_rule(folder: Path) -> None:
    figures = only(rows.changing_rules(folder, 10))
    assert (figures["reloads"], figures["unlike"]) == (10, 0)
    assert 0 < figures["warm_mib"] <= figures["most_mib"]
