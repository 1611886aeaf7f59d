"""Windows that keep as little as they can, and the search over whole events: both tell the same of the same nights."""

import json
import random
from typing import Any

import pytest

from dispatcher.domain.events import Event
from dispatcher.domain.site import Device, Post, Site
from dispatcher.domain.stamp import Stamp
from dispatcher.matcher.twin import compile_clauses
from dispatcher.rules.engine.build_windows import sliding_of
from dispatcher.rules.engine.chains import Chained
from dispatcher.rules.engine.cross import Clauses
from dispatcher.rules.engine.gathering import Gathered
from dispatcher.rules.engine.grouping import Grouping
from dispatcher.rules.engine.search import Exhausted
from dispatcher.rules.engine.searching import Searched
from dispatcher.rules.engine.sliding import Sliding
from dispatcher.rules.engine.state import Item, MachineState, Window
from dispatcher.rules.language import AllForm, SequenceForm
from dispatcher.rules.parse import parse_ruleset
from dispatcher.settings.yamlfile import read_text

SITE = Site(
    "Asia/Jakarta", "p", {}, {"pos-1": Post("pos-1", "", "k")}, {"d": Device("d", "kentongan", "motion", "pos-1")}
)
KINDS = ("motion", "gas", "heat", "smoke")
Told = list[tuple[int, int]]


def drawn(dice: random.Random, form: str) -> dict[str, Any]:
    steps: list[dict[str, Any]] = []
    for number in range(dice.randint(2, 4)):
        step: dict[str, Any] = {"event": dice.sample(KINDS, dice.choice([1, 1, 2]))}
        if number and "as" in steps[0] and dice.random() < 0.5:
            step["where"] = dice.choice([
                {"zone": {"same_as": "f.zone"}}, {"device": {"not_same_as": "f.device"}},
                {"value": {"rises_by": 1, "since": "f"}}, {"not": {"value": {"falls_by": 1, "since": "f"}}},
            ])  # fmt: skip
        if number == 0 and dice.random() < 0.6:
            step["as"] = "f"
        if dice.random() < 0.25:
            step["at_least"] = dice.randint(2, 3)
        steps.append(step)
    if dice.random() < 0.5:
        unless: dict[str, Any] = {"event": dice.choice(KINDS)}
        if "as" in steps[0] and dice.random() < 0.4:
            unless["where"] = {"zone": {"same_as": "f.zone"}}
        steps.insert(len(steps) if form == "all" else dice.randint(1, len(steps) - 1), {"unless": unless})
    return {form: steps, "within": f"{dice.randint(3, 30)}s", "reuse": dice.random() < 0.3}


def both(when: dict[str, Any]) -> tuple[Sliding, Searched, Clauses]:
    rule = {"id": "a", "when": when, "then": {"escalate": "precinct", "incident": "x", "severity": "low"}}
    ruleset, faults = parse_ruleset([read_text(json.dumps({"version": 1, "rules": [rule]}), "r.yaml")], SITE)
    assert faults == ()
    parsed, asked = ruleset.rules[0].when, Clauses("a#")
    assert isinstance(parsed.form, AllForm | SequenceForm)
    quick = sliding_of(parsed.form, parsed, asked, Grouping((), None), lambda _clauses: 0)
    assert isinstance(quick, Chained | Gathered | Searched)
    unless = () if isinstance(quick, Chained) else quick.unless
    common = (quick.grouping, quick.within_ms, 0, quick.reuse)
    return quick, Searched(*common, quick.places, isinstance(quick, Chained), unless), asked


def items(dice: random.Random, asked: Clauses, number: int) -> list[Item]:
    predicates, _ = compile_clauses(asked.questions)
    found, t = [], 0
    for n in range(number):
        t += dice.choice([0, 500, 1000, 1000, 3000])
        attrs = {"value": dice.randint(0, 3)} if dice.random() < 0.8 else {}
        place = (dice.choice("de"), None, "pos-1", dice.choice("ab"), "k")
        event = Event(str(n), dice.choice(KINDS), *place, "sensor", "authenticated", Stamp(t, t, True), attrs)
        lits = [id_ for id_, one in asked.questions.items() if one.wants(event.kind) and predicates[id_](event)]
        found.append(Item(event, t, n + 1, frozenset(lits)))
    return found


def told(sliding: Sliding, events: list[Item], held: frozenset[int]) -> Told:
    """Return when it was complete, and with how many; ``held`` firings spend nothing."""
    state, window, found = MachineState(), Window(), []
    for item in events:
        if sliding.wants(item):
            for at, match in sliding.matches(state, window, item, item.t):
                found.append((at.n, match.count))
                if at.n not in held and not sliding.reuse:
                    sliding.spend(window, at)
    assert state.dropped == 0
    return found


@pytest.mark.parametrize("form", ["sequence", "all"])
def test_what_keeps_little_tells_what_keeps_everything_tells(form: str) -> None:
    fired = 0
    for seed in range(600):
        dice = random.Random(f"{form} {seed}")
        quick, searched, asked = both(drawn(dice, form))
        events = items(dice, asked, 40)
        held = frozenset(item.n for item in events if dice.random() < 0.3)
        try:
            expected = told(searched, events, held)
        except Exhausted:
            continue
        assert told(quick, events, held) == expected, f"{form} {seed}"
        fired += len(expected)
    assert fired > 500


def test_clauses_that_overlap_are_filled_without_trying_every_assignment() -> None:
    steps = [{"event": ["motion"], "at_least": 30}, {"event": ["motion", "gas"], "at_least": 30}]
    quick, _, asked = both({"all": steps, "within": "1h"})
    (id_one, id_two) = asked.questions
    state, window, found = MachineState(), Window(), []
    for n in range(1, 61):
        kind, lits = ("gas", {id_two}) if n <= 30 else ("motion", {id_one, id_two})
        event = Event(str(n), kind, "d", None, "pos-1", "a", "k", "sensor", "authenticated", Stamp(n, n, True))
        found += list(quick.matches(state, window, Item(event, n, n, frozenset(lits)), n))
    assert [(at.n, match.count) for at, match in found] == [(60, 60)]
