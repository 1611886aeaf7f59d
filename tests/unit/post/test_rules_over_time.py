"""Rules over several events and over time, as a post runs them: windows, silences, hours; through kills and new rules."""

from pathlib import Path

import pytest

from dispatcher.domain.events import Event
from dispatcher.domain.ids import rule_incident_id
from dispatcher.domain.incident import Stage
from dispatcher.journal import Kind
from dispatcher.matcher.port import Report, ReportReason
from dispatcher.post.inbox import Announcement, Reloaded, Trouble
from dispatcher.post.pipeline import COMMANDS_MS
from dispatcher.post.rulebook import edition
from dispatcher.post.storage import SMALLEST_SEGMENT
from dispatcher.rules.engine.engine import Engine
from dispatcher.rules.language import FullRuleSet
from tests.support.rules import ruleset
from tests.unit.incidents.town import SITE
from tests.unit.post.desk import Desk, HandClock

MINUTE = 60_000
CROWD = """
- id: crowd
  when: {{count: {{event: motion, at_least: {}}}, within: 2m}}
  then: {{escalate: precinct, incident: kerumunan, severity: medium, message: "{}"}}
"""
SILENT = """
- id: silent
  when: {absent: {event: check_in}, for: 10m, expect_from: [pos-03]}
  then: {escalate: precinct, incident: pos-sunyi, severity: high, message: "Pos sunyi"}
"""


def of_rule(desk: Desk, rule: str) -> list[dict[str, object]]:
    """Return a rule's alerts, each revision once however often it was sent."""
    return list({(alert["id"], alert["rev"]): alert for alert in desk.alerts if alert["rule"] == rule}.values())


def kinds(desk: Desk) -> list[int]:
    desk.journal.sync()
    return [record.kind for record in desk.journal.replay()]


def saw(desk: Desk, kind: str = "motion", times: int = 1, wait: int = 0, first: int = 1) -> None:
    for seq in range(first, first + times):
        desk.sensor(seq, kind=kind)
        desk.turns(2, 500)
        desk.turn(wait)


# --- windows


def test_three_motions_are_one_alert_with_all_three_as_evidence_and_no_button_hears_of_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ruleset(CROWD.format(3, "Ramai")))
    saw(desk, times=3)
    desk.turns(3)
    (alert,) = of_rule(desk, "crowd")
    assert (alert["count"], alert["title"], alert["severity"]) == (3, "Ramai", "medium")
    evidence = alert["evidence"]
    assert isinstance(evidence, list)
    assert [entry["seq"] for entry in evidence] == [1, 2, 3]
    assert alert["id"] == rule_incident_id("pos-03", "crowd", "=pos-03", evidence[0]["event"])
    desk.broker_takes()
    desk.receipt(str(alert["id"]), 1, Stage.DELIVERED)
    desk.turn()
    assert desk.confirms("pir-1") == [(1, "saved"), (2, "saved"), (3, "saved")]


def test_a_kill_between_two_motions_leaves_the_window_as_it_was(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ruleset(CROWD.format(3, "Ramai")))
    saw(desk, times=2)
    again = desk.reopen()
    saw(again, first=3)
    assert [alert["count"] for alert in of_rule(again, "crowd")] == [3]


def test_what_was_saved_but_not_judged_before_a_kill_is_judged_at_the_start(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ruleset(CROWD.format(3, "Ramai")))
    saw(desk, times=2)
    desk.rules.deaf = True
    saw(desk, first=3)
    assert desk.memory.unjudged
    again = desk.reopen()
    assert not again.memory.unjudged
    again.turn()
    assert [alert["count"] for alert in of_rule(again, "crowd")] == [3]
    once_more = again.reopen()
    assert once_more.memory.state == again.memory.state
    assert once_more.memory.rulebook.dump()["state"]["rules"] == again.memory.rulebook.dump()["state"]["rules"]


def test_a_checkpoint_holds_the_windows_too(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ruleset(CROWD.format(3, "Ramai")))
    saw(desk, times=2)
    desk.keeper.checkpoint(desk.clock.stamp())
    again = desk.reopen()
    saw(again, first=3)
    assert [alert["count"] for alert in of_rule(again, "crowd")] == [3]


