"""The rule engine's own measurements: no broker, no disk. One function each: a folder in, a flat dict of figures out."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

from dispatcher.domain.events import Event
from dispatcher.domain.site import Site
from dispatcher.domain.stamp import Stamp
from dispatcher.matcher.durable import DurableMatcher
from dispatcher.matcher.port import Matcher
from dispatcher.matcher.python import PythonMatcher
from dispatcher.rules.engine.build import Scope
from dispatcher.rules.engine.engine import Engine
from dispatcher.rules.engine.state import EngineState, from_plain, to_plain
from dispatcher.rules.parse import parse_ruleset
from dispatcher.settings.share import share
from dispatcher.settings.sitefile import parse_site
from dispatcher.settings.sources import collect
from dispatcher.settings.yamlfile import read_file, read_text
from tests.bench import rulebook
from tests.bench.figures import spread
from tests.bench.rows import Figures
from tests.bench.stage import Broken

WALL = 1_795_500_000_000
MATCHERS: dict[str, type[PythonMatcher] | type[DurableMatcher]] = {"twin": PythonMatcher, "durable": DurableMatcher}
YEAR_MINUTES = 525_600
SIZES = (10, 100, 1_000)


def _matcher(name: str) -> Matcher:
    return DurableMatcher(lambda _report: None) if name == "durable" else PythonMatcher()


class Place:
    """A post's engine and matcher over some rules, fed with made-up events."""

    def __init__(self, listed: Sequence[rulebook.Rule], matcher: str = "twin") -> None:
        site = parse_site(read_text(json.dumps(rulebook.SITE), "site.yaml"))
        tree = read_text(json.dumps({"version": 1, "rules": list(listed)}), "r.yaml")
        ruleset, faults = parse_ruleset([tree], site)
        if faults:
            raise Broken(faults[0].render("en"))
        self.engine = Engine(ruleset, site, ZoneInfo(site.timezone), Scope("pos-1"))
        self.state = self.engine.start(Stamp(0, WALL, True))
        self.matcher = _matcher(matcher)
        self.matcher.load(self.engine.questions())
        if isinstance(self.matcher, DurableMatcher) and not self.matcher.wait_ready(60):
            raise Broken("the engine's process did not come up")

    def step(self, event: Event) -> tuple[float, float]:
        """Match and judge one event, and what is due by then; return the milliseconds that took, by clock and by CPU."""
        began, worked = time.perf_counter(), time.thread_time()
        (verdict,) = self.matcher.match([event])
        self.engine.on_event(self.state, event, verdict.matched, event.arrived)
        return (time.perf_counter() - began) * 1000, (time.thread_time() - worked) * 1000

    def close(self) -> None:
        """End the matcher's process."""
        self.matcher.close()


