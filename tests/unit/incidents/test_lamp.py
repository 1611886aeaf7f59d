from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.incident import Stage
from dispatcher.incidents import duties
from dispatcher.incidents.model import Incident
from dispatcher.incidents.overview import Overview
from dispatcher.incidents.stages import lamp_stage
from tests.unit.incidents.town import Town

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("press"), st.sampled_from(["btn-1", "btn-2"])),
        st.tuples(st.just("wait"), st.sampled_from([500, 10_000, 700_000])),
        st.tuples(st.just("receipt"), st.sampled_from([Stage.DELIVERED, Stage.ACKNOWLEDGED, Stage.CLOSED])),
    ),
    max_size=30,
)


@given(STEPS)
def test_what_is_kept_of_each_change_is_what_one_finds_who_looks_at_everything(steps: list[tuple[str, object]]) -> None:
    town, overview = Town(), Overview()
    for number, (step, what) in enumerate(steps):
        match step:
            case "press":
                town.press(str(what), 1, number)
            case "wait":
                assert isinstance(what, int)
                town.wait(what)
                town.time()
            case _:
                assert isinstance(what, Stage)
                for incident in list(town.state.incidents.values()):
                    town.receipt(incident.id, incident.rev, what)
        check(town, overview)
        town.revise()
        check(town, overview)


def check(town: Town, overview: Overview) -> None:
    for id_, incident in town.state.take_touched():
        overview.see(id_, incident)
    incidents = list(town.state.incidents.values())
    assert overview.lamp is lamp_stage(incidents)
    assert overview.open == sum(incident.is_open for incident in incidents)
    assert ids(town.state.to_revise(town.now)) == ids(one for one in incidents if is_past(duties.revise_at(one), town))
    assert ids(town.state.overdue(town.now)) == ids(one for one in incidents if is_past(duties.overdue_at(one), town))


def is_past(at: int | None, town: Town) -> bool:
    return at is not None and at <= town.now_ms


def ids(incidents: Iterable[Incident]) -> list[str]:
    return sorted(incident.id for incident in incidents)