def test_a_press_in_a_rules_window_stays_in_its_own_incident_alone(tmp_path: Path) -> None:
    rules = ruleset(
        """
        - id: fled
          when: {sequence: [{event: panic.press}, {event: motion}], within: 2m}
          then: {escalate: precinct, incident: tawuran, severity: critical, message: "Tombol lalu gerak"}
        """
    )
    desk = Desk(tmp_path, rules)
    desk.press()
    desk.turns(2)
    saw(desk)
    (alert,) = of_rule(desk, "fled")
    assert [entry["kind"] for entry in alert["evidence"]] == ["motion"]  # type: ignore[attr-defined]  # JSON
    (own,) = of_rule(desk, "floor")
    assert own["count"] == 1
    desk.broker_takes()
    desk.receipt(str(alert["id"]), 1, Stage.DELIVERED)
    desk.turn()
    assert (1, "delivered") not in desk.confirms("btn-1")


# --- other rules


def test_a_rule_whose_words_changed_keeps_its_window_and_one_that_means_something_else_begins_afresh(
    tmp_path: Path,
) -> None:
    desk = Desk(tmp_path, ruleset(CROWD.format(3, "Ramai"), version="one"))
    saw(desk, times=2)
    reworded = desk.reopen(ruleset(CROWD.format(3, "Banyak orang"), version="two"))
    assert reworded.memory.rulebook.fresh == ()
    saw(reworded, first=3)
    assert [alert["title"] for alert in of_rule(reworded, "crowd")] == ["Banyak orang"]
    saw(reworded, first=4)
    changed = reworded.reopen(ruleset(CROWD.format(2, "Ramai"), version="three"))
    assert changed.memory.rulebook.fresh == ("crowd",)
    saw(changed, first=5)
    assert [alert["title"] for alert in of_rule(changed, "crowd")] == ["Banyak orang"]  # the old one, not delivered yet


def test_a_journal_is_folded_with_the_rules_that_were_running_when_it_was_written(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ruleset(CROWD.format(3, "Ramai") + SILENT, version="one"))
    saw(desk, times=2)
    other = desk.reopen(ruleset(SILENT, version="two"))
    saw(other, first=3)
    back = other.reopen(ruleset(CROWD.format(3, "Ramai") + SILENT, version="one"))
    assert back.memory.rulebook.fresh == ("crowd",)  # it was away meanwhile
    saw(back, first=4)
    assert of_rule(back, "crowd") == []


# --- silences and hours


def test_a_silence_is_told_once_and_not_again_until_the_post_was_heard(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ruleset(SILENT))
    desk.turn()
    desk.turn(10 * MINUTE - 1)
    assert of_rule(desk, "silent") == []
    desk.turn(1)
    (alert,) = of_rule(desk, "silent")
    assert [entry["kind"] for entry in alert["evidence"]] == ["timer.absent"]  # type: ignore[attr-defined]  # JSON
    desk.receipt(str(alert["id"]), 1, Stage.DELIVERED)
    desk.turn(60 * MINUTE)
    assert len(of_rule(desk, "silent")) == 1
    saw(desk, kind="check_in")
    desk.turn(10 * MINUTE)
    assert len({alert["id"] for alert in of_rule(desk, "silent")}) == 2


def test_a_silence_waits_for_what_came_and_was_not_judged_yet(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ruleset(SILENT))
    desk.turn(9 * MINUTE)
    desk.rules.deaf = True
    saw(desk, kind="check_in")
    desk.turn(5 * MINUTE)
    assert of_rule(desk, "silent") == []
    again = desk.reopen()
    again.turn()
    assert of_rule(again, "silent") == []


def test_a_silence_that_spans_a_kill_is_unknown_and_its_time_runs_anew(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ruleset(SILENT))
    desk.turn(5 * MINUTE)
    desk.clock.wait(MINUTE)
    again = desk.reopen()
    again.turn(4 * MINUTE)
    assert of_rule(again, "silent") == []
    assert again.value("kentongan_rule_said_total", rule="silent", said="unknown") == 1
    again.turn(6 * MINUTE)
    again.turn()
    assert len(of_rule(again, "silent")) == 1


def test_what_was_due_before_the_end_is_told_after_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ruleset(SILENT))
    desk.turn(5 * MINUTE)
    desk.clock.wait(5 * MINUTE)
    desk.keeper.look_after(desk.clock.stamp())  # the mark that says: alive at ten minutes
    desk.journal.sync()
    desk.clock.wait(MINUTE)
    again = desk.reopen()
    again.turn()
    assert len(of_rule(again, "silent")) == 1
    once_more = again.reopen()
    assert once_more.memory.state == again.memory.state


