"""A night that a post has lived through, given to rules once more."""

from pathlib import Path

from dispatcher.post.past.replaying import compare, recorded, replay
from dispatcher.post.past.source import open_folder
from dispatcher.post.rulebook import Edition, edition
from tests.support.rules import ruleset
from tests.unit.incidents.town import SITE
from tests.unit.post.desk import Desk

CROWD = """
- id: crowd
  when: {{count: {{event: motion, at_least: {}}}, within: 60s}}
  then: {{escalate: precinct, incident: kerumunan, severity: medium, message: "Ramai"}}
"""
SILENT = """
- id: silent
  when: {{absent: {{event: check_in}}, for: {}, expect_from: [pos-03]}}
  then: {{escalate: precinct, incident: pos-sunyi, severity: high, message: "Pos sunyi"}}
"""


def of(text: str) -> Edition:
    return edition(ruleset(text), SITE, "pos-03")


def lived(folder: Path, rules: str) -> Desk:
    """Return a post with a night behind it: motions at 0, 20, 40 s, later two more; no check-in for half an hour."""
    desk = Desk(folder, ruleset(rules))
    for seq, wait in enumerate((20_000, 20_000, 300_000, 30_000, 1_500_000), 1):
        desk.sensor(seq)
        desk.turns(2, 500)
        for _ in range(wait // 10_000):
            desk.turn(10_000)
    desk.turns(3)
    desk.journal.sync()
    return desk


def test_the_rules_that_ran_say_again_what_they_said(tmp_path: Path) -> None:
    rules = CROWD.format(3) + SILENT.format("10m")
    lived(tmp_path, rules)
    past = open_folder(tmp_path)
    told, again = recorded(past), replay(past, of(rules))
    assert [one.rule for one in told.alerts] == ["crowd", "silent"]
    assert [one.rule for one in again.alerts] == ["crowd", "silent"]
    assert not compare(again, told)
    assert again.counts == told.counts
    assert again.events == told.events == 5


def test_a_verdict_is_told_at_its_deadline_whatever_records_there_are(tmp_path: Path) -> None:
    lived(tmp_path, CROWD.format(3))
    again = replay(open_folder(tmp_path), of(SILENT.format("7m")))
    (alert,) = again.alerts
    assert again.begin is not None
    assert alert.at.run_ms - again.begin.run_ms == 7 * 60_000


def test_a_lower_bar_alerts_more_and_a_higher_one_less_with_the_events(tmp_path: Path) -> None:
    lived(tmp_path, CROWD.format(3))
    past = open_folder(tmp_path)
    told = recorded(past)
    lower = compare(replay(past, of(CROWD.format(2))), told)
    assert len(lower.more) == 2
    assert len(lower.less) == 1  # two of three motions are alerted at the second, and spent
    higher = compare(replay(past, of(CROWD.format(4))), told)
    assert higher.more == ()
    (less,) = higher.less
    assert [entry.kind for entry in less.firing.evidence] == ["motion", "motion"]
    assert less.event is not None
    assert less.event.seq == 3


def test_other_words_are_a_change_and_neither_more_nor_less(tmp_path: Path) -> None:
    lived(tmp_path, CROWD.format(3))
    past = open_folder(tmp_path)
    louder = of(CROWD.format(3).replace("medium", "high"))
    found = compare(replay(past, louder), recorded(past))
    assert (found.more, found.less) == ((), ())
    ((before, after),) = found.changed
    assert (before.firing.severity, after.firing.severity) == ("medium", "high")


def test_since_counts_what_came_later_and_prepares_the_rules_with_what_came_before(tmp_path: Path) -> None:
    desk = lived(tmp_path, CROWD.format(3))
    start = desk.clock.wall_ms - desk.clock.run_ms
    again = replay(open_folder(tmp_path), of(CROWD.format(3)), since_ms=start + 30_000)
    assert again.warm
    assert [one.rule for one in again.alerts] == ["crowd"]  # two of its three motions came before
    assert again.events == 3


def test_a_copy_is_given_to_no_rule_twice(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ruleset(CROWD.format(2)))
    for _ in range(3):
        desk.sensor(1)
        desk.turns(2, 600)
    desk.journal.sync()
    again = replay(open_folder(tmp_path), of(CROWD.format(2)))
    assert (again.events, again.alerts) == (1, ())


def test_the_repeats_of_a_shadow_rule_are_counted_apart(tmp_path: Path) -> None:
    shadow = CROWD.format(1).replace("- id: crowd", "- id: crowd\n  mode: shadow\n  throttle: {once_within: 1h}")
    lived(tmp_path, shadow)
    past = open_folder(tmp_path)
    assert (
        replay(past, of(shadow)).counts["crowd"]
        == recorded(past).counts["crowd"]
        == {"shadow": 1, "shadow_repeated": 4}
    )


def test_a_shadow_rule_is_counted_and_alerts_nobody(tmp_path: Path) -> None:
    shadow = CROWD.format(3).replace("- id: crowd", "- id: crowd\n  mode: shadow")
    lived(tmp_path, shadow)
    past = open_folder(tmp_path)
    told, again = recorded(past), replay(past, of(shadow))
    assert told.alerts == again.alerts == ()
    assert [one.rule for one in told.shadow] == [one.rule for one in again.shadow] == ["crowd"]
    assert told.counts["crowd"] == again.counts["crowd"] == {"shadow": 1}
