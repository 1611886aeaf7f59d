"""What becomes of a press before any rule is asked."""

from dispatcher.domain.incident import Severity, Stage
from dispatcher.incidents.model import Confirm, Reason
from tests.unit.incidents.town import HOUR, MINUTE, Town, stages


def test_a_press_opens_a_critical_incident_and_is_confirmed_saved() -> None:
    town = Town()
    decision = town.press()
    incident = town.incident(decision)
    assert decision.reason is Reason.OPENED
    assert decision.effects == (Confirm("btn-1", 1, 1, incident.id, Stage.SAVED),)
    assert (incident.kind, incident.rule, incident.severity) == ("panic", "floor", Severity.CRITICAL)
    assert incident.title == "Tombol panik ditekan: btn-1 di Pos 03 Krendang zona meja"


def test_the_same_press_told_again_is_confirmed_with_the_same_incident_and_counts_once() -> None:
    town = Town()
    first = town.press()
    again = town.press()
    assert again.reason is Reason.COPY
    assert again.incident == first.incident
    assert stages(again) == [Stage.SAVED]
    assert town.incident(first).count == 1


def test_a_copy_is_answered_with_the_stage_that_its_press_has_reached() -> None:
    town = Town()
    first = town.press()
    town.revise()
    town.receipt(first.incident or "", 1, Stage.DELIVERED)
    assert stages(town.press()) == [Stage.DELIVERED]


def test_a_second_press_within_ten_minutes_of_the_last_joins() -> None:
    town = Town()
    first = town.press(seq=1)
    town.wait(10 * MINUTE)
    second = town.press(seq=2)
    town.wait(10 * MINUTE)
    third = town.press(seq=3)
    assert second.reason is third.reason is Reason.JOINED
    assert first.incident == second.incident == third.incident
    assert town.incident(third).count == 3


def test_a_press_later_than_ten_minutes_after_the_last_is_a_new_incident() -> None:
    town = Town()
    first = town.press(seq=1)
    town.wait(10 * MINUTE + 1)
    assert town.press(seq=2).incident != first.incident


def test_a_press_after_the_incident_was_closed_is_a_new_incident() -> None:
    town = Town()
    first = town.press(seq=1)
    town.revise()
    town.receipt(first.incident or "", 1, Stage.CLOSED, "4021")
    assert town.press(seq=2).incident != first.incident


def test_two_buttons_have_two_incidents() -> None:
    town = Town()
    assert town.press("btn-1").incident != town.press("btn-2").incident


def test_a_counter_is_remembered_for_an_hour_since_its_last_copy() -> None:
    town = Town()
    first = town.press()
    town.wait(HOUR)
    assert town.press().reason is Reason.COPY
    town.wait(HOUR)
    again = town.press()
    assert again.reason is Reason.COPY
    assert again.incident == first.incident


def test_a_counter_that_comes_back_after_more_than_an_hour_is_a_new_press() -> None:
    town = Town()
    first = town.press()
    town.wait(HOUR + 1)
    late = town.press()
    assert late.reason is Reason.COUNTER_REUSED
    assert late.incident != first.incident
    assert town.press().reason is Reason.COPY


def test_one_counter_with_another_body_is_kept_as_evidence_and_flagged() -> None:
    town = Town()
    first = town.press(button="1")
    other = town.press(button="2")
    assert other.reason is Reason.CONFLICTING_COPY
    assert other.incident == first.incident
    assert town.incident(first).count == 2
    assert town.press(button="1").reason is Reason.COPY
    assert town.press(button="2").reason is Reason.COPY


def test_a_button_without_a_counter_is_never_confirmed_but_has_its_incident() -> None:
    town = Town()
    decision = town.press(boot=None, seq=None)
    assert decision.effects == ()
    assert town.incident(decision).count == 1


def test_a_reading_that_counts_is_confirmed_saved_without_an_incident() -> None:
    town = Town()
    _, decision = town.sense("motion", "pir-1", 3, 9)
    assert decision.effects == (Confirm("pir-1", 3, 9, None, Stage.SAVED),)
    _, again = town.sense("motion", "pir-1", 3, 9)
    assert again.reason is Reason.COPY
    assert stages(again) == [Stage.SAVED]
    assert town.state.incidents == {}


def test_a_flood_of_readings_does_not_make_the_post_forget_a_press() -> None:
    town = Town()
    first = town.press()
    for seq in range(10_000):
        town.sense("motion", "pir-1", 1, seq)
    again = town.press()
    assert (again.reason, again.incident) == (Reason.COPY, first.incident)


def test_an_unknown_button_is_refused_and_told_once_in_ten_minutes() -> None:
    town = Town()
    first = town.unknown("nope")
    incident = town.incident(first)
    assert stages(first) == [Stage.REFUSED]
    assert (incident.rule, incident.severity, incident.certainty) == ("device.unknown", Severity.HIGH, "possible")
    town.wait(10 * MINUTE)
    again = town.unknown("nope", seq=2)
    assert (again.reason, stages(again)) == (Reason.UNKNOWN_DEVICE_AGAIN, [Stage.REFUSED])
    town.wait(1)
    assert town.unknown("nope", seq=3).reason is Reason.UNKNOWN_DEVICE


def test_who_invents_names_does_not_fill_the_officers_board() -> None:
    town = Town()
    for number in range(300):
        assert stages(town.unknown(f"nope-{number}")) == [Stage.REFUSED]
    assert len(town.state.incidents) == 20
    town.wait(10 * MINUTE + 1)
    assert town.unknown("later").reason is Reason.UNKNOWN_DEVICE


def test_the_incident_of_an_unknown_button_never_tells_it_that_help_is_coming() -> None:
    town = Town()
    incident = town.unknown("nope").incident or ""
    town.revise()
    assert town.sent(incident, 1).effects == ()
    assert town.receipt(incident, 1, Stage.ACKNOWLEDGED, "4021").effects == ()


def test_a_button_that_is_hammered_keeps_every_press_that_was_not_delivered() -> None:
    town = Town()
    for seq in range(1_200):
        town.press(seq=seq)
    incident = next(iter(town.state.incidents.values()))
    assert (incident.count, len(incident.evidence)) == (1_200, 1_200)


def test_a_counter_used_again_is_a_new_press_with_an_id_of_its_own_however_much_was_forgotten_meanwhile() -> None:
    town, seen = Town(), set()
    for _ in range(4):
        first = town.press()
        seen.add(first.incident)
        town.revise()
        town.receipt(town.incident(first).id, 1, Stage.DELIVERED)
        town.receipt(town.incident(first).id, 1, Stage.CLOSED, "4021")
        town.wait(3 * 24 * HOUR)
        town.state.forget(town.now)
    assert len(seen) == 4
