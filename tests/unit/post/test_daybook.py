"""What a post remembers for the people who look after it: who was heard, what fired, who came at QoS 0."""

from pathlib import Path

from dispatcher.post.daybook import MAX_STARTS, MAX_STRANGERS, Daybook, date_of, note_stranger
from tests.support.rules import ruleset
from tests.unit.post.desk import Desk, HandClock

PRESS = b'{"kind": "panic.press"}'
RULES = """
- id: gerak
  when: {event: motion}
  then: {escalate: precinct, incident: gerak, severity: low, message: "Gerak"}
  throttle: {once_within: 10m}
- id: bayangan
  mode: shadow
  when: {event: motion}
  then: {escalate: precinct, incident: gerak, severity: low, message: "Gerak"}
"""
TODAY = date_of(HandClock().wall_ms, "Asia/Jakarta")


def test_a_press_at_qos_0_is_counted_and_one_at_qos_1_is_not(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.press(1)
    desk.message("kentongan/btn-2/event", PRESS, qos=0)
    desk.turn()
    devices = desk.memory.book.devices
    assert (devices["btn-1"].qos0, devices["btn-2"].qos0) == (0, 1)
    assert devices["btn-2"].qos0_at == desk.clock.stamp()
    assert devices["btn-1"].heard == desk.clock.stamp()


def test_a_button_that_was_put_right_is_no_longer_told_of(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.message("kentongan/btn-2/event", PRESS, qos=0)
    desk.turn(5_000)
    desk.press(1, device="btn-2")
    desk.turn()
    assert desk.memory.book.devices["btn-2"].qos0 == 0
    assert desk.reopen().memory.book.devices["btn-2"].qos0_at is None


def test_a_rule_of_which_a_clause_was_satisfied_is_noted_though_it_never_fired(tmp_path: Path) -> None:
    desk = Desk(
        tmp_path,
        ruleset(
            """
            - id: urut
              when: {sequence: [{event: motion}, {event: smoke}], within: 1m}
              then: {escalate: precinct, incident: gerak, severity: low, message: "Gerak"}
            - id: lain
              when: {event: smoke}
              then: {escalate: precinct, incident: gerak, severity: low, message: "Gerak"}
            """
        ),
    )
    desk.sensor(1)
    desk.turns(4, 500)
    book = desk.memory.book
    assert book.rules["urut"].matched is not None
    assert book.rules["urut"].fired is None
    assert "lain" not in book.rules
    assert desk.reopen().memory.book.rules == book.rules


def test_a_sensor_at_qos_0_is_nobodys_trouble(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.message("kentongan/pir-1/event", b'{"kind": "motion"}', lane="rest", qos=0)
    desk.turn()
    assert desk.memory.book.devices["pir-1"].qos0 == 0


def test_a_device_that_says_it_goes_away_is_not_heard_by_that(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.message("kentongan/pir-1/event", b'{"kind": "device.offline"}', lane="rest")
    desk.turn()
    assert "pir-1" not in desk.memory.book.devices


def test_a_kill_and_a_checkpoint_leave_the_book_as_it_was(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ruleset(RULES))
    desk.press(1)
    desk.sensor(1)
    desk.message("kentongan/btn-2/event", PRESS, qos=0)
    desk.message("kentongan/stranger/event", PRESS)
    desk.turns(5, 500)
    before = desk.memory.book
    assert before.rules
    assert before.strangers["stranger"].count == 1
    again = desk.reopen()
    starts = again.memory.book.starts
    assert len(starts) == 2
    again.memory.book.starts = before.starts
    assert again.memory.book == before
    again.memory.book.starts = starts
    again.keeper.checkpoint(again.clock.stamp())
    assert again.reopen().memory.book.devices == before.devices


def test_each_word_of_a_rule_is_counted_for_its_date_and_shadow_is_no_firing(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ruleset(RULES))
    for seq in range(3):
        desk.sensor(seq)
        desk.turns(3, 500)
    book = desk.memory.book
    assert book.today("gerak", TODAY) == {"fired": 1, "repeated": 2}
    assert book.today("bayangan", TODAY) == {"shadow": 3}
    assert book.rules["gerak"].fired is not None
    assert book.rules["bayangan"].fired is None
    assert book.rules["bayangan"].shadowed is not None
    desk.clock.wait(86_400_000)
    desk.sensor(9)
    desk.turns(3, 500)
    tomorrow = date_of(desk.clock.wall_ms, "Asia/Jakarta")
    assert book.today("gerak", TODAY) == {}
    assert book.today("gerak", tomorrow) == {"fired": 1}


def test_a_date_that_no_calendar_has_is_no_fault() -> None:
    assert date_of(10**18, "Asia/Jakarta") == ""


def test_what_strangers_and_starts_can_make_us_keep_is_bounded() -> None:
    book, now = Daybook(), HandClock().stamp()
    for number in range(MAX_STRANGERS + 50):
        note_stranger(book.strangers, f"{number} " + "x" * 1_000, "panic.press", now)
        book.started(now, {"program": "1", "downtime_ms": number, "stopped": [0, 0, True]})
    assert len(book.strangers) == MAX_STRANGERS
    assert len(book.starts) == MAX_STARTS
    assert book.starts[-1].off_ms == MAX_STRANGERS + 49
    assert len(str(book.to_plain())) < 60_000
    assert Daybook.from_plain(book.to_plain()) == book


def test_how_long_a_post_was_off_is_not_told_where_nobody_knows() -> None:
    book, now = Daybook(), HandClock().stamp()
    book.started(now, {"program": "1", "downtime_known": False, "stopped": [0, 0, True]})
    book.started(now, {"program": "1"})  # the first of all
    assert [one.off_ms for one in book.starts] == [None, None]
