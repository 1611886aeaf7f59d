"""What the precinct is told, and when."""

from dispatcher.domain.incident import Stage
from dispatcher.wire.alert import MAX_ALERT_BYTES, MAX_EVIDENCE
from tests.unit.incidents.town import Town


def test_the_first_revision_is_made_at_once_and_carries_the_press() -> None:
    town = Town()
    incident = town.press(boot=7, seq=42).incident
    (made,) = town.revise()
    assert (made.id, made.rev, made.count, made.rule, made.incident) == (incident, 1, 1, "floor", "panic")
    assert [(entry.device, entry.boot, entry.seq) for entry in made.evidence] == [("btn-1", 7, 42)]
    assert (made.clock, made.age, made.place.kelurahan, made.place.lat) == ("trusted", "exact", "krendang", -6.15)


def test_later_revisions_are_made_at_most_once_a_second_and_carry_what_came_since() -> None:
    town = Town()
    town.press(seq=1)
    town.revise()
    for seq in (2, 3):
        town.wait(300)
        town.press(seq=seq)
        assert town.revise() == []
    town.wait(400)
    (made,) = town.revise()
    assert (made.rev, made.count) == (2, 3)
    assert [entry.seq for entry in made.evidence] == [2, 3]


def test_a_revision_carries_at_most_a_hundred_events_and_the_rest_follows() -> None:
    town = Town()
    for seq in range(250):
        town.press(seq=seq)
    told: list[int | None] = []
    for _ in range(3):
        (made,) = town.revise()
        assert len(made.evidence) <= MAX_EVIDENCE
        told += [entry.seq for entry in made.evidence]
        town.wait(1_000)
    assert told == list(range(250))
    assert town.revise() == []


def test_a_revision_stays_below_its_size_with_the_longest_names() -> None:
    town = Town()
    device = "\N{GRINNING FACE}" * 128
    for seq in range(120):
        town.press(device=device, boot=2**53, seq=2**53 - seq)
    town.revise()
    bodies = [revision.body for incident in town.state.incidents.values() for revision in incident.outbox]
    assert bodies
    assert all(len(body) <= MAX_ALERT_BYTES for body in bodies)


def test_panics_go_before_older_incidents_of_rules() -> None:
    town = Town()
    event, _ = town.sense("smoke", "smoke-1")
    town.fire(event)
    town.wait(5)
    town.press()
    assert [made.incident for made in town.revise()] == ["panic", "kebakaran"]


def test_an_incident_reopened_by_a_press_after_its_close_is_open() -> None:
    town = Town()
    incident = town.press(seq=1).incident or ""
    town.revise()
    town.wait(2_000)
    town.press(seq=2)
    town.receipt(incident, 1, Stage.CLOSED, "4021")
    assert town.state.incidents[incident].is_open
    (made,) = town.revise()
    assert made.rev == 2
