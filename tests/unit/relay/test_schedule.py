"""When revisions are sent, and sent again."""

from dispatcher.domain.incident import Stage
from dispatcher.relay import Schedule, Sending
from tests.unit.incidents.town import Town


def due(town: Town, schedule: Schedule) -> list[Sending]:
    for id_, incident in town.state.take_touched():
        schedule.see(id_, incident)
    return schedule.due(town.now_ms)


def revisions(town: Town, schedule: Schedule) -> list[tuple[str, int, int]]:
    sendings = due(town, schedule)
    return [(sending.revision.incident, sending.revision.rev, sending.attempt) for sending in sendings]


def test_a_revision_is_sent_at_once_and_then_after_twice_the_wait_each_time_up_to_the_longest() -> None:
    town, schedule = Town(), Schedule(500, 2_000)
    incident = town.press().incident
    town.revise()
    sent_at = []
    for _ in range(100):
        if revisions(town, schedule):
            sent_at.append(town.now_ms)
        town.wait(100)
    assert sent_at == [0, 500, 1_500, 3_500, 5_500, 7_500, 9_500]
    assert incident is not None


def test_a_receipt_ends_the_sending() -> None:
    town, schedule = Town(), Schedule(500, 2_000)
    incident = town.press().incident or ""
    town.revise()
    assert revisions(town, schedule) == [(incident, 1, 1)]
    town.receipt(incident, 1, Stage.DELIVERED)
    town.wait(60_000)
    assert revisions(town, schedule) == []


def test_a_new_connection_makes_everything_due_at_once() -> None:
    town, schedule = Town(), Schedule(500, 30_000)
    incident = town.press().incident or ""
    town.revise()
    for _ in range(5):
        town.wait(30_000)
        revisions(town, schedule)
    assert revisions(town, schedule) == []
    schedule.reconnected()
    assert revisions(town, schedule) == [(incident, 1, 1)]


def test_of_a_backlog_panics_go_first_and_the_oldest_before_the_others() -> None:
    town, schedule = Town(), Schedule(500, 2_000)
    event, _ = town.sense("smoke", "smoke-1")
    smoke = town.fire(event).incident
    town.wait(1)
    first = town.press("btn-2").incident
    town.wait(1)
    second = town.press("btn-1").incident
    town.revise()
    assert [incident for incident, _, _ in revisions(town, schedule)] == [first, second, smoke]


def test_the_age_of_a_sending_is_the_age_of_its_incident() -> None:
    town, schedule = Town(), Schedule(500, 2_000)
    town.press()
    town.revise()
    town.wait(90_000)
    (sending,) = due(town, schedule)
    assert sending.age_ms == 90_000


def test_what_left_the_outbox_and_comes_back_is_new_again() -> None:
    town, schedule = Town(), Schedule(500, 30_000)
    incident = town.press().incident or ""
    town.revise()
    for _ in range(6):
        revisions(town, schedule)
        town.wait(30_000)
    town.receipt(incident, 1, Stage.DELIVERED, store="a")
    assert revisions(town, schedule) == []
    town.receipt(incident, 0, Stage.DELIVERED, store="b")
    assert revisions(town, schedule) == [(incident, 1, 1)]
