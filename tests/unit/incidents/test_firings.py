"""What a rule adds to a press, and what it opens by itself."""

from dispatcher.domain.firing import Said
from dispatcher.domain.ids import rule_incident_id
from dispatcher.domain.incident import Severity
from dispatcher.incidents.floor import evidence_of
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


def test_a_repeat_joins_what_its_group_opened_as_evidence_and_acts_no_more() -> None:
    town = Town()
    first, _ = town.sense("smoke", "smoke-1")
    opened = town.fire(first, group="meja", actions=("siren.on",))
    other, _ = town.sense("smoke", "smoke-2")
    town.fire(other, group="gang")
    town.wait(30_000)
    second, _ = town.sense("smoke", "smoke-1")
    held = town.fire(second, group="meja", said=Said.REPEATED)
    assert (held.reason, held.incident, commands(held)) == (Reason.THROTTLED, opened.incident, [])
    assert town.incident(opened).count == 2
    third, _ = town.sense("smoke", "smoke-1")
    assert town.fire(third, group="meja").incident != opened.incident


def test_an_alert_of_a_window_names_all_its_events_and_its_id_comes_from_the_first() -> None:
    town = Town()
    events = []
    for _ in range(3):
        events.append(town.sense("motion", "pir-1")[0])
        town.wait(5_000)
    decision = town.fire(events[2], evidence=tuple(evidence_of(event) for event in events[:2]), count=3)
    incident = town.incident(decision)
    assert [entry.event for entry in incident.evidence] == [event.id for event in events]
    assert (incident.count, incident.opened, incident.last_event) == (3, events[0].arrived, events[2].arrived)
    assert incident.id == rule_incident_id("pos-03", "r", "", events[0].id)


def test_a_window_that_fires_again_from_the_same_first_event_joins_its_incident() -> None:
    town = Town()
    events = [town.sense("motion", "pir-1")[0] for _ in range(3)]
    opened = town.fire(events[1], evidence=(evidence_of(events[0]),))
    again = town.fire(events[2], evidence=tuple(evidence_of(event) for event in events[:2]))
    assert again.incident == opened.incident
    assert town.incident(opened).count == 3


def test_a_full_window_is_counted_even_where_its_oldest_events_are_not_named() -> None:
    town = Town()
    event, _ = town.sense("motion", "pir-1")
    assert town.incident(town.fire(event, count=5_000)).count == 5_000


def test_a_condition_that_is_over_is_told_once_and_new_evidence_opens_it_again() -> None:
    town = Town()
    first, _ = town.sense("smoke", "smoke-1")
    opened = town.fire(first, group="a")
    town.revise()
    town.wait(5_000)
    over, _ = town.sense("heat.normal", "smoke-1")
    assert town.fire(over, group="a", said=Said.CLEARED).reason is Reason.CLEARED
    assert town.fire(over, group="a", said=Said.CLEARED).changes == ()
    (told,) = town.revise()
    assert told.cleared_at is not None
    assert town.incident(opened).is_open
    town.wait(5_000)
    second, _ = town.sense("smoke", "smoke-1")
    town.fire(second, group="a", said=Said.REPEATED)
    (told,) = town.revise()
    assert told.cleared_at is None


def test_a_repeat_whose_incident_was_forgotten_opens_it_anew() -> None:
    town = Town()
    first, _ = town.sense("smoke", "smoke-1")
    opened = town.fire(first, group="a")
    del town.state.incidents[opened.incident or ""]
    second, _ = town.sense("smoke", "smoke-1")
    repeat = town.fire(second, group="a", said=Said.REPEATED)
    assert repeat.reason is Reason.THROTTLED
    assert town.incident(repeat).count == 1


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


def test_a_repeat_of_what_was_never_opened_changes_nothing() -> None:
    town = Town()
    event, _ = town.sense("smoke", "smoke-1")
    assert town.fire(event, group="a", said=Said.REPEATED) == Decision(Reason.THROTTLED)
