"""What a rule adds to a press, and what it opens by itself."""

from typing import Any

from dispatcher.domain.firing import Said
from dispatcher.domain.incident import Severity
from dispatcher.incidents.model import Command, Decision, Reason
from tests.unit.incidents.town import Town


def commands(decision: Decision) -> list[tuple[str, str]]:
    return [(effect.device, effect.command) for effect in decision.effects if isinstance(effect, Command)]


def test_a_rule_that_matches_a_press_names_its_incident_and_acts() -> None:
    town = Town()
    event, identity = town.event("panic.press", "btn-1", 1, 1)
    incident = town.press().incident
    town.revise()
    decision = town.fire(event, "panic-press", title="Tolong", severity=Severity.CRITICAL, actions=("siren.on",))
    assert (decision.reason, decision.incident) == (Reason.ADDED, incident)
    assert commands(decision) == [("siren-1", "siren.on")]
    town.wait(1_000)
    (made,) = town.revise()
    assert (made.title, made.labels, made.rev, made.count, made.rule) == ("Tolong", ("panic-press",), 2, 1, "floor")
    assert identity.copy is None


def test_a_rule_never_makes_a_panic_quieter() -> None:
    town = Town()
    event, _ = town.event("panic.press", "btn-1", 1, 1)
    town.press()
    town.fire(event, severity=Severity.LOW)
    assert next(iter(town.state.incidents.values())).severity is Severity.CRITICAL


def test_a_rule_on_a_sensor_opens_an_incident_of_its_own() -> None:
    town = Town()
    event, _ = town.sense("smoke", "smoke-1")
    decision = town.fire(event, "smoke", title="Asap", incident="kebakaran", certainty="likely")
    incident = town.incident(decision)
    assert decision.reason is Reason.FIRED
    assert (incident.kind, incident.rule, incident.title, incident.panic) == ("kebakaran", "smoke", "Asap", False)
    assert incident.certainty == "likely"


def test_without_a_throttle_each_match_is_an_incident_and_replaying_one_is_none() -> None:
    town = Town()
    first, _ = town.sense("smoke", "smoke-1")
    second, _ = town.sense("smoke", "smoke-1")
    ids = {town.fire(first).incident, town.fire(second).incident, town.fire(first).incident}
    assert len(ids) == len(town.state.incidents) == 2


def test_a_repeat_inside_the_throttle_joins_as_evidence_and_its_end_is_inside() -> None:
    town = Town()
    throttle: dict[str, Any] = {"once_within_ms": 30_000, "group": "meja"}
    first, _ = town.sense("smoke", "smoke-1")
    opened = town.fire(first, **throttle, actions=("siren.on",))
    town.wait(30_000)
    second, _ = town.sense("smoke", "smoke-1")
    held = town.fire(second, **throttle, actions=("siren.on",))
    assert (held.reason, held.incident, commands(held)) == (Reason.THROTTLED, opened.incident, [])
    assert town.incident(opened).count == 2
    town.wait(1)
    third, _ = town.sense("smoke", "smoke-1")
    assert town.fire(third, **throttle).incident != opened.incident


def test_another_group_is_not_throttled() -> None:
    town = Town()
    first, _ = town.sense("smoke", "smoke-1")
    second, _ = town.sense("smoke", "smoke-2")
    opened = town.fire(first, once_within_ms=30_000, group="meja")
    assert town.fire(second, once_within_ms=30_000, group="gang").incident != opened.incident


def test_a_rule_that_escalates_to_none_only_acts() -> None:
    town = Town()
    event, _ = town.sense("door.open", "door-1")
    decision = town.fire(event, escalate=("none",), incident=None, actions=("siren.on",))
    assert (decision.reason, commands(decision)) == (Reason.ACTED, [("siren-1", "siren.on")])
    assert town.state.incidents == {}


def test_a_shadow_rule_does_nothing_but_say_so() -> None:
    town = Town()
    event, _ = town.sense("smoke", "smoke-1")
    decision = town.fire(event, shadow=True, actions=("siren.on",))
    assert (decision.reason, decision.changes, decision.effects) == (Reason.SHADOWED, (), ())


def test_what_the_engine_has_decided_is_not_judged_again_and_a_repeat_joins_its_incident() -> None:
    town = Town()
    first, _ = town.sense("smoke", "smoke-1")
    opened = town.fire(first, group="a", said=Said.FIRED)
    second, _ = town.sense("smoke", "smoke-1")
    repeat = town.fire(second, group="a", said=Said.REPEATED)
    assert (repeat.reason, repeat.incident) == (Reason.THROTTLED, opened.incident)
    assert town.incident(opened).count == 2
    third, _ = town.sense("smoke", "smoke-1")
    assert town.fire(third, group="a", said=Said.FIRED).incident != opened.incident


def test_a_repeat_of_what_was_never_opened_changes_nothing() -> None:
    town = Town()
    event, _ = town.sense("smoke", "smoke-1")
    assert town.fire(event, group="a", said=Said.REPEATED) == Decision(Reason.THROTTLED)
