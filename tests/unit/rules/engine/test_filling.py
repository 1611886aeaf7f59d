"""How full windows are, as `status` shows it: what it says must come true when the missing event comes, or does not."""

from dataclasses import replace
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.events import Event
from dispatcher.domain.site import Device, Kelurahan, Post, Site
from dispatcher.domain.stamp import Stamp
from dispatcher.matcher.twin import compile_clauses
from dispatcher.rules.engine.build import Scope
from dispatcher.rules.engine.engine import Engine
from dispatcher.rules.engine.filling import Fill, Sort
from dispatcher.rules.engine.grouping import key_of, values_of
from dispatcher.rules.engine.outcome import Reason
from dispatcher.rules.engine.state import to_plain
from tests.support.rules import ruleset

WALL = 1_795_500_000_000  # 14:20 in Jakarta
SITE = Site(
    "Asia/Jakarta",
    "polsek",
    {
        "k1": Kelurahan("k1", "1", "K1", ("k2",)),
        "k2": Kelurahan("k2", "2", "K2", ("k1",)),
        "k3": Kelurahan("k3", "3", "K3", ()),
    },
    {"pos-1": Post("pos-1", "Pos 1", "k1")},
    {"pir-1": Device("pir-1", "kentongan", "motion", "pos-1", "a")},
)
THEN = "then: {escalate: precinct, incident: x, severity: low}"
_numbers = count()


class Night:
    """One rule, an engine, and a clock that is moved by hand."""

    def __init__(self, when: str, *, lateness: dict[str, int] | None = None, extra: str = "", at: str = "post") -> None:
        site = replace(SITE, max_lateness_ms=lateness or {})
        scope = Scope("pos-1") if at == "post" else Scope(precinct=True)
        rules = ruleset(f"- {{id: r, runs_at: {at}, when: {when}, {extra} {THEN}}}", site)
        self.engine = Engine(rules, site, ZoneInfo("Asia/Jakarta"), scope)
        self.now_ms = 0
        self.state = self.engine.start(self.now)
        self._predicates, _ = compile_clauses(self.engine.questions())

    @property
    def now(self) -> Stamp:
        return Stamp(self.now_ms, WALL + self.now_ms, trusted=True)

    def send(self, kind: str, *, zone: str = "a", kelurahan: str = "k1", ago: int | None = None, **attrs: int) -> bool:
        """Let an event come; return whether the rule fired."""
        event = Event(
            f"e{next(_numbers)}", kind, "pir-1", "motion", "pos-1", zone, kelurahan, "sensor", "authenticated",
            self.now, dict(attrs),
        )  # fmt: skip
        questions = self.engine.questions()
        matched = frozenset(
            id_ for id_, clause in questions.items() if clause.wants(kind) and self._predicates[id_](event)
        )
        happened = None if ago is None else self.now_ms - ago
        out = self.engine.on_event(self.state, event, matched, self.now, happened_run=happened)
        return any(one.reason is Reason.FIRED for one in out.told)

    def tick(self) -> list[str]:
        """Let the deadlines of this instant be judged; return what was told."""
        return [str(one.reason) for one in self.engine.on_time(self.state, self.now).told]

    def fill(self) -> Fill:
        before = to_plain(self.state)
        ((_, _, fill),) = self.engine.fills(self.state, self.now)
        assert fill is not None
        assert to_plain(self.state) == before
        return fill


COUNT = "{count: {event: motion, at_least: 3}, within: 60s, group_by: [zone]}"


def test_a_count_says_how_many_it_has_and_when_they_run_out() -> None:
    night = Night(COUNT)
    assert night.fill() == Fill("r", Sort.WINDOW, 0, 3)
    night.send("motion")
    night.now_ms = 19_000
    night.send("motion")
    assert night.fill() == Fill("r", Sort.WINDOW, 2, 3, 41_000, (("post", "pos-1"), ("zone", "a")))


def test_of_many_groups_the_one_is_told_that_lacks_least_and_lasts_longest() -> None:
    night = Night(COUNT)
    for at, zone in ((0, "a"), (1_000, "a"), (2_000, "b"), (3_000, "c"), (4_000, "c"), (5_000, "d")):
        night.now_ms = at
        night.send("motion", zone=zone)
    assert (night.fill().have, dict(night.fill().group)["zone"], night.fill().ends_ms) == (2, "c", 58_000)


def test_what_has_run_out_is_not_told_even_if_nothing_came_since() -> None:
    night = Night(COUNT)
    night.send("motion")
    night.now_ms = 60_000
    assert night.fill().have == 1
    night.now_ms = 60_001
    assert night.fill() == Fill("r", Sort.WINDOW, 0, 3)


@given(
    times=st.lists(st.integers(0, 100_000), max_size=12).map(sorted),
    values=st.lists(st.integers(0, 3), min_size=12, max_size=12),
    lateness=st.sampled_from([None, {"motion": 5_000}]),
    distinct=st.booleans(),
    after=st.integers(0, 70_000),
)
def test_a_count_agrees_with_counting_by_hand(
    times: list[int], values: list[int], lateness: dict[str, int] | None, distinct: bool, after: int
) -> None:
    by = ", distinct: v" if distinct else ""
    night = Night(f"{{count: {{event: motion, at_least: 20{by}}}, within: 60s}}", lateness=lateness)
    for t, value in zip(times, values, strict=False):
        night.now_ms = t
        night.send("motion", v=value)
    night.now_ms = now = (times[-1] if times else 0) + after
    inside = [(t, v) for t, v in zip(times, values, strict=False) if t >= now - 60_000]
    newest = sorted({v: t for t, v in inside}.values()) if distinct else [t for t, _ in inside]
    fill = night.fill()
    assert fill.have == len(newest)
    assert fill.ends_ms == (newest[0] + 60_000 - now if newest else None)