def event(number: int, run_ms: int, kind: str | None = None) -> Event:
    """Return the event of a number: devices, kinds and readings take turns, at different paces."""
    device = rulebook.SITE["devices"][(number * 7) % rulebook.DEVICES]
    kind = rulebook.KINDS[(number // 3) % 4] if kind is None else kind
    place = (device["id"], device["role"], device["post"], device["zone"], "k1")
    stamp = Stamp(run_ms, WALL + run_ms, True)
    return Event(
        f"{number:032x}", kind, *place, "sensor", "authenticated", stamp, {"lux": (number * 13) % 400}, 7, number
    )


def one_event(_folder: Path, count: int, matcher: str) -> Iterator[Figures]:
    """Milliseconds of one event through 100 rules with windows, two events a second; the windows are full by then."""
    place = Place(rulebook.rules(100), matcher)
    try:
        for n in range(count // 2):
            place.step(event(n, n * 500))
        steps = [place.step(event(n, n * 500)) for n in range(count // 2, count // 2 + count)]
    finally:
        place.close()
    clock, cpu = spread(wall for wall, _ in steps), spread(work for _, work in steps)
    yield {"p50": clock.p50, "p99": clock.p99, "max": clock.max, "cpu_p50": cpu.p50, "cpu_p99": cpu.p99, "n": clock.n}


def fill(_folder: Path, number: int, rounds: int) -> Iterator[Figures]:
    """Microseconds of one event into a count of ``number`` in an hour, full all the time, and into one of 10."""
    for sort, more in (("plain", {}), ("distinct", {"distinct": "nth"})):
        places = {
            size: Place([{"id": "c", "when": {"count": {"event": "motion", "at_least": size, **more}, "within": "1h", "reuse": True}, "then": rulebook.THEN}])
            for size in (10, number)
        }  # fmt: skip
        step_ms = 3_600_000 // number
        for place in places.values():
            _pour(place, 0, number + number // 10, step_ms)
        costs: dict[int, list[float]] = {size: [] for size in places}
        for turn in range(rounds):  # in turns, so that what else the machine does meets both
            for size, place in places.items():
                costs[size].append(_pour(place, number + number // 10 + turn * 1_000, 1_000, step_ms))
        few, many = (min(costs[size]) for size in (10, number))
        yield {
            f"{sort}_few_us": few,
            f"{sort}_many_us": many,
            f"{sort}_ratio": many / few,
            **_checkpoint(places[number].state, sort),
        }


def _pour(place: Place, first: int, count: int, step_ms: int) -> float:
    """Judge so many events; return the microseconds each took. A reading of its own makes each distinct."""
    matched = frozenset(place.engine.questions())
    spent = 0.0
    for n in range(first, first + count):
        one = replace(event(n, n * step_ms, "motion"), attrs={"nth": f"n{n}"})
        began = time.perf_counter()
        place.engine.on_event(place.state, one, matched, one.arrived)
        spent += time.perf_counter() - began
    return spent / count * 1e6


def _checkpoint(state: EngineState, sort: str) -> Figures:
    began = time.perf_counter()
    text = json.dumps(to_plain(state))
    written = time.perf_counter()
    from_plain(json.loads(text))
    return {
        f"{sort}_bytes": len(text),
        f"{sort}_write_s": written - began,
        f"{sort}_read_s": time.perf_counter() - written,
    }


def commands(folder: Path, rules: int, cases: int) -> Iterator[Figures]:
    """Seconds of ``kentongan check`` over so many rules and of ``kentongan test`` over so many cases, start included."""
    rulebook.write(folder, checked=rules, tested=cases)
    checked = _command(folder, "check", "rules", "--site", "site.yaml")
    tested = _command(folder, "test", "tests")
    yield {"check_s": checked, "test_s": tested, "rules": rules, "cases": cases}


def _command(folder: Path, *words: str) -> float:
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "dispatcher", *words], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Broken(f"{' '.join(words)}: {done.stdout[-300:]} {done.stderr[-300:]}")
    return time.perf_counter() - began


def year(_folder: Path, minutes: int) -> Iterator[Figures]:
    """Seconds for a year of virtual time with an event a minute, under the shipped rules and 20 with windows.

    Every deadline is met at its time, as the post's timer does.
    """
    site, engine = _shipped()
    matcher = PythonMatcher()
    matcher.load(engine.questions())
    state = engine.start(Stamp(0, WALL, True))
    told, began, devices = 0, time.perf_counter(), list(site.devices.values())
    for n in range(minutes):
        now = Stamp(n * 60_000, WALL + n * 60_000, True)
        told += _deadlines(engine, state, now)
        device = devices[n % len(devices)]
        place = (device.id, device.role, device.post, device.zone, "k1")
        kind = ("motion", "heartbeat", "door.open", "door.closed")[n % 4]
        one = Event(f"{n:032x}", kind, *place, "sensor", "authenticated", now, {"lux": n % 400}, 7, n)
        (verdict,) = matcher.match([one])
        told += len(engine.on_event(state, one, verdict.matched, now).told)
        if n % 60 == 0:
            engine.forget(state, now)
    yield {"year_s": (time.perf_counter() - began) * YEAR_MINUTES / minutes, "told": told}


def _deadlines(engine: Engine, state: EngineState, until: Stamp) -> int:
    told = 0
    while True:
        due = engine.next_deadline(state, until)
        if due is None or due > until.run_ms:
            return told
        told += len(engine.on_time(state, Stamp(due, WALL + due, True)).told)


def _shipped() -> tuple[Site, Engine]:
    site = parse_site(read_file(share() / "config" / "site.yaml"))
    shipped, _ = collect([share() / "rules"]).trees()
    own = read_text(json.dumps({"version": 1, "rules": rulebook.rules(20)}), "own.yaml")
    more = read_text(json.dumps({"version": 1, "rules": _HOURS}), "hours.yaml")
    ruleset, faults = parse_ruleset([*shipped, own, more], site)
    if faults:
        raise Broken(faults[0].render("en"))
    post = next(iter(site.posts))
    return site, Engine(ruleset, site, ZoneInfo(site.timezone), Scope(post))


_HOURS: list[rulebook.Rule] = [
    {"id": "h-1", "when": {"schedule": {"at": "22:00"}}, "then": {"escalate": "none", "set": {"night": True}}},
    {"id": "h-2", "when": {"absent": {"event": "heartbeat"}, "for": "3m", "expect_from": "devices"}, "then": rulebook.THEN},
    {"id": "h-3", "when": {"absent": {"event": "heartbeat"}, "between": ["00:50", "01:10"], "expect_from": "posts"}, "then": rulebook.THEN},
    {"id": "h-4", "when": {"state": {"night": True}, "for": "10m"}, "then": {"escalate": "none", "set": {"night": False}}},
]  # fmt: skip


def matchers(_folder: Path, sizes: Sequence[int], count: int) -> Iterator[Figures]:
    """Events a second that each matcher answers, in batches as a busy post has them, at 10, 100 and 1,000 rules."""
    figures: Figures = {}
    for size in sizes:
        for name in MATCHERS:
            place = Place(rulebook.plain_rules(size), name)
            try:
                figures[f"{name}_{size}"] = _rate(place.matcher, count)
                figures[f"{name}_{size}_by_twin"] = place.matcher.state().by_twin if name == "durable" else 0
            finally:
                place.close()
    yield figures


def _rate(matcher: Matcher, count: int) -> float:
    events = [event(n, n) for n in range(count)]
    for start in range(0, min(count, 640), 64):
        matcher.match(events[start : start + 64])
    began = time.perf_counter()
    for start in range(0, count, 64):
        matcher.match(events[start : start + 64])
    return count / (time.perf_counter() - began)
