"""Windows that hold many: what is counted, what late events change, what survives a checkpoint and another site."""

import json
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dispatcher.domain.events import Event, Value
from dispatcher.domain.site import Device, Kelurahan, Post, Site
from dispatcher.domain.stamp import Stamp
from dispatcher.rules.engine.engine import Engine
from dispatcher.rules.engine.outcome import Reason
from dispatcher.rules.engine.state import EngineState, from_plain, overflow, to_plain
from dispatcher.rules.engine.tracks import Latest, Track, key_of_value
from dispatcher.rules.parse import parse_ruleset
from dispatcher.settings.yamlfile import read_text

WALL = 1_795_500_000_000
SITE = Site(
    "Asia/Jakarta",
    "p",
    {"k1": Kelurahan("k1", "1", "K1", ("k2",)), "k2": Kelurahan("k2", "2", "K2", ("k1",))},
    {"pos-1": Post("pos-1", "Pos 1", "k1")},
    {"pir-1": Device("pir-1", "kentongan", "motion", "pos-1", "a")},
)
LATE = replace(SITE, max_lateness_ms={"motion": 30_000, "report.x": 30_000})
THEN = "then: {escalate: precinct, incident: x, severity: low}"


def engine(when: str, site: Site = SITE, more: str = "") -> Engine:
    text = f"version: 1\nrules:\n- {{id: a, when: {when}, {THEN}{more}}}\n"
    ruleset, faults = parse_ruleset([read_text(text, "r.yaml")], site)
    assert [fault.render("en") for fault in faults] == []
    return Engine(ruleset, site, ZoneInfo("Asia/Jakarta"))


def stamp(ms: int) -> Stamp:
    return Stamp(ms, WALL + ms, True)


def event(n: int, ms: int, kind: str = "motion", kelurahan: str = "k1", **attrs: Any) -> Event:
    place = ("pir-1", "motion", "pos-1", "a", kelurahan)
    return Event(f"e{n}", kind, *place, "sensor", "authenticated", stamp(ms), attrs)


def feed(
    running: Engine, state: EngineState, one: Event, happened: int | None = None
) -> list[tuple[Reason, int | None]]:
    matched = frozenset(id_ for id_, clause in running.questions().items() if clause.wants(one.kind))
    out = running.on_event(state, one, matched, one.arrived, happened_run=happened)
    return [(told.reason, told.count) for told in out.told]


@pytest.mark.parametrize("site", [SITE, LATE], ids=["in order", "late"])
@pytest.mark.parametrize("distinct", ["", ", distinct: v"], ids=["events", "values"])
def test_a_count_far_beyond_a_thousand_is_reached_at_its_very_event(distinct: str, site: Site) -> None:
    running = engine(f"{{count: {{event: motion, at_least: 12000{distinct}}}, within: 1d}}", site)
    state = running.start(stamp(0))
    told = [feed(running, state, event(n, n * 100, v=n)) for n in range(12_000)]
    assert told[:-1] == [[]] * 11_999
    assert told[-1] == [(Reason.FIRED, 12_000)]
    assert overflow(state) == {}
    assert feed(running, state, event(12_000, 1_200_000)) == []


def test_with_neighbours_each_kelurahan_counts_its_own_and_those_beside_it() -> None:
    running = engine("{count: {event: report.x, at_least: 5000}, within: 1d, neighbours: kelurahan}", LATE)
    state = running.start(stamp(0))
    told = [feed(running, state, event(n, n, "report.x", f"k{n % 2 + 1}")) for n in range(5_000)]
    assert told[-2:] == [[], [(Reason.FIRED, 5_000)]]


def test_a_late_event_completes_a_full_window_at_its_own_place() -> None:
    running = engine("{count: {event: motion, at_least: 3000}, within: 1d}", LATE)
    state = running.start(stamp(0))
    for n in range(2_999):
        assert feed(running, state, event(n, n * 1_000)) == []
    assert feed(running, state, event(3_000, 2_999_000), happened=2_990_500) == [(Reason.FIRED, 3_000)]


@pytest.mark.parametrize("distinct", ["", ", distinct: v"], ids=["events", "values"])
@pytest.mark.parametrize("site", [SITE, LATE], ids=["in order", "late"])
def test_a_large_window_goes_through_a_checkpoint_small_and_unchanged(distinct: str, site: Site) -> None:
    running = engine(f"{{count: {{event: motion, at_least: 20000{distinct}}}, within: 1h}}", site)
    state = running.start(stamp(0))
    for n in range(19_998):
        feed(running, state, event(n, n * 100, v=f"person-{n}"))
    text = json.dumps(to_plain(state))
    assert len(text) < 20_000 * 30 + 1_200 * 600  # entries of a few bytes, and the whole events
    again = from_plain(json.loads(text))
    assert json.dumps(to_plain(again)) == text
    assert feed(running, again, event(19_998, 1_999_800, v="x")) == []
    assert feed(running, again, event(19_999, 1_999_900, v="y")) == [(Reason.FIRED, 20_000)]


