from dispatcher.precinct.liveness import Attendance, Heard, hear, recall, silent_posts
from dispatcher.wire.status import Status
from tests.unit.precinct.builders import status


def heard(*said: tuple[int, str, str]) -> Heard:
    """What is known after statuses of (second, instance, state)."""
    known: Heard | None = None
    for second, instance, state in said:
        known = hear(known, status(state, instance), second * 1000)
    assert known is not None
    return known


def test_an_open_board_is_attendance_and_so_are_thirty_seconds_after_the_last_one() -> None:
    one = Attendance(0, 0).enter()
    assert one.attended(10_000_000)
    left = one.leave(100_000)
    assert left.attended(129_999)
    assert not left.attended(130_000)


def test_two_boards_and_one_leaves() -> None:
    assert Attendance(0, 0).enter().enter().leave(1000).attended(10_000_000)


def test_a_post_set_up_anew_is_no_twin() -> None:
    assert not heard((0, "a", "online"), (15, "b", "online"), (30, "b", "online")).twins(30_000)


def test_two_installations_that_answer_to_one_name_are_twins() -> None:
    known = heard((0, "a", "online"), (5, "b", "online"), (15, "a", "online"))
    assert known.twins(16_000)
    assert not known.twins(200_000)


def test_the_last_will_of_a_replaced_instance_does_not_kill_the_living_one() -> None:
    assert not heard((0, "a", "online"), (5, "b", "online"), (8, "a", "offline")).silent(9_000)


def test_a_post_that_was_never_heard_is_silent_thirty_seconds_after_the_start() -> None:
    assert silent_posts(["pos-03"], {}, 0, 29_999) == frozenset()
    assert silent_posts(["pos-03"], {}, 0, 30_000) == {"pos-03"}


def of_run(run: str, told: int, state: str = "online") -> Status:
    return Status(state, "a", "0", "r", "trusted", run=run, told=told)


def heard_runs(*said: tuple[int, Status]) -> Heard:
    known: Heard | None = None
    for second, word in said:
        known = hear(known, word, second * 1000)
    assert known is not None
    return known


def test_two_machines_with_copies_of_one_card_are_twins() -> None:
    known = heard_runs((0, of_run("x", 1)), (5, of_run("y", 1)), (15, of_run("x", 2)))
    assert known.twins(16_000)


def test_a_twin_is_noticed_though_the_other_was_started_anew_between_its_words() -> None:
    known = heard_runs((0, of_run("x", 9)), (3, of_run("y", 4)), (5, of_run("z", 1)), (6, of_run("x", 10)))
    assert known.twins(7_000)


def test_a_restart_is_no_twin_though_its_last_life_is_heard_once_more() -> None:
    last, late, will = of_run("x", 7), of_run("x", 7), of_run("x", 0, "offline")
    known = heard_runs((0, last), (5, of_run("y", 1)), (6, late), (7, will), (15, of_run("y", 2)))
    assert not known.twins(16_000)
    assert known.status.run == "y"


def test_what_a_broker_had_kept_is_no_sign_of_life() -> None:
    began = 1_000
    known = recall(None, of_run("x", 9), began)
    assert not known.silent(30_999)
    assert known.silent(31_000)
    dead = heard_runs((40, of_run("x", 10)))
    assert recall(dead, of_run("x", 10), began).silent(70_000)
    assert recall(dead, of_run("x", 11), began).silent(70_000)


def test_a_goodbye_that_a_broker_had_kept_is_believed_of_the_run_that_was_heard_last_and_of_no_other() -> None:
    known = heard_runs((40, of_run("x", 10)))
    assert recall(known, of_run("x", 0, "offline"), 0).silent(41_000)
    assert not recall(known, of_run("w", 0, "offline"), 0).silent(41_000)


def test_late_words_behind_a_will_are_no_second_machine() -> None:
    will = of_run("x", 0, "offline")
    known = heard_runs((0, of_run("x", 7)), (2, will), (5, of_run("y", 1)), (6, of_run("x", 7)), (7, will))
    assert not known.twins(8_000)
    assert known.status.run == "y"