def test_an_hour_is_told_once_whatever_the_clock_does(tmp_path: Path) -> None:
    rules = ruleset(
        """
        - id: apel
          when: {schedule: {at: "22:00"}}
          then: {escalate: technician, incident: apel, severity: info, message: "Apel"}
        """
    )
    clock = HandClock()
    desk = Desk(tmp_path, rules, clock=clock)
    to_ten = (22 * 60 - 7 * 60) * MINUTE - clock.wall_ms % 86_400_000
    to_ten %= 86_400_000

    def goes(milliseconds: int) -> None:
        desk.turn(milliseconds)

    desk.turn()
    goes(to_ten - 1)
    assert of_rule(desk, "apel") == []
    goes(1)
    assert len(of_rule(desk, "apel")) == 1
    clock.wall_ms -= 3_600_000
    goes(3_600_000)
    goes(MINUTE)
    assert len({alert["id"] for alert in of_rule(desk, "apel")}) == 1


def test_a_power_cut_that_nobody_could_measure_makes_no_silence_longer_until_the_clock_is_right(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ruleset(SILENT))
    desk.turn(9 * MINUTE)
    before = desk.clock.stamp()
    desk.clock.run_ms += 1
    desk.clock.trusted = False
    again = desk.reopen(absence={"downtime_known": False, "before": [before.run_ms, before.wall_ms]})
    again.turn(9 * MINUTE)
    assert of_rule(again, "silent") == []
    again.clock.trusted = True
    again.clock.wall_ms = before.wall_ms + 8 * 60 * MINUTE + 9 * MINUTE
    again.turn()
    assert again.memory.rulebook.ahead_ms > 7 * 60 * MINUTE
    again.turn(MINUTE)
    again.turn()
    (alert,) = of_rule(again, "silent")
    assert (alert["age_s"], alert["clock"]) == (0, "trusted")
    once_more = again.reopen()
    assert once_more.memory.state == again.memory.state
    assert once_more.memory.rulebook.ahead_ms == again.memory.rulebook.ahead_ms


def test_a_restart_in_between_does_not_hide_how_long_the_power_cut_was(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ruleset(CROWD.format(3, "Ramai")))
    desk.turn(MINUTE)
    before = desk.clock.stamp()
    desk.clock.run_ms += 1
    desk.clock.trusted = False
    dark = desk.reopen(absence={"downtime_known": False, "before": [before.run_ms, before.wall_ms]})
    saw(dark, times=2)
    dark.clock.wait(1_000)
    again = dark.reopen(absence={"downtime_known": True, "downtime_ms": 1_000})
    again.clock.trusted = True
    again.clock.wall_ms = before.wall_ms + 8 * 60 * MINUTE
    again.turn()
    assert again.memory.rulebook.ahead_ms > 7 * 60 * MINUTE
    saw(again, first=3)
    again.turns(3)
    assert [alert["count"] for alert in of_rule(again, "crowd")] == [3]


# --- what a rule sets off, and what ends it


def test_a_condition_that_is_over_is_told_and_the_incident_stays_open(tmp_path: Path) -> None:
    rules = ruleset(
        """
        - id: hot
          when: {event: smoke, group_by: [device]}
          then: {escalate: precinct, incident: kebakaran, severity: high, message: "Asap"}
          clear_when: {event: motion}
        """
    )
    desk = Desk(tmp_path, rules)
    saw(desk, kind="smoke", times=2)
    desk.turn(2_000)
    saw(desk, kind="motion", first=3)
    desk.turns(3, 1_000)
    told = of_rule(desk, "hot")
    assert {alert["id"] for alert in told} == {told[0]["id"]}
    assert "cleared_at" not in told[0]
    assert "cleared_at" in told[-1]
    assert desk.memory.state.incidents[str(told[0]["id"])].is_open


def test_closing_an_incident_frees_what_it_had_suppressed(tmp_path: Path) -> None:
    rules = ruleset(
        """
        - id: fire
          when: {event: smoke}
          then: {escalate: precinct, incident: kebakaran, severity: high, message: "Asap"}
        - id: moved
          when: {event: motion}
          then: {escalate: precinct, incident: gerak, severity: low, message: "Gerak"}
          suppressed_by: [fire]
        """
    )
    desk = Desk(tmp_path, rules)
    saw(desk, kind="smoke")
    saw(desk, kind="motion", first=2)
    assert of_rule(desk, "moved") == []
    assert desk.value("kentongan_rule_said_total", rule="moved", said="suppressed") == 1
    (fire,) = of_rule(desk, "fire")
    desk.receipt(str(fire["id"]), 1, Stage.CLOSED, "4021")
    desk.turn()
    saw(desk, kind="motion", first=3)
    assert len(of_rule(desk, "moved")) == 1


SIREN = """
- id: loud
  when: {event: smoke}
  then: {escalate: none, actions: [siren.on]}
"""


