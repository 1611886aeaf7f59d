"""Looking at a running post: answered between turns, bounded, and never in a press's way."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dispatcher.post import looking
from dispatcher.post.inbox import Reloaded
from dispatcher.post.looking import Looking
from dispatcher.post.pipeline import WATCHED_S
from dispatcher.post.rulebook import edition
from dispatcher.post.standing import Standing, decode, encode
from dispatcher.rules.language import FullRuleSet
from tests.support.rules import ruleset
from tests.support.waiting import eventually
from tests.unit.incidents.town import SITE
from tests.unit.post.desk import Desk

RULES = """
- id: ramai
  name: Ramai di parkir
  when: {count: {event: motion, at_least: 3}, within: 2m, group_by: [zone]}
  then: {escalate: precinct, incident: kerumunan, severity: medium, message: "Ramai"}
- id: mati
  enabled: false
  when: {event: smoke}
  then: {escalate: precinct, incident: kebakaran, severity: high, message: "Asap"}
"""
MANY = "\n".join(RULES.replace("ramai", f"ramai-{n}").replace("mati", f"mati-{n}") for n in range(50))


def of(desk: Desk) -> Looking:
    return Looking(desk.memory, desk.inbox, desk.intake, lambda: desk.pipeline.lamp)


@contextmanager
def asking(look: Looking, patience_s: float = 30.0) -> Iterator[list[Standing | None]]:
    """Ask on a thread of its own, as the HTTP server does; yield when the question has been put."""
    answers: list[Standing | None] = []
    thread = threading.Thread(target=lambda: answers.append(look.ask(patience_s)))
    thread.start()
    eventually(lambda: look.is_wanted or answers, "the question was never put")
    yield answers
    thread.join()


def seen(desk: Desk, look: Looking) -> Standing:
    with asking(look) as answers:
        while look.serve(desk.clock.stamp()):
            pass
    (answer,) = answers
    assert answer is not None
    return answer


def test_windows_devices_lanes_and_incidents_are_told(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ruleset(RULES))
    desk.press(1)
    desk.sensor(1)
    desk.turns(3, 500)
    desk.sensor(2)
    desk.turns(3, 500)
    standing = seen(desk, of(desk))
    ramai, mati = standing.rules.lines
    assert (ramai.sort, ramai.have, ramai.need, ramai.group) == (
        "window",
        2,
        3,
        (("post", "pos-03"), ("zone", "parkir")),
    )
    assert ramai.ends_ms is not None
    assert 110_000 < ramai.ends_ms < 120_000
    assert (ramai.name, ramai.file) == ("Ramai di parkir", "r.yaml:4:3")
    assert (mati.mode, mati.have) == ("off", 0)
    heard = {line.id: line.heard_s for line in standing.devices}
    assert heard["btn-1"] is not None
    assert heard["btn-2"] is None
    assert [lane.name for lane in standing.lanes] == ["panic", "precinct", "rest", "rules"]
    assert standing.incidents_open == 1
    assert standing.incidents[0].rule == "floor"
    assert standing.outbox.depth >= 1
    assert standing.lamp == standing.incidents[0].stage
    assert decode(encode(standing)) == standing


def test_a_rule_that_never_came_to_anything_says_for_how_long_it_was_watched(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ruleset(RULES))
    desk.turn()
    desk.clock.wait(7_200_000)
    line = seen(desk, of(desk)).rules.lines[0]
    assert (line.fired_s, line.known_s) == (None, 7_200)


def test_a_stranger_and_a_murmur_are_told_though_no_record_is_kept(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.message("kentongan/orang/event", b'{"kind": "motion"}', lane="rest")
    desk.intake.murmurs["pir-1"] = desk.clock.stamp()
    desk.turn()
    standing = seen(desk, of(desk))
    assert [(one.id, one.said, one.count) for one in standing.strangers] == [("orang", "motion", 1)]
    assert {line.id for line in standing.devices if line.heard_s is not None} == {"pir-1"}


def test_nothing_is_done_while_nobody_asks_and_then_a_little_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "SLICE_S", 0.0)
    desk = Desk(tmp_path, ruleset(MANY))
    look = of(desk)
    assert not look.serve(desk.clock.stamp())
    with asking(look) as answers:
        steps = 1
        while look.serve(desk.clock.stamp()):
            steps += 1
    assert steps == 101  # one line a step, and one for the rest
    assert answers[0] is not None
    assert len(answers[0].rules.lines) == 100


def test_a_press_that_comes_while_somebody_looks_is_confirmed_in_the_next_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "SLICE_S", 0.0)
    desk = Desk(tmp_path, ruleset(MANY))
    look = of(desk)
    desk.serve = look.serve
    with asking(look) as answers:
        desk.turn()
        assert desk.pipeline.patience_s == WATCHED_S  # there is more to show
        assert not answers
        desk.press(1)
        desk.turn()
        assert desk.confirms() == [(1, "saved")]
        assert not answers
        desk.turns(101)
    assert answers
    assert desk.pipeline.patience_s > WATCHED_S


def test_many_who_ask_get_one_view_a_second(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ruleset(RULES))
    look = of(desk)
    first = seen(desk, look)
    assert look.ask() is first
    assert not look.serve(desk.clock.stamp())


def test_a_pipeline_that_is_stuck_answers_nobody(tmp_path: Path) -> None:
    look = of(Desk(tmp_path))
    assert look.ask(patience_s=0.01) is None


def test_other_rules_in_the_middle_of_a_look_begin_it_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "SLICE_S", 0.0)
    desk = Desk(tmp_path, ruleset(MANY))
    look = of(desk)
    with asking(look) as answers:
        assert look.serve(desk.clock.stamp())
        assert look.serve(desk.clock.stamp())
        other: FullRuleSet = ruleset(RULES, version="r2")
        desk.notices.append(Reloaded(edition(other, SITE, "pos-03")))
        desk.turn()
        while look.serve(desk.clock.stamp()):
            pass
    assert answers[0] is not None
    assert [line.id for line in answers[0].rules.lines] == ["ramai", "mati"]
    assert answers[0].rules.version == "r2"


def test_jumps_of_the_clock_and_doubts_of_it_are_told_and_small_corrections_are_not(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    look = of(desk)
    look.serve(desk.clock.stamp())
    desk.clock.wait(60_000)
    desk.clock.wall_ms += 1_500
    look.serve(desk.clock.stamp())
    desk.clock.wall_ms -= 7_200_000
    desk.clock.trusted = False
    look.serve(desk.clock.stamp())
    desk.clock.wait(30_000)
    clock = seen(desk, look).clock
    assert (clock.trusted, clock.since_s) == (False, 30)
    assert (clock.steps, clock.step_ms, clock.step_s) == (1, -7_200_000, 30)
