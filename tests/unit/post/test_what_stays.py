"""What stays in a post's memory once it is over: of rules that are gone, of incidents, of a sensor that never rests."""

from pathlib import Path

from dispatcher.domain.incident import Stage
from dispatcher.incidents.duties import MAX_AHEAD
from dispatcher.post.daybook import MAX_GONE
from dispatcher.post.inbox import Reloaded
from dispatcher.post.journaling import FORGET_MS
from dispatcher.post.rulebook import edition
from dispatcher.rules.language import FullRuleSet
from tests.support.rules import ruleset
from tests.unit.incidents.town import SITE
from tests.unit.post.desk import Desk

ALERTS = """
- id: {0}
  when: {{event: motion}}
  then: {{escalate: precinct, incident: gerak, severity: low, message: "Gerak"}}
  throttle: {{once_within: 10m}}
- id: {0}-tanpa-grup
  when: {{count: {{event: motion, at_least: 2}}, within: 1m, group_by: [attrs.plat]}}
  then: {{escalate: precinct, incident: gerak, severity: low, message: "Gerak"}}
"""
HOT = """
- id: panas
  when: {event: motion}
  then: {escalate: precinct, incident: gerak, severity: low, message: "Gerak"}
  throttle: {once_within: 6h}
"""


def reload(desk: Desk, rules: FullRuleSet) -> None:
    found = edition(rules, SITE, "pos-03")
    desk.rules.load(found.questions)
    desk.notices.append(Reloaded(found))
    desk.turn(100)


def labelled(desk: Desk) -> set[str]:
    families = (family for family in desk.metrics.registry.collect() if family.name.startswith("kentongan_rule_"))
    return {sample.labels["rule"] for family in families for sample in family.samples if "rule" in sample.labels}


def answered(desk: Desk, *stages: Stage) -> None:
    for incident in list(desk.memory.state.incidents.values()):
        for stage in stages:
            if incident.outbox:
                desk.receipt(incident.id, incident.rev, stage, None if stage is Stage.DELIVERED else "4021")


def test_of_rules_that_are_gone_nothing_stays_but_a_note_of_the_newest(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    for number in range(MAX_GONE + 20):
        reload(desk, ruleset(ALERTS.format(f"r-{number}"), version=str(number)))
        desk.sensor(number + 1)
        desk.turns(2)
    last = f"r-{MAX_GONE + 19}"
    assert {alert["rule"] for alert in desk.alerts} == {f"r-{number}" for number in range(MAX_GONE + 20)}
    desk.turn(FORGET_MS)
    memory, state = desk.memory, desk.memory.rulebook.state
    assert state is not None
    assert labelled(desk) == {last}
    assert {key.partition("/")[0] for key in memory.state.windows} == {last}
    assert set(state.ungrouped) == {f"{last}-tanpa-grup"}
    assert set(state.rules) == {last, f"{last}-tanpa-grup"}
    assert len(memory.book.rules) <= MAX_GONE + 2
    assert f"r-{MAX_GONE + 18}" in memory.book.rules  # put back, it is known when it last alerted


def test_a_rule_that_was_gone_and_comes_back_alerts_and_is_counted(tmp_path: Path) -> None:
    once, other = ruleset(ALERTS.format("r"), version="1"), ruleset(ALERTS.format("s"), version="2")
    desk = Desk(tmp_path, once)
    for seq, rules in enumerate((once, other, once), start=1):
        reload(desk, rules)
        desk.turn(FORGET_MS)
        desk.sensor(seq)
        desk.turns(2)
    assert list({alert["id"]: alert["rule"] for alert in desk.alerts}.values()) == ["r", "s", "r"]
    assert desk.value("kentongan_rule_fired_total", rule="r") == 1
    assert desk.value("kentongan_rule_fired_total", rule="s") == 0


def test_a_sensor_that_never_rests_and_that_nobody_answers_leaves_a_handful_of_revisions(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ruleset(HOT))
    for seq in range(1, 301):
        desk.sensor(seq)
        desk.turn(1_000)
    desk.turn()
    (incident,) = desk.memory.state.incidents.values()
    assert len(incident.outbox) == MAX_AHEAD
    assert incident.count == 300
    assert len(incident.evidence) <= 200
    answered(desk, Stage.DELIVERED)
    desk.turns(4, 1_000)
    assert desk.alerts[-1]["count"] == 300  # what had waited is told together
    assert max(len(alert["evidence"]) for alert in desk.alerts) == 100


def test_a_sensor_that_never_rests_is_told_at_once_and_then_ever_more_seldom(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ruleset(HOT))
    made = []
    for seq in range(1, 601):
        desk.sensor(seq)
        desk.turn(1_000)
        answered(desk, Stage.DELIVERED)
        made.append(max((incident.rev for incident in desk.memory.state.incidents.values()), default=0))
    assert made[19] >= 18  # the first twenty seconds: one in each
    assert made[-1] < 130  # ten minutes: not six hundred
    (incident,) = desk.memory.state.incidents.values()
    assert len(incident.kept) <= made[-1]