@pytest.mark.parametrize(("away_ms", "sounds"), [(2_000, 1), (COMMANDS_MS + 1_000, 0)])
def test_a_siren_that_a_death_may_have_kept_silent_sounds_after_a_quick_start_only(
    tmp_path: Path, away_ms: int, sounds: int
) -> None:
    desk = Desk(tmp_path, ruleset(SIREN))
    desk.sensor(kind="smoke")
    desk.turn()
    desk.turn(1_000)
    desk.journal.sync()
    desk.clock.wait(away_ms)
    again = desk.reopen()
    again.pipeline.stop()
    again.pipeline.run()
    assert [body["command"] for body in again.local.on("siren-1/command")] == ["siren.on"] * sounds


# --- what is written down beside it


def test_trouble_of_the_matcher_is_journaled_each_time_and_told_once(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ruleset(SIREN))
    for _ in range(2):
        desk.notices.append(Trouble(Report(ReportReason.DIFFERENCE, "twin True, engine False", "loud#0", "e1")))
        desk.turn(1_000)
    desk.notices.append(Trouble(Report(ReportReason.CHILD_STARTED, "pid 7")))
    desk.turn(1_000)
    assert kinds(desk).count(Kind.MATCHER) == 3
    (alert,) = of_rule(desk, "matcher.fault")
    assert (alert["escalate"], alert["severity"]) == (["technician"], "medium")
    assert "loud#0" in str(alert["title"])
    assert desk.reopen().memory.state == desk.memory.state


