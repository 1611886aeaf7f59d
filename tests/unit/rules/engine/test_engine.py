"""The engine as a daemon uses it: scopes, checkpoints, reloads, corrections, and what it costs."""

import contextlib
import json
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.events import Event
from dispatcher.domain.firing import Said
from dispatcher.domain.site import Device, Kelurahan, Post, Site
from dispatcher.domain.stamp import Stamp
from dispatcher.matcher.twin import compile_clauses
from dispatcher.rules.engine.build import Scope
from dispatcher.rules.engine.completion import Now
from dispatcher.rules.engine.engine import Engine
from dispatcher.rules.engine.grouping import key_of
from dispatcher.rules.engine.outcome import Outcome, Reason
from dispatcher.rules.engine.state import Downtime, EngineState, from_plain, to_plain
from dispatcher.rules.firing import as_firing
from dispatcher.rules.parse import parse_ruleset
from dispatcher.settings.yamlfile import read_text

WALL = 1_795_500_000_000
SITE = Site(
    "Asia/Jakarta",
    "polsek",
    {"k1": Kelurahan("k1", "1", "K1", ("k2",)), "k2": Kelurahan("k2", "2", "K2", ("k1",))},
    {"pos-1": Post("pos-1", "Pos 1", "k1"), "pos-2": Post("pos-2", "Pos 2", "k2")},
    {
        "pir-1": Device("pir-1", "kentongan", "motion", "pos-1", "a"),
        "pir-2": Device("pir-2", "kentongan", "motion", "pos-2", "a"),
    },
)
RULES = """
- {id: three, when: {count: {event: motion, at_least: 3}, within: 60s}, then: {escalate: precinct, incident: x, severity: low}}
- {id: silent, when: {absent: {event: heartbeat}, for: 3m, expect_from: devices}, then: {escalate: precinct, incident: x, severity: low}}
- {id: closed, when: {absent: {event: door.closed}, after: {event: door.open, as: o}, within: 1m}, then: {escalate: precinct, incident: x, severity: low}}
- {id: state, when: {state: {s: 1}, for: 1m}, then: {escalate: precinct, incident: x, severity: low}}
- {id: hour, when: {schedule: {at: "22:00"}}, then: {escalate: precinct, incident: x, severity: low}}
- {id: all-of-them, runs_at: precinct, when: {event: heartbeat}, then: {escalate: precinct, incident: y, severity: low}}
"""


def engine(rules: str = RULES, scope: Scope | None = None) -> Engine:
    ruleset, faults = parse_ruleset([read_text(f"version: 1\nrules:{rules}", "r.yaml")], SITE)
    assert [fault.render("en") for fault in faults] == []
    return Engine(ruleset, SITE, ZoneInfo("Asia/Jakarta"), scope)


def stamp(seconds: float, *, trusted: bool = True) -> Stamp:
    return Stamp(round(seconds * 1000), WALL + round(seconds * 1000), trusted)


def event(kind: str, at: float, device: str = "pir-1", number: int = 0) -> Event:
    post = SITE.devices[device].post
    return Event(f"{kind}-{at}-{number}", kind, device, "motion", post, "a", "k1", "sensor", "authenticated", stamp(at))


def feed(running: Engine, state: EngineState, one: Event) -> Outcome:
    questions = running.questions()
    predicates, refused = compile_clauses(questions)
    assert refused == ()
    matched = frozenset(id_ for id_, clause in questions.items() if clause.wants(one.kind) and predicates[id_](one))
    return running.on_event(state, one, matched, one.arrived)


def told(out: Outcome) -> list[tuple[str, str]]:
    return [(one.reason, one.rule.id) for one in out.told]


def test_a_post_judges_its_own_rules_and_events_only() -> None:
    running = engine(scope=Scope("pos-1"))
    assert "all-of-them" not in [rule.id for rule in running.rules]
    state = running.start(stamp(0))
    for second in range(3):
        assert told(feed(running, state, event("motion", second, "pir-2"))) == []
    assert told(running.on_time(state, stamp(180))) == [(Reason.FIRED, "silent")]


