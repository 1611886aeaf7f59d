"""The whole language as `check` reads it: every form is understood, and every refusal has its place and reason."""

import json
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.site import Device, Kelurahan, Post, Site
from dispatcher.domain.stamp import Stamp
from dispatcher.rules.engine.engine import Engine
from dispatcher.rules.fingerprint import fingerprint
from dispatcher.rules.language import FullRule, RunsAt
from dispatcher.rules.lint import lint
from dispatcher.rules.parse import parse_ruleset
from dispatcher.settings.yamlfile import read_text

SITE = Site(
    "Asia/Jakarta",
    "polsek",
    {
        "krendang": Kelurahan("krendang", "1", "Krendang", ("angke",)),
        "angke": Kelurahan("angke", "2", "Angke", ("krendang",)),
    },
    {"pos-03": Post("pos-03", "Pos 03", "krendang", zones=("meja",)), "pos-07": Post("pos-07", "Pos 07", "angke")},
    {"pir-1": Device("pir-1", "kentongan", "motion", "pos-03", "meja")},
)
THEN = "{escalate: precinct, incident: x, severity: low}"


def text(*rules: str) -> str:
    return "version: 1\nrules:\n" + "\n".join(rules)


def rule(when: str, more: str = "", then: str = THEN, id_: str = "a") -> str:
    return f"- id: {id_}\n  when: {when}\n  then: {then}\n{more}"


def faults(source: str, site: Site | None = SITE) -> list[str]:
    _, found = parse_ruleset([read_text(source, "r.yaml")], site)
    return [fault.render("en") for fault in found]


def parsed(source: str) -> FullRule:
    ruleset, found = parse_ruleset([read_text(source, "r.yaml")], SITE)
    assert [fault.render("en") for fault in found] == []
    return ruleset.rules[0]


GOOD = [
    "{count: {event: motion, at_least: 3, distinct: zone}, within: 60s, group_by: [post, zone]}",
    "{all: [{event: motion, as: one}, {event: door.open, where: {zone: {same_as: one.zone}}}, {unless: {event: smoke}}], within: 1m}",
    "{any: [{event: motion}, {event: door.open}]}",
    "{sequence: [{event: motion, at_least: 2, as: m}, {unless: {event: tamper}}, {event: door.open, where: {device: {not_same_as: m.device}}}], within: 1m, reuse: true}",
    "{sequence: [{event: reading.temperature, as: first}, {event: reading.temperature, where: {value: {rises_by: 8, since: first}}}], within: 10m}",
    "{absent: {event: heartbeat}, for: 3m, expect_from: posts}",
    "{absent: {event: heartbeat}, for: 3m, expect_from: {role: motion}}",
    "{absent: {event: check_in}, between: ['00:50', '01:10'], expect_from: [pos-03, pir-1]}",
    "{absent: {event: door.closed, where: {device: {same_as: o.device}}}, after: {event: door.open, as: o}, within: 5m}",
    "{absent: {event: check_in}, after: {sequence: [{event: motion}, {event: door.open}], within: 1m}, within: 5m}",
    "{absent: {event: check_in}, after: {count: {event: motion, at_least: 3}, within: 1m}, within: 5m}",
    "{state: {post_status: unmanned}, for: 5m}",
    "{state: {siren: true}}",
    "{schedule: {at: '22:00', days: [fri, sat]}}",
    "{event: motion, group_by: [zone]}",
]


@pytest.mark.parametrize("when", GOOD)
def test_every_form_is_understood(when: str) -> None:
    assert parsed(text(rule(when))).id == "a"


def test_a_rule_runs_at_the_precinct_where_it_looks_beyond_a_post() -> None:
    near = "{count: {event: report.tawuran, at_least: 3}, within: 5m, neighbours: kelurahan}"
    assert parsed(text(rule(near))).runs_at is RunsAt.PRECINCT
    assert parsed(text(rule("{event: alert.panic}"))).runs_at is RunsAt.PRECINCT
    assert parsed(text(rule("{event: motion}"))).runs_at is RunsAt.POST