def test_what_was_shed_for_want_of_room_is_written_down_once_there_is_room(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.free = 0
    desk.turns(2, 11_000)
    for seq in range(5):
        desk.sensor(seq)
    desk.turn()
    assert Kind.SHED not in kinds(desk)
    desk.free = 2**30
    desk.turns(3, 11_000)
    shed = [record.body for record in desk.journal.replay() if record.kind == Kind.SHED]
    assert shed == [b'{"n":4}']


def test_a_post_without_a_rule_writes_no_timer_records(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.turns(20, 5_000)
    assert Kind.DUE not in kinds(desk)
    assert SITE.posts


# --- other rules while it runs


def reload(desk: Desk, rules: FullRuleSet) -> None:
    found = edition(rules, SITE, "pos-03")
    desk.rules.load(found.questions)
    desk.notices.append(Reloaded(found))


def test_rules_change_while_a_post_runs_and_a_window_that_means_the_same_goes_on(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ruleset(CROWD.format(3, "Ramai"), version="one"))
    saw(desk, times=2)
    reload(desk, ruleset(CROWD.format(3, "Banyak orang") + SIREN, version="two"))
    saw(desk, first=3)
    assert [alert["title"] for alert in of_rule(desk, "crowd")] == ["Banyak orang"]
    assert kinds(desk).count(Kind.RULES) == 1
    assert desk.value("kentongan_rules_loaded") == 2


def test_a_kill_after_such_a_change_folds_each_record_with_the_rules_that_ran(tmp_path: Path) -> None:
    one, two = ruleset(CROWD.format(3, "Ramai"), version="one"), ruleset(CROWD.format(2, "Ramai"), version="two")
    desk = Desk(tmp_path, one, kept=(one, two))
    saw(desk, times=2)
    reload(desk, two)
    saw(desk, first=3)
    again = desk.reopen(two)
    saw(again, first=4)
    assert [alert["count"] for alert in of_rule(again, "crowd")] == [2]


def test_a_fault_in_new_rules_is_told_once_and_shown_until_they_are_mended(tmp_path: Path) -> None:
    rules = ruleset(CROWD.format(3, "Ramai"), version="one")
    desk = Desk(tmp_path, rules)
    for _ in range(2):
        desk.notices.append(Announcement("config.fault", "r.yaml:3", "r.yaml:3: rusak", "config_fault"))
        desk.turns(2, 1_000)
    assert len(of_rule(desk, "config.fault")) == 1
    assert desk.local.on("lamp-1/command")[-1]["args"]["trouble"] == "config_fault"
    reload(desk, rules)
    desk.turns(2, 6_000)
    assert "trouble" not in desk.local.on("lamp-1/command")[-1]["args"]


# --- what must not bring a post down

GREEDY = """
- id: every-{0}
  when: {{count: {{event: motion, at_least: 2}}, within: 1h, reuse: true, group_by: [device]}}
  then: {{escalate: precinct, incident: ramai, severity: low, message: "Ramai {0}"}}
"""


class Roomy(Desk):
    SEGMENT = SMALLEST_SEGMENT


def test_rules_that_fire_at_each_of_many_events_fill_no_record_to_its_end_and_a_kill_loses_none(tmp_path: Path) -> None:
    desk = Roomy(tmp_path, ruleset("".join(GREEDY.format(number) for number in range(40))))
    desk.rules.deaf = True
    for seq in range(200):
        desk.sensor(seq)
        desk.turn(20)
    desk.turn(1_000)
    again = desk.reopen()
    assert again.memory.unjudged == {}
    again.journal.sync()
    assert max(len(record.body) for record in again.journal.replay()) < 500_000
    once_more = again.reopen()
    assert once_more.memory.state == again.memory.state


def test_a_full_window_that_repeats_itself_writes_down_what_is_new_of_it(tmp_path: Path) -> None:
    rules = GREEDY.format(1) + "  throttle: {once_within: 1h}\n"
    desk = Desk(tmp_path, ruleset(rules))
    saw(desk, times=60)
    desk.journal.sync()
    judged = [len(record.body) for record in desk.journal.replay() if record.kind == Kind.JUDGED]
    assert max(judged) < 1_000
    (alert,) = {alert["id"] for alert in of_rule(desk, "every-1")}
    assert desk.memory.state.incidents[str(alert)].count == 60


def test_a_fault_of_ours_in_one_rule_is_told_and_ends_neither_the_post_nor_the_other_events(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = Engine.on_event

    def broken(engine: Engine, state: object, event: Event, *rest: object, **more: object) -> object:
        if event.kind == "smoke":
            raise RuntimeError("no such thing")
        return judge(engine, state, event, *rest, **more)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(Engine, "on_event", broken)
    desk = Desk(tmp_path, ruleset(CROWD.format(2, "Ramai")))
    saw(desk)
    saw(desk, kind="smoke", first=2)
    saw(desk, first=3)
    assert len(of_rule(desk, "crowd")) == 1
    (alarm,) = of_rule(desk, "matcher.fault")
    assert "no such thing" in str(alarm["title"])
    assert desk.value("kentongan_rule_failures_total") == 1
    assert desk.reopen().memory.state == desk.memory.state


def test_a_reading_without_a_counter_that_the_broker_brings_again_counts_once(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ruleset(CROWD.format(2, "Ramai")))
    body = b'{"kind": "motion"}'
    desk.message("kentongan/pir-1/event", body, lane="rest", mid=7)
    desk.turns(3, 1_000)
    again = desk.reopen()
    again.message("kentongan/pir-1/event", body, lane="rest", mid=7, dup=True)
    again.turns(3, 1_000)
    assert of_rule(again, "crowd") == []
    again.message("kentongan/pir-1/event", body, lane="rest", mid=8)
    again.turns(3, 1_000)
    assert [alert["count"] for alert in of_rule(again, "crowd")] == [2]


def test_closing_one_of_two_incidents_of_a_rule_frees_nothing_yet(tmp_path: Path) -> None:
    rules = ruleset(
        """
        - id: flood
          when: {event: smoke, group_by: [device]}
          then: {escalate: precinct, incident: banjir, severity: high, message: "Banjir"}
        - id: moved
          when: {event: motion}
          then: {escalate: precinct, incident: gerak, severity: low, message: "Gerak"}
          suppressed_by: [flood]
        """
    )
    desk = Desk(tmp_path, rules)
    saw(desk, kind="smoke", times=2)
    first, second = (str(alert["id"]) for alert in of_rule(desk, "flood"))
    desk.receipt(first, 1, Stage.CLOSED, "4021")
    desk.turn()
    saw(desk, first=3)
    assert of_rule(desk, "moved") == []
    desk.receipt(second, 1, Stage.CLOSED, "4021")
    desk.turn()
    saw(desk, first=4)
    assert len(of_rule(desk, "moved")) == 1


def test_a_throttle_is_not_forgotten_while_an_event_from_its_time_waits_for_the_matcher(tmp_path: Path) -> None:
    rules = """
- id: smoke
  when: {event: smoke}
  then: {escalate: none, actions: [siren.on]}
  throttle: {once_within: 30s}
"""
    desk = Desk(tmp_path, ruleset(rules))
    saw(desk, kind="smoke")
    desk.turn(25_000)
    desk.rules.deaf = True
    desk.sensor(2, kind="smoke")
    desk.turns(3, 1_000)
    desk.turns(4, 30_000)  # whatever is forgotten once a minute has been
    again = desk.reopen()
    again.turn()
    assert len(again.memory.commands) == 1  # the first one