@pytest.mark.parametrize(
    "when",
    [
        "{sequence: [{event: motion, as: f}, {event: gas, where: {v: {same_as: f.v}}}], within: 10m}",
        "{all: [{event: motion, as: f}, {event: gas, where: {v: {same_as: f.v}}}], within: 10m}",
        "{count: {event: [motion, gas], at_least: 2}, within: 10m}",
        "{count: {event: [motion, gas], at_least: 2, distinct: kind}, within: 10m}",
    ],
)
def test_windows_are_taken_over_when_the_site_lets_no_event_be_late_any_more(when: str) -> None:
    before, after = engine(when, LATE), engine(when)
    state = before.start(stamp(0))
    feed(before, state, event(1, 1_000, v=1))
    assert after.adopt(state, stamp(2_000)) == []
    assert feed(after, state, event(2, 3_000, "gas", v=1)) == [(Reason.FIRED, 2)]


def test_counts_are_taken_over_when_the_site_lets_events_be_late_from_now_on() -> None:
    when = "{count: {event: motion, at_least: 3}, within: 10m}"
    before, after = engine(when), engine(when, LATE)
    state = before.start(stamp(0))
    feed(before, state, event(1, 1_000))
    after.adopt(state, stamp(2_000))
    feed(after, state, event(2, 20_000))
    assert feed(after, state, event(3, 21_000), happened=500) == [(Reason.FIRED, 3)]


def test_an_absence_that_was_longer_moves_what_is_counted_after_it() -> None:
    running = engine("{count: {event: motion, at_least: 3, distinct: v}, within: 60s}")
    state = running.start(stamp(0))
    feed(running, state, event(1, 1_000, v=1))
    running.on_start(state, stamp(2_000), Stamp(2_000, 0, False))
    feed(running, state, event(2, 3_000, v=2))
    running.on_correction(state, 600_000, 2_000)
    assert feed(running, state, event(3, 604_000, v=3)) == []
    assert feed(running, state, event(4, 605_000, v=1)) == [(Reason.FIRED, 3)]


def test_evidence_is_the_newest_hundred_without_what_would_fill_memory() -> None:
    running = engine("{count: {event: motion, at_least: 150}, within: 1d}")
    state = running.start(stamp(0))
    for n in range(149):
        feed(running, state, event(n, n, note="x" * 1_000, lux=n))
    one = event(149, 149, note="y" * 1_000)
    (told,) = running.on_event(state, one, frozenset(running.questions()), one.arrived).told
    assert (told.count, len(told.evidence), told.subject.attrs["note"]) == (150, 100, "y" * 1_000)
    assert [one.id for one in told.evidence[-2:]] == ["e148", "e149"]
    assert told.evidence[-2].attrs == {"lux": 148}


def test_a_group_that_is_still_heard_is_not_the_one_that_makes_room() -> None:
    running = engine("{count: {event: motion, at_least: 3}, within: 1d, group_by: [v]}")
    state = running.start(stamp(0))
    feed(running, state, event(0, 0, v="here"))
    for n in range(1, 1_500):
        feed(running, state, event(n, n, v=n))
        if n == 700:
            feed(running, state, event(9_000, n, v="here"))
    assert feed(running, state, event(9_001, 2_000, v="here")) == [(Reason.FIRED, 3)]
    assert overflow(state)["a"] > 0


def test_a_search_that_is_given_up_is_counted_and_costs_no_more() -> None:
    second = "{event: motion, as: g, where: {v: {rises_by: 1, since: f}}}"
    third = "{event: gas, where: {v: {rises_by: 9999, since: g}}}"
    running = engine(f"{{sequence: [{{event: motion, as: f}}, {second}, {third}], within: 1d}}", LATE)
    state = running.start(stamp(0))
    for n in range(1_200):
        feed(running, state, event(n, n, v=n))
    assert feed(running, state, event(1_200, 1_200, "gas", v=5)) == []
    assert state.gave_up == 1


def test_values_are_distinct_as_the_language_has_them_the_same() -> None:
    values: list[Value] = [True, 1, 1.0, "1", "True", "x" * 30, "x" * 31]
    assert len({key_of_value(value) for value in values}) == 6


def test_what_is_no_track_is_refused() -> None:
    plain = to_plain(engine("{event: motion}").start(stamp(0)))
    for bad in ([], [[1]], [[1], [2, 3]], [[True], [1]], [["x"], [1]], [[2**70], [1]], {"a": 1}):
        window = {"tallies": {"": {"track": bad}}}
        plain["rules"]["a"]["when"] = {"windows": {"": window}}
        with pytest.raises(ValueError, match="windows"):
            from_plain(plain)
    for bad in ([[1], [1]], [[None], [1], [1]], [[[1]], [1], [1]]):
        plain["rules"]["a"]["when"] = {"windows": {"": {"tallies": {"": {"latest": bad}}}}}
        with pytest.raises(ValueError, match="windows"):
            from_plain(plain)


def test_a_track_forgets_its_front_and_packs_itself() -> None:
    track, latest = Track(), Latest()
    for n in range(20_000):
        track.append(n, n)
        latest.put(n % 50, n, n)
        track.expire(n - 100)
        latest.expire(n - 10)
    assert (len(track), len(track.times) < 3_000, track.count_from(19_990)) == (101, True, 10)
    assert (len(latest), latest.count_from(19_995), latest.keys_from(19_998)) == (11, 5, {48, 49})