REFUSED = [
    (rule("{event: motion, count: {event: motion, at_least: 2}}"), "r.yaml:4:25: two-forms"),
    (rule("{event: motion, within: 5s}"), "needless-key: within means nothing beside event"),
    (rule("{count: {event: motion, at_least: 3}}"), "missing-key: count needs within"),
    (rule("{count: {event: motion}, within: 5s}"), "missing-key: key at_least is required"),
    (rule("{count: {event: motion, at_least: 0}, within: 5s}"), "expected 1..100000 here, not 0"),
    (rule("{count: {event: motion, at_least: 100001}, within: 5s}"), "beyond-window: at_least: 100001 can never be reached"),
    (rule("{count: {event: motion, at_least: 3, distinct: zoen}, within: 5s}"), "field-slip"),
    (rule("{count: {event: motion, at_least: 3}, within: 31d}"), "beyond-retention"),
    (rule("{absent: {event: heartbeat}, for: 3m}"), "absent-no-roster"),
    (rule("{absent: {event: heartbeat}}"), "absent-way"),
    (rule("{absent: {event: heartbeat}, for: 0s, expect_from: posts}"), "zero-duration"),
    (rule("{absent: {event: heartbeat}, for: 3m, expect_from: [pos-3]}"), "unknown device or post pos-3 (did you mean pos-03?)"),
    (rule("{absent: {event: heartbeat}, for: 3m, expect_from: {role: moton}}"), "unknown role moton (did you mean motion?)"),
    (rule("{absent: {event: heartbeat}, for: 3m, expect_from: postz}"), "unknown word postz (did you mean posts?)"),
    (rule("{absent: {event: a.b}, after: {event: motion}}"), "after needs within"),
    (rule("{sequence: [{unless: {event: smoke}}, {event: motion}], within: 5s}"), "unless-place"),
    (rule("{sequence: [{event: motion}, {unless: {event: smoke}}], within: 5s}"), "unless-place"),
    (rule("{all: [{event: motion}, {unless: {event: smoke}}, {event: gas}], within: 5s}"), "unless-place"),
    (rule("{sequence: [], within: 5s}"), "empty-list"),
    (rule("{sequence: [{event: motion, where: {zone: {same_as: first.zone}}}, {event: gas, as: first}], within: 5s}"), "no earlier clause is named first"),
    (rule("{event: motion, where: {zone: {same_as: first.zone}}}"), "where-one-event"),
    (rule("{any: [{event: motion, as: x}]}"), "unknown key as here"),
    (rule("{sequence: [{event: motion, as: x}, {event: gas, as: x}], within: 5s}"), "duplicate-name"),
    (rule("{sequence: [{event: motion, as: x}, {event: gas, where: {value: {rises_by: 8}}}], within: 5s}"), "rises_by needs since"),
    (rule("{schedule: {at: '25:00'}}"), "bad-time"),
    (rule("{schedule: {at: '22:00', days: [monday]}}"), "unknown word monday (did you mean mon?)"),
    (rule("{state: {a: 1, b: 2}}"), "expected {name: value} here"),
    (rule("{count: {event: report.x, at_least: 2}, within: 5s, neighbours: kelurahan, group_by: [kelurahan]}"), "neighbours-group"),
    (rule("{count: {event: motion, at_least: 2}, within: 5s, neighbours: kelurahan}"), "a precinct rule does not see motion"),
    (rule("{event: motion}", "  runs_at: precinct"), "not-at-precinct"),
    (rule("{event: alert.y}", "  runs_at: post"), "not-at-post"),
    (rule("{event: alert.x}"), "alert-loop"),
    (rule("{event: alert.*}"), "alert-loop"),
    (rule("{event: alert.panics}"), "kind-slip: event kind alert.panics is one slip away from alert.panic"),
    (rule("{event: motion}", "  suppressed_by: [b]"), "r.yaml:6:19: unknown-name: there is no rule b"),
    (rule("{event: motion}", "  suppressed_by: [a]"), "suppress-loop"),
    (rule("{event: motion}", "  only_if: [{state: x}]"), "only-if"),
    (rule("{event: motion}", "  only_if: [{between: ['22:00', '22:00']}]"), "empty-span"),
    (rule("{event: motion, where: {device: pir-2}}"), "unknown device pir-2 (did you mean pir-1?)"),
    (rule("{event: motion, where: {zone: [meja, mja]}}"), "unknown zone mja (did you mean meja?)"),
    (rule("{event: motion, where: {post: {is_not: pos-9}}}"), "unknown post pos-9"),
    (rule("{event: motion}", then="{escalate: [none, precinct], incident: x, severity: low}"), "escalate-none"),
    (rule("{event: motion}", then="{escalate: []}"), "wrong-type"),
    (rule("{event: motion}", then="{escalate: none, actions: [sirene.on]}"), "no device has the role sirene (did you mean siren?)"),
    (rule("{sequence: [{event: motion, at_least: 60}, {event: gas, at_least: 60}], within: 5s}"), "expected at_least 1..100"),
    (rule("{event: motion}", then="{escalate: none, message: '{a.b}'}"), "bad-placeholder"),
    (rule("{event: motion}", then="{escalate: none, set: {x: null}}"), "expected value here"),
    (rule("{event: panic.press}", "  suppressed_by: [b]", then="{escalate: precinct, incident: panic, severity: critical}"), "floor-suppressed"),
    (rule("{event: report.tawuran, where: {severity: critical}}"), "floor-severity"),
    (rule("{event: report.tawuran}"), None),
    (rule("{count: {event: motion, at_least: 2}, within: 5s, group_by: [zone]}", "  clear_when: {event: gas, group_by: [post]}"), "clear-group"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "told"), REFUSED)