FORMS = {
    "count": ("{count: {event: motion, at_least: 3}, within: 60s}", ["motion", "motion"], "motion", {}),
    "distinct": ("{count: {event: motion, at_least: 2, distinct: v}, within: 60s}", ["motion"], "motion", {"v": 1}),
    "sequence": ("{sequence: [{event: door.open}, {event: motion}, {event: smoke}], within: 60s}",
                 ["door.open", "motion"], "smoke", {}),
    "all": ("{all: [{event: smoke}, {event: heat, at_least: 2}], within: 60s}", ["heat", "heat"], "smoke", {}),
    "all with a comparison": ("{all: [{event: smoke, as: s}, {event: heat, where: {zone: {same_as: s.zone}}}],"
                              " within: 60s}", ["heat"], "smoke", {}),
}  # fmt: skip
LATE = {"motion": 2_000, "heat": 2_000, "door.open": 2_000}


@pytest.mark.parametrize("lateness", [None, LATE], ids=["in order", "late"])
@pytest.mark.parametrize("form", FORMS)
@given(steps=st.lists(st.integers(1, 20_000), min_size=2, max_size=2))
def test_the_missing_event_fires_up_to_the_told_end_and_not_behind_it(
    form: str, lateness: dict[str, int] | None, steps: list[int]
) -> None:
    when, before, missing, attrs = FORMS[form]
    for beyond, fires in ((0, True), (1, False)):
        night = Night(when, lateness=lateness)
        for step, kind in zip(steps, before, strict=False):
            night.now_ms += step
            assert not night.send(kind, v=0)
        fill = night.fill()
        assert (fill.sort, fill.have, fill.need) == (Sort.WINDOW, len(before), len(before) + 1)
        assert fill.ends_ms is not None
        night.now_ms += fill.ends_ms + beyond
        assert night.send(missing, v=attrs.get("v", 0)) is fires


def test_a_sequence_that_was_voided_begins_anew() -> None:
    night = Night("{sequence: [{event: smoke}, {unless: {event: mains.restored}}, {event: heat}], within: 60s}")
    night.send("smoke")
    assert (night.fill().have, night.fill().need) == (1, 2)
    night.send("mains.restored")
    assert night.fill().have == 0


def test_an_all_that_was_voided_counts_only_what_came_since() -> None:
    night = Night("{all: [{event: smoke}, {event: heat}, {event: gas}, {unless: {event: motion}}], within: 60s}")
    night.send("smoke")
    night.send("heat")
    assert night.fill().have == 2
    night.now_ms = 1
    night.send("motion")
    night.send("gas")
    assert night.fill().have == 1


def test_neighbours_are_counted_together_and_strangers_are_not() -> None:
    night = Night("{count: {event: report.crowd, at_least: 3}, within: 60s, neighbours: kelurahan}", at="precinct")
    for kelurahan in ("k1", "k3", "k2"):
        night.send("report.crowd", kelurahan=kelurahan)
    fill = night.fill()
    assert (fill.have, fill.need) == (2, 3)
    assert dict(fill.group)["kelurahan"] in ("k1", "k2")


def test_a_rule_that_fires_at_once_has_nothing_to_fill() -> None:
    assert Night("{event: motion}").fill() == Fill("r", Sort.INSTANT)
    assert Night("{any: [{event: motion}, {event: smoke}]}").fill() == Fill("r", Sort.INSTANT)


TIMERS = {
    "absent after": ("{absent: {event: door.closed}, after: {event: door.open}, within: 60s}", "door.open", None),
    "absent for": ("{absent: {event: heartbeat}, for: 3m, expect_from: devices}", None, ("entry", "pir-1")),
    "absent between": ('{absent: {event: check_in}, between: ["22:00", "22:10"], expect_from: posts}', None, None),
    "schedule": ('{schedule: {at: "22:00"}}', None, None),
}


@pytest.mark.parametrize("form", TIMERS)
def test_a_timer_fires_when_it_is_said_to_and_not_a_moment_before(form: str) -> None:
    when, begins, group = TIMERS[form]
    night = Night(when)
    night.now_ms = 5_000
    if begins:
        assert night.fill().ends_ms is None
        night.send(begins)
    fill = night.fill()
    assert (fill.sort, fill.have) == (Sort.TIMER, 1)
    assert fill.ends_ms is not None
    assert group is None or group in fill.group
    night.now_ms += fill.ends_ms - 1
    assert night.tick() == []
    night.now_ms += 1
    assert night.tick() == ["fired"]


def test_a_state_says_how_long_it_must_still_stay_so() -> None:
    night = Night("{state: {post_status: unmanned}, for: 5m}")
    assert night.fill() == Fill("r", Sort.TIMER, 0)
    night.engine.set_state(night.state, "post_status", "unmanned", None, night.now)
    night.now_ms = 60_000
    assert night.fill().ends_ms == 240_000


def test_a_wait_that_a_count_begins_shows_the_count_until_it_has_begun() -> None:
    night = Night("{absent: {event: check_in}, after: {count: {event: motion, at_least: 2}, within: 60s}, within: 5m}")
    night.send("motion")
    assert (night.fill().sort, night.fill().have, night.fill().need) == (Sort.WINDOW, 1, 2)
    night.send("motion")
    assert (night.fill().sort, night.fill().ends_ms) == (Sort.TIMER, 300_000)


def test_of_a_rule_that_is_switched_off_nothing_is_told() -> None:
    night = Night("{event: motion}", extra="enabled: false,")
    assert [fill for _, _, fill in night.engine.fills(night.state, night.now)] == [None]


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_the_values_of_a_groups_key_can_be_read_again(values: list[str]) -> None:
    assert values_of(key_of(list(values))) == values
