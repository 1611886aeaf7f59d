"""The fold: what is kept, what is forgotten, and that a checkpoint gives it back."""

import json

from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.firing import Said
from dispatcher.domain.incident import RECEIPT_STAGES, Evidence, Stage
from dispatcher.incidents import codec
from dispatcher.incidents.model import Reason
from dispatcher.incidents.state import MAX_WEIGHT, weight
from tests.unit.incidents.town import HOUR, Town

Step = tuple[str, int, int]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("press"), st.integers(1, 2), st.integers(1, 4)),
        st.tuples(st.just("wait"), st.sampled_from([1, 500, 1_000, 10_000, 700_000, HOUR + 1]), st.just(0)),
        st.tuples(st.just("receipt"), st.integers(0, 3), st.integers(0, 5)),
        st.tuples(st.just("sense"), st.integers(1, 3), st.integers(1, 3)),
        st.tuples(st.just("look"), st.just(0), st.just(0)),
    ),
    max_size=30,
)


def play(town: Town, steps: list[Step]) -> None:
    for word, first, second in steps:
        match word:
            case "press":
                town.press(f"btn-{first}", 1, second)
            case "wait":
                town.wait(first)
            case "sense":
                event, decision = town.sense("smoke", f"smoke-{first}", 1, second)
                if decision.reason is not Reason.COPY:  # rules never see a copy
                    town.fire(event, said=Said.REPEATED if second == 2 else Said.FIRED)
            case "receipt":
                for incident in list(town.state.incidents):
                    town.receipt(incident, first, sorted(RECEIPT_STAGES)[second], "4021", store=f"s{first % 2}")
            case _:
                town.time()
                town.revise()


@given(STEPS)
def test_a_checkpoint_gives_the_state_back_equal_in_every_field(steps: list[Step]) -> None:
    town = Town()
    play(town, steps)
    assert codec.from_plain(codec.to_plain(town.state)) == town.state


@given(STEPS)
def test_a_checkpoint_says_the_same_whether_it_is_written_at_once_or_incident_by_incident(steps: list[Step]) -> None:
    town = Town()
    play(town, steps)
    written = b"".join(codec.json_parts(town.state, lambda plain: json.dumps(plain).encode("ascii")))
    assert json.loads(written) == json.loads(json.dumps(codec.to_plain(town.state)))
    assert list(json.loads(written)["incidents"]) == list(town.state.incidents)


@given(STEPS, STEPS)
def test_a_state_from_a_checkpoint_goes_on_as_the_one_that_never_stopped(before: list[Step], after: list[Step]) -> None:
    town = Town()
    play(town, before)
    restored = Town(codec.from_plain(codec.to_plain(town.state)), town.now_ms, _uncounted=town._uncounted)
    play(town, after)
    play(restored, after)
    assert restored.state == town.state


@given(STEPS)
def test_every_press_is_in_exactly_one_incident_and_every_count_is_the_number_of_presses(steps: list[Step]) -> None:
    town = Town()
    play(town, steps)
    events = [entry.event for incident in town.state.incidents.values() for entry in incident.evidence]
    assert len(events) == len(set(events))
    assert all(incident.count == len(incident.evidence) for incident in town.state.incidents.values())


def test_what_is_closed_is_forgotten_after_a_week_and_nothing_else_is() -> None:
    town = Town()
    done = town.press("btn-1").incident or ""
    waiting = town.press("btn-2").incident or ""
    town.revise()
    town.receipt(done, 1, Stage.DELIVERED)
    town.wait(7 * 24 * HOUR + 1)
    town.state.forget(town.now)
    assert set(town.state.incidents) == {done, waiting}  # delivered, and nobody has closed it: the lamp still says so
    town.receipt(done, 1, Stage.CLOSED, "4021")
    assert town.state.forget(town.now) > 0
    assert set(town.state.incidents) == {waiting}
    assert town.state.copies == {}


def test_a_copy_does_not_age_while_the_post_is_off() -> None:
    town = Town()
    first = town.press()
    town.wait(2 * HOUR)
    town.state.was_off(2 * HOUR)
    assert town.press().incident == first.incident
    assert len(town.state.incidents) == 1


def alert(town: Town, number: int, *stages: Stage) -> str:
    """Let a rule alert about a hundred events, and the precinct answer; return the incident."""
    town.wait(1_000)
    event, _ = town.sense("smoke", "smoke-1")
    evidence = tuple(Evidence(f"e-{number}-{n}", "smoke", "smoke-1", town.now) for n in range(99))
    incident = town.fire(event, rule=f"r-{number}", evidence=evidence).incident or ""
    town.revise()
    for stage in stages:
        town.receipt(incident, 1, stage, "4021")
    return incident


def test_what_is_over_weighs_no_more_than_a_post_can_carry_and_what_was_closed_first_goes_first() -> None:
    town = Town()
    press = town.press().incident
    town.revise()
    town.receipt(press or "", 1, Stage.DELIVERED)
    waiting = alert(town, 0)
    is_open = [alert(town, number, Stage.DELIVERED) for number in range(1, 50)]
    closed = [alert(town, number, Stage.DELIVERED, Stage.CLOSED) for number in range(50, 350)]
    assert sum(map(weight, town.state.incidents.values())) > MAX_WEIGHT
    gone = town.state.forget(town.now)
    left = [id_ for id_ in closed if id_ in town.state.incidents]
    assert 0 < len(left) < len(closed)
    assert gone >= len(closed) - len(left)
    assert left == closed[-len(left) :]
    assert {press, waiting, *is_open} <= set(town.state.incidents)
    assert sum(map(weight, town.state.incidents.values())) <= MAX_WEIGHT


def test_however_much_it_weighs_no_open_press_and_nothing_undelivered_makes_room() -> None:
    town = Town()
    press = town.press().incident
    town.revise()
    town.receipt(press or "", 1, Stage.DELIVERED)
    waiting = [alert(town, number) for number in range(300)]
    assert sum(map(weight, town.state.incidents.values())) > MAX_WEIGHT
    town.state.forget(town.now)
    assert {press, *waiting} == set(town.state.incidents)
    for incident in waiting:
        town.receipt(incident, 1, Stage.DELIVERED)
    town.state.forget(town.now)
    assert press in town.state.incidents
    assert waiting[-1] in town.state.incidents
    assert waiting[0] not in town.state.incidents
