"""What the precinct's word and the clock do to presses, and to the lamp."""

from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.incident import RECEIPT_STAGES, Stage
from dispatcher.incidents.model import Reason
from dispatcher.incidents.stages import LAMP_ORDER, lamp_stage, stage_of
from tests.unit.incidents.town import Town, stages


def pressed(town: Town, seq: int = 1) -> str:
    incident = town.press(seq=seq).incident
    town.revise()
    return incident or ""


def test_a_press_walks_from_saved_to_closed_and_is_told_each_step() -> None:
    town = Town()
    incident = pressed(town)
    told = [
        stages(town.sent(incident, 1)),
        *(
            stages(town.receipt(incident, 1, stage, "4021"))
            for stage in (Stage.DELIVERED, Stage.ACKNOWLEDGED, Stage.DISPATCHED, Stage.ARRIVED, Stage.CLOSED)
        ),
    ]
    assert told == [
        [Stage.SENT],
        [Stage.DELIVERED],
        [Stage.ACKNOWLEDGED],
        [Stage.DISPATCHED],
        [Stage.ARRIVED],
        [Stage.CLOSED],
    ]
    assert lamp_stage(town.state.incidents.values()) is None


def test_ten_seconds_without_delivery_are_told_once_and_a_delivery_takes_it_back() -> None:
    town = Town()
    incident = pressed(town)
    town.wait(9_999)
    assert town.time().reason is Reason.NOTHING_DUE
    town.wait(1)
    assert stages(town.time()) == [Stage.UNDELIVERED]
    assert lamp_stage(town.state.incidents.values()) is Stage.UNDELIVERED
    assert town.time().reason is Reason.NOTHING_DUE
    assert stages(town.sent(incident, 1)) == []
    assert stages(town.receipt(incident, 1, Stage.DELIVERED)) == [Stage.DELIVERED]


def test_a_press_after_the_acknowledgement_stays_delivered_until_it_is_answered_itself() -> None:
    town = Town()
    incident = pressed(town, 1)
    town.receipt(incident, 1, Stage.ACKNOWLEDGED, "4021")
    town.wait(2_000)
    pressed(town, 2)
    assert stages(town.receipt(incident, 2, Stage.DELIVERED)) == [Stage.DELIVERED]
    assert lamp_stage(town.state.incidents.values()) is Stage.DELIVERED
    assert stages(town.receipt(incident, 2, Stage.ACKNOWLEDGED, "4021")) == [Stage.ACKNOWLEDGED]
    assert lamp_stage(town.state.incidents.values()) is Stage.ACKNOWLEDGED


def test_an_answer_for_an_older_revision_says_nothing_of_a_newer_press() -> None:
    town = Town()
    incident = pressed(town, 1)
    town.wait(2_000)
    pressed(town, 2)
    told = town.receipt(incident, 1, Stage.ACKNOWLEDGED, "4021")
    assert [(effect.seq, effect.stage) for effect in told.effects] == [(1, Stage.ACKNOWLEDGED)]  # type: ignore[union-attr]


def test_the_lamp_shows_the_least_advanced_of_several_open_panics() -> None:
    town = Town()
    first = pressed(town)
    town.receipt(first, 1, Stage.ARRIVED, "4021")
    town.press("btn-2")
    assert lamp_stage(town.state.incidents.values()) is Stage.SAVED


def test_unattended_is_told_and_a_board_that_comes_back_is_told_too() -> None:
    town = Town()
    incident = pressed(town)
    town.receipt(incident, 1, Stage.DELIVERED)
    assert stages(town.receipt(incident, 1, Stage.UNATTENDED)) == [Stage.UNATTENDED]
    assert stages(town.receipt(incident, 1, Stage.DELIVERED)) == [Stage.DELIVERED]


def test_a_receipt_for_an_unknown_incident_changes_nothing() -> None:
    town = Town()
    decision = town.receipt("nobody", 1, Stage.ACKNOWLEDGED)
    assert decision.reason is Reason.UNKNOWN_INCIDENT
    assert town.state.incidents == {}


def test_a_receipt_cannot_answer_a_revision_that_was_not_made() -> None:
    town = Town()
    incident = pressed(town)
    town.receipt(incident, 99, Stage.ACKNOWLEDGED, "4021")
    town.wait(2_000)
    pressed(town, 2)
    assert stage_of(town.state.incidents[incident], 2) is Stage.SAVED


def test_delivery_empties_the_outbox_and_a_new_store_fills_it_again() -> None:
    town = Town()
    incident = pressed(town)
    town.receipt(incident, 1, Stage.DELIVERED, store="a")
    assert town.state.unfinished() == []
    town.receipt("other", 0, Stage.DELIVERED, store="b")
    assert [revision.rev for revision in town.state.incidents[incident].outbox] == [1]
    assert stage_of(town.state.incidents[incident], 1) is Stage.SAVED
    town.receipt(incident, 1, Stage.DELIVERED, store="b")
    assert town.state.unfinished() == []


def test_what_an_officer_answered_stands_although_the_store_is_new() -> None:
    town = Town()
    incident = pressed(town)
    town.receipt(incident, 1, Stage.ACKNOWLEDGED, "4021", store="a")
    town.receipt(incident, 0, Stage.DELIVERED, store="b")
    assert stage_of(town.state.incidents[incident], 1) is Stage.ACKNOWLEDGED


@given(st.lists(st.tuples(st.sampled_from(sorted(RECEIPT_STAGES)), st.integers(0, 3)), max_size=12))
def test_no_order_of_receipts_takes_an_officers_answer_back(receipts: list[tuple[Stage, int]]) -> None:
    town = Town()
    incident = pressed(town)
    order = [*LAMP_ORDER, Stage.CLOSED]
    answered = order.index(Stage.ACKNOWLEDGED)
    best = 0
    for stage, rev in receipts:
        town.receipt(incident, rev, stage, "4021")
        reached = order.index(stage_of(town.state.incidents[incident], 1))
        assert reached >= best
        best = max(best, reached) if reached >= answered else best