def test_a_precinct_judges_its_own_rules_only() -> None:
    running = engine(scope=Scope(precinct=True))
    state = running.start(stamp(0))
    assert told(feed(running, state, event("heartbeat", 1))) == [(Reason.FIRED, "all-of-them")]
    assert set(running.questions()) == {"all-of-them#0"}


def test_at_a_post_a_schedule_and_a_state_name_the_post() -> None:
    running = engine(scope=Scope("pos-1"))
    state = running.start(stamp(0))
    running.set_state(state, "s", 1, None, stamp(1))
    out = running.on_time(state, stamp(86_400))
    assert {one.rule.id: one.subject.post for one in out.told} == {"silent": "pos-1", "state": "pos-1", "hour": "pos-1"}


NIGHTS: list[list[tuple[str, float, str]]] = [
    [("motion", 0, "pir-1"), ("door.open", 5, "pir-1"), ("motion", 30, "pir-1"), ("heartbeat", 40, "pir-2")],
    [("door.open", 1, "pir-2"), ("motion", 1, "pir-1"), ("motion", 2, "pir-1")],
]


@pytest.mark.parametrize("night", NIGHTS)
def test_a_checkpoint_at_any_moment_changes_nothing(night: list[tuple[str, float, str]]) -> None:
    running = engine()
    whole, torn = running.start(stamp(0)), running.start(stamp(0))
    more = [("motion", 50, "pir-1"), ("door.open", 90, "pir-1"), ("heartbeat", 200, "pir-1")]
    for number, (kind, at, device) in enumerate([*night, *more]):
        torn = from_plain(json.loads(json.dumps(to_plain(torn))))
        one = event(kind, at, device, number)
        assert told(feed(running, whole, one)) == told(feed(running, torn, one))
    assert told(running.on_time(whole, stamp(400))) == told(running.on_time(torn, stamp(400)))
    assert to_plain(whole) == to_plain(torn)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_what_is_no_checkpoint_is_refused_and_never_executed(data: object) -> None:
    with contextlib.suppress(ValueError):
        assert isinstance(from_plain(data), EngineState)


def test_what_is_overdue_is_judged_before_the_event_that_comes_after_it() -> None:
    running = engine()
    state = running.start(stamp(0))
    feed(running, state, event("door.open", 0))
    assert told(feed(running, state, event("door.closed", 60.001))) == [(Reason.FIRED, "closed")]


def test_the_next_deadline_is_told() -> None:
    running = engine()
    state = running.start(stamp(0))
    assert running.next_deadline(state, stamp(0)) == 180_000
    feed(running, state, event("door.open", 5))
    assert running.next_deadline(state, stamp(5)) == 65_000


def test_a_rule_that_did_not_change_keeps_its_state_over_a_reload_and_the_others_are_named() -> None:
    first = engine()
    state = first.start(stamp(0))
    feed(first, state, event("motion", 1))
    feed(first, state, event("motion", 2))
    second = engine(RULES.replace("for: 3m", "for: 4m").replace("incident: x", "incident: z"))
    assert second.adopt(state, stamp(3)) == ["silent"]
    assert told(feed(second, state, event("motion", 4))) == [(Reason.FIRED, "three")]
    assert second.next_deadline(state, stamp(4)) == 243_000


def test_a_shadow_leaves_no_throttle_behind_when_it_goes_live() -> None:
    rule = "\n- {id: a, when: {event: motion}, throttle: {once_within: 1h}, then: {escalate: precinct, incident: x, severity: low}, mode: shadow}\n"
    shadow, live = engine(rule), engine(rule.replace("shadow", "live"))
    state = shadow.start(stamp(0))
    assert [one.is_alert for one in feed(shadow, state, event("motion", 1)).told] == [False]
    assert told(feed(shadow, state, event("motion", 2))) == [(Reason.THROTTLED, "a")]
    assert live.adopt(state, stamp(3)) == []
    assert told(feed(live, state, event("motion", 4))) == [(Reason.FIRED, "a")]


def test_a_rule_that_was_switched_off_tells_no_silence_of_that_time() -> None:
    on, off = engine(), engine(RULES.replace("{id: silent,", "{id: silent, enabled: false,"))
    state = on.start(stamp(0))
    off.adopt(state, stamp(1))
    assert told(off.on_time(state, stamp(1000))) == []
    on.adopt(state, stamp(1000))
    assert told(on.on_time(state, stamp(1179))) == []
    assert told(on.on_time(state, stamp(1180))) == [(Reason.FIRED, "silent")] * 2