def test_what_the_text_refuses_is_refused_with_its_reason(source: str, told: str | None) -> None:
    found = faults(text(source))
    if told is None:
        assert found == []
    else:
        assert any(told in line for line in found), found


def test_circles_of_suppression_and_of_alerts_are_refused_over_several_rules() -> None:
    one = rule("{event: motion}", "  suppressed_by: [b]")
    two = rule("{event: gas}", "  suppressed_by: [a]", id_="b")
    assert sum("suppress-loop" in line for line in faults(text(one, two))) == 2
    first = rule("{event: alert.y}")
    second = rule("{event: alert.x}", then="{escalate: precinct, incident: y, severity: low}", id_="b")
    assert sum("alert-loop" in line for line in faults(text(first, second))) == 2


def test_a_reload_keeps_what_means_the_same_however_it_is_written() -> None:
    one = parsed(text(rule("{event: motion, where: {zone: meja, value: 3}}", "  throttle: {once_within: 60s}")))
    two = parsed(
        text(
            "# moved",
            rule("{event: [motion], where: {value: 3, zone: meja}}", "  throttle: {once_within: 1m}\n  mode: shadow"),
        )
    )
    other = parsed(text(rule("{event: motion, where: {zone: meja, value: 4}}", "  throttle: {once_within: 60s}")))
    assert fingerprint(one) == fingerprint(two)
    assert fingerprint(one) != fingerprint(other)


WORDS = st.sampled_from(
    ["event", "count", "all", "any", "sequence", "absent", "state", "schedule", "where", "within", "for", "between",
     "after", "group_by", "neighbours", "expect_from", "reuse", "as", "at_least", "unless", "distinct", "at", "days",
     "role", "motion", "report.x", "zone", "60s", "22:00", "kelurahan", "posts", "mon", "same_as", "first.zone",
     "rises_by", "since", "first"]
)  # fmt: skip
TREES = st.recursive(
    WORDS | st.integers(-1, 3) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=20,
)
CLAUSES = st.fixed_dictionaries({"event": st.sampled_from(["motion", "gas", ["heat"]])}, optional={"where": TREES, "as": WORDS, "at_least": TREES})  # fmt: skip
WHENS = st.one_of(
    TREES,
    st.fixed_dictionaries(
        {
            "sequence": st.lists(CLAUSES | st.fixed_dictionaries({"unless": CLAUSES}), max_size=4),
            "within": st.just("60s"),
        }
    ),
    st.fixed_dictionaries({"count": CLAUSES, "within": st.just("60s")}, optional={"group_by": TREES, "reuse": TREES}),
    st.fixed_dictionaries({"absent": CLAUSES, "after": CLAUSES | TREES, "within": st.just("60s")}),
    st.fixed_dictionaries({"absent": CLAUSES}, optional={"for": WORDS, "between": TREES, "expect_from": TREES}),
)


@given(WHENS, TREES)
def test_any_tree_of_our_words_gives_faults_or_a_rule_that_can_run(when: object, clear: object) -> None:
    body = {"id": "a", "when": when, "then": {"escalate": "none", "set": {"s": 1}}}
    tree = {"version": 1, "rules": [body if clear is None else {**body, "clear_when": clear}]}
    ruleset, found = parse_ruleset([read_text(json.dumps(tree), "r.yaml")], SITE)
    assert all(fault.render("id") and fault.render("en") and fault.place.line for fault in found)
    if not found:
        engine = Engine(ruleset, SITE, UTC)
        state = engine.start(Stamp(0, 0, True))
        engine.on_time(state, Stamp(600_000, 600_000, True))
        assert lint(ruleset, SITE) is not None
