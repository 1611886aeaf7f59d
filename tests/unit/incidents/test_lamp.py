from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.incident import Stage
from dispatcher.incidents.stages import Lamp, lamp_of
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
def test_a_lamp_that_remembers_shows_what_one_that_looks_at_everything_shows(steps: list[tuple[str, object]]) -> None:
    town, lamp = Town(), Lamp()
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
        town.revise()
        assert lamp.of(town.state) is lamp_of(town.state)