def test_an_absence_of_unknown_length_is_counted_once_it_is_known() -> None:
    running = engine()
    state = running.start(stamp(0))
    feed(running, state, event("motion", 1))
    running.on_start(state, stamp(2), Stamp(2_000, 0, False))
    one = event("motion", 3, number=1)
    feed(running, state, one)
    running.on_correction(state, 600_000, 2_000)
    assert told(feed(running, state, event("motion", 604))) == [(Reason.UNKNOWN, "silent")] * 2
    assert told(feed(running, state, event("motion", 605))) == [(Reason.FIRED, "three")]


def test_rules_that_set_each_other_off_come_to_an_end() -> None:
    rules = """
- {id: a, when: {state: {s: 1}}, then: {escalate: none, set: {s: 2}}}
- {id: b, when: {state: {s: 2}}, then: {escalate: none, set: {s: 1}}}
"""
    running = engine(rules)
    state = running.start(stamp(0))
    assert len(running.set_state(state, "s", 1, ["pos-1"], stamp(1)).told) < 100


def test_thousands_of_first_events_that_nothing_can_tell_apart_are_one_beginning() -> None:
    running = engine(
        "\n- {id: a, when: {sequence: [{event: motion, as: m}, {event: gas, where: {zone: {same_as: m.zone}}}], within: 1h}, then: {escalate: none, set: {s: 1}}}\n"
    )
    state = running.start(stamp(0))
    for number in range(3_000):
        feed(running, state, event("motion", number / 1000, number=number))
    (window,) = state.rules["a"].when.windows.values()
    assert [len(chains) for chains in window.chains] == [0, 1]
    (fired,) = feed(running, state, event("gas", 4)).told
    assert (fired.count, len(fired.evidence)) == (3_001, 100)


VALUES = st.none() | st.booleans() | st.integers(-5, 5) | st.text(alphabet="ab/~=1", max_size=3)


@given(st.lists(VALUES, max_size=3), st.lists(VALUES, max_size=3))
def test_groups_are_the_same_only_for_the_same_values(left: list[object], right: list[object]) -> None:
    same = [(type(value), value) for value in left] == [(type(value), value) for value in right]
    assert (key_of(left) == key_of(right)) is (same or not left + right)  # type: ignore[arg-type]


def test_an_alert_and_its_repeats_are_one_incident_for_the_incidents() -> None:
    rule = "\n- {id: a, when: {event: motion}, throttle: {once_within: 1h, group_by: [zone]}, then: {escalate: precinct, incident: x, severity: low}}\n"
    running = engine(rule)
    state = running.start(stamp(0))
    firings = [as_firing(one) for second in (1, 2) for one in feed(running, state, event("motion", second)).told]
    assert [firing.said for firing in firings if firing is not None] == [Said.FIRED, Said.REPEATED]
    assert len({firing.group for firing in firings if firing is not None}) == 1


def test_what_was_held_back_changes_no_incident() -> None:
    rule = "\n- {id: a, when: {event: motion}, only_if: [{state: s, is: 1}], then: {escalate: precinct, incident: x, severity: low}}\n"
    running = engine(rule)
    (told_,) = feed(running, running.start(stamp(0)), event("motion", 1)).told
    assert (told_.reason, as_firing(told_)) == (Reason.HELD, None)


@pytest.mark.parametrize(("start", "end"), [(5, 5), (3, 5), (10, 12), (10, 10)])
def test_a_silence_never_runs_anew_from_when_it_began(start: int, end: int) -> None:
    """A downtime of no length, or one that ended just then, would have it judged for ever."""
    now = Now(Stamp(100, 0, trusted=False), 100, None, (Downtime(start, end, 1),))
    assert now.back_within(5, 10) is None


def test_a_silence_runs_anew_from_the_end_of_a_downtime_in_it() -> None:
    now = Now(Stamp(100, 0, trusted=False), 100, None, (Downtime(6, 6, 1), Downtime(5, 8, 2)))
    assert now.back_within(5, 10) == 8
