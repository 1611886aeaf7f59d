"""A technician changes the rules of a post that runs: between two events, with nothing lost, and no fault in silence."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.stories.test_bad_files import BROKEN_RULE, workshop
from tests.support.town import Answer, Town
from tests.support.waiting import eventually

__all__ = ["workshop"]

CROWD = """\
version: 1
rules:
- id: ramai
  when: {{count: {{event: motion, at_least: 3}}, within: 10m}}
  then: {{escalate: precinct, incident: ramai, severity: medium, message: "{}"}}
"""
OTHER = """\
version: 1
rules:
- id: asap-saja
  when: {event: smoke}
  then: {escalate: precinct, incident: kebakaran, severity: high, message: "Asap"}
"""


def test_new_words_take_effect_while_a_window_goes_on_and_a_fault_keeps_what_runs(
    workshop: Town, tmp_path: Path
) -> None:
    rules = tmp_path / "rules" / "ramai.yaml"
    rules.write_text(CROWD.format("Ramai"), encoding="utf-8")
    workshop.start()
    sensor = workshop.radio("pir-1")
    for _ in range(2):
        sensor.say("kentongan/pir-1/event", {"kind": "motion"})
    eventually(lambda: workshop.metric('kentongan_events_total{reason="noted"}') >= 2, workshop.logs)

    rules.write_text(CROWD.format("Banyak orang"), encoding="utf-8")
    _hangup(workshop)
    eventually(lambda: list(workshop.post.told("reload")), workshop.logs)
    sensor.say("kentongan/pir-1/event", {"kind": "motion"})
    (incident,) = eventually(lambda: _of_rule(workshop, "ramai"), workshop.logs)
    assert (incident["title"], incident["count"]) == ("Banyak orang", 3)

    rules.write_text(BROKEN_RULE, encoding="utf-8")
    _hangup(workshop)
    (fault,) = eventually(lambda: _of_rule(workshop, "config.fault"), workshop.logs)
    assert "ramai.yaml:4:17" in fault["title"]
    assert workshop.metric("kentongan_config_faults") >= 2
    for _ in range(3):
        sensor.say("kentongan/pir-1/event", {"kind": "motion"})
    eventually(lambda: len(_of_rule(workshop, "ramai")) == 2, workshop.logs)


def test_a_kill_and_other_files_leave_the_window_of_a_rule_that_means_the_same(workshop: Town, tmp_path: Path) -> None:
    (tmp_path / "rules" / "ramai.yaml").write_text(CROWD.format("Ramai"), encoding="utf-8")
    workshop.start()
    sensor = workshop.radio("pir-1")
    for _ in range(2):
        sensor.say("kentongan/pir-1/event", {"kind": "motion"})
    eventually(lambda: workshop.metric('kentongan_events_total{reason="noted"}') >= 2, workshop.logs)
    eventually(
        lambda: workshop.button("btn-1").press() is not None, workshop.logs
    )  # what waits shares the press's save

    workshop.post.kill()
    (tmp_path / "rules" / "ramai.yaml").write_text(CROWD.format("Banyak orang"), encoding="utf-8")
    (tmp_path / "rules" / "aaa.yaml").write_text(OTHER, encoding="utf-8")
    workshop.post.start()
    workshop.wait_post()
    assert len(list((workshop.post_data / "kept").glob("rules-*.json"))) == 2
    sensor.say("kentongan/pir-1/event", {"kind": "motion"})
    (incident,) = eventually(lambda: _of_rule(workshop, "ramai"), workshop.logs)
    assert (incident["title"], incident["count"]) == ("Banyak orang", 3)


AFTER_A_PRESS = """\
version: 1
rules:
- id: siaga
  when: {event: alert.panic}
  then: {escalate: precinct, incident: siaga, severity: high, message: "Siaga di {post}"}
"""


def test_a_precinct_takes_other_rules_while_it_runs_and_a_fault_keeps_them(tmp_path: Path) -> None:
    (rules := tmp_path / "polsek").mkdir()
    town = Town(tmp_path / "town", "embedded", precinct_rules=[rules])
    try:
        town.start()
        town.button("btn-1").press()
        eventually(town.officer.incidents, town.logs)
        (rules / "siaga.yaml").write_text(AFTER_A_PRESS, encoding="utf-8")
        os.kill(town.precinct.pid, signal.SIGHUP)
        eventually(lambda: list(town.precinct.told("reload")), town.logs)
        assert not _of_rule(town, "siaga")
        town.button("btn-2").press()
        (raised,) = eventually(lambda: _of_rule(town, "siaga"), town.logs)
        assert raised["title"] == "Siaga di pos-03"

        (rules / "siaga.yaml").write_text(AFTER_A_PRESS.replace("alert.panic", "alert.siaga"), encoding="utf-8")
        os.kill(town.precinct.pid, signal.SIGHUP)
        (fault,) = eventually(lambda: list(town.precinct.told("config_fault")), town.logs)
        assert fault["code"] == "alert-loop"
    finally:
        town.stop()


def _hangup(town: Town) -> None:
    os.kill(town.post.pid, signal.SIGHUP)


def _of_rule(town: Town, rule: str) -> list[Answer]:
    return [found for found in town.officer.incidents() if found["rule"] == rule]
