"""What `check` says that a rule can take is what its windows take: measured with tracemalloc, within a factor."""

import gc
import tracemalloc
from zoneinfo import ZoneInfo

import pytest

from dispatcher.domain.events import Event, Value
from dispatcher.domain.site import Device, Post, Site
from dispatcher.domain.stamp import Stamp
from dispatcher.rules.cost import worst_case_bytes
from dispatcher.rules.engine import room
from dispatcher.rules.engine.build import Scope
from dispatcher.rules.engine.engine import Engine
from dispatcher.rules.engine.state import EngineState, overflow
from dispatcher.rules.lint import lint
from dispatcher.rules.parse import parse_ruleset
from dispatcher.settings.yamlfile import read_text

SITE = Site(
    "Asia/Jakarta",
    "p",
    {},
    {"pos-1": Post("pos-1", "Pos 1", "k1")},
    {f"pir-{n}": Device(f"pir-{n}", "kentongan", "motion", "pos-1", "a") for n in range(40)},
)


def engine_of(*whens: str, more: str = "") -> Engine:
    then = "then: {escalate: precinct, incident: x, severity: low}"
    lines = [f"- {{id: r{n}, when: {when}, {then}{more}}}" for n, when in enumerate(whens)]
    ruleset, faults = parse_ruleset([read_text("version: 1\nrules:\n" + "\n".join(lines), "r.yaml")], SITE)
    assert [fault.render("en") for fault in faults] == []
    return Engine(ruleset, SITE, ZoneInfo("Asia/Jakarta"), Scope("pos-1"))


def event(number: int) -> Event:
    stamp = Stamp(number * 10, 1_795_500_000_000 + number * 10, True)
    attrs: dict[str, Value] = {"v": f"person-{number:08d}", "battery": 90.5 + number % 7, "lux": number % 300}
    place = (f"pir-{number % 40}", "motion", "pos-1", "a", "k1")
    return Event(f"{number:032x}", "motion", *place, "sensor", "authenticated", stamp, attrs, 7, number)


def fed(running: Engine, number: int) -> EngineState:
    """Return the state after so many events."""
    state = running.start(Stamp(0, 1_795_500_000_000, True))
    matched = frozenset(id_ for id_, clause in running.questions().items() if clause.wants("motion"))
    for n in range(number):
        one = event(n)
        running.on_event(state, one, matched, one.arrived)
    return state


def traced(running: Engine, number: int) -> int:
    """Return the bytes that the state has taken after so many events."""
    gc.collect()
    tracemalloc.start()
    try:
        state = fed(running, number)
        gc.collect()
        assert state.n == number
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


NOISE_BYTES = 64 * 1024  # what a whole run of tests may leave behind while one is measured


@pytest.mark.parametrize(
    ("when", "number"),
    [
        ("{count: {event: motion, at_least: 20000}, within: 1d}", 19_999),
        ("{count: {event: motion, at_least: 5}, within: 1d, reuse: true}", 12_000),
        ("{count: {event: motion, at_least: 10000, distinct: v}, within: 1d}", 9_999),
        ("{count: {event: motion, at_least: 50}, within: 1d, group_by: [device]}", 1_900),
        ("{sequence: [{event: motion, as: f}, {event: gas, where: {v: {same_as: f.v}}}], within: 1d}", 2_000),
        ("{all: [{event: motion, as: f}, {event: gas, where: {v: {same_as: f.v}}}], within: 1d}", 2_000),
        ("{absent: {event: gas}, after: {event: motion}, within: 1d}", 500),
    ],
)
def test_what_check_says_of_a_rule_is_what_a_flood_makes_it_take(when: str, number: int) -> None:
    running = engine_of(when)
    worst = worst_case_bytes(running.rules[0], SITE)
    used = traced(running, number)
    assert used <= worst * 1.2 + NOISE_BYTES
    assert used >= worst / 6


def test_what_a_window_has_no_room_for_is_counted() -> None:
    running = engine_of("{count: {event: motion, at_least: 5}, within: 1d, reuse: true}")
    state = fed(running, 10_050)
    assert overflow(state) == {"r0": 50}
    assert fed(engine_of("{count: {event: motion, at_least: 5}, within: 1d}"), 100).rules["r0"].when.dropped == 0


def test_more_throttles_than_there_is_room_for_are_counted() -> None:
    running = engine_of("{event: motion}", more=", throttle: {once_within: 1d, group_by: [v]}")
    state = fed(running, 5_003)
    assert overflow(state) == {"r0": 3}


def test_all_rules_together_keep_to_the_budget_and_the_largest_gives_way() -> None:
    many = "{count: {event: motion, at_least: 50}, within: 1d, group_by: [v]}"
    running = engine_of(*[many] * 12, "{count: {event: motion, at_least: 4000}, within: 1d}")
    state = fed(running, 3 * room.LOOK_EVERY)
    taken = sum(room.size_of(own.when) for own in state.rules.values())
    assert taken <= room.BUDGET_BYTES
    assert set(overflow(state)) == {f"r{n}" for n in range(12)}


def test_rules_that_take_too_much_only_together_are_noted_once() -> None:
    held = "{count: {event: motion, at_least: 100000}, within: 1d}"
    running = engine_of(*[held] * 8)
    (note,) = [one for one in lint_of(running) if "memory" in one]
    assert note.startswith("r.yaml:3:4: lint-memory: all rules together can take 19.")


def test_a_rule_that_takes_too_much_alone_is_noted() -> None:
    (note,) = [one for one in lint_of(engine_of("{count: {event: motion, at_least: 99, distinct: v}, within: 1d, group_by: [v]}")) if "memory" in one]  # fmt: skip
    assert "this rule can take" in note


def lint_of(running: Engine) -> list[str]:
    from dispatcher.rules.language import FullRuleSet

    return [note.render("en") for note in lint(FullRuleSet(running.rules), SITE)]
