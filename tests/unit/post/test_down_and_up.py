"""What else goes between post and precinct: events for its rules up; watches and commands down."""

import json
from pathlib import Path
from typing import Any

from dispatcher.journal import Kind
from dispatcher.wire import command as command_wire
from dispatcher.wire import event as event_wire
from dispatcher.wire import watch as watch_wire
from dispatcher.wire.command import Command
from dispatcher.wire.event import EventTaken
from dispatcher.wire.watch import OpenWatch
from tests.support.rules import ruleset
from tests.unit.post.desk import Desk


def told(desk: Desk) -> list[Any]:
    return desk.up.on("/event")


def taken(desk: Desk, event: str) -> None:
    desk.message("kentongan/v1/p/pos-03/receipt", event_wire.encode_taken(EventTaken(event, "s")), lane="receipt")


def order(desk: Desk, command: Command, **flags: Any) -> None:
    desk.message("kentongan/v1/p/pos-03/command", command_wire.encode(command), lane="receipt", **flags)


def watch(desk: Desk, *watches: OpenWatch) -> None:
    desk.message("kentongan/v1/p/pos-03/watch", watch_wire.encode(watches), lane="receipt", retain=True)


# --- events


def test_word_from_people_goes_up_once_it_is_saved_and_motion_does_not(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.sensor(1, kind="check_in")
    desk.sensor(2, kind="motion")
    desk.turn()
    assert told(desk) == []
    desk.turn(1_000)
    desk.turn()
    (word,) = told(desk)
    assert (word["kind"], word["device"], word["age_s"], word["clock"]) == ("check_in", "pir-1", 1, "trusted")
    assert event_wire.decode(json.dumps(word).encode()) is not None


def test_an_event_is_repeated_until_the_precinct_has_taken_it_through_kills_too(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.sensor(1, kind="check_in")
    desk.turn()
    desk.turn(1_000)
    again = desk.reopen()
    again.pipeline.stop()
    again.pipeline.run()
    again.turn()
    (word,) = told(again)
    taken(again, word["id"])
    again.turns(5, 60_000)
    assert len(told(again)) == 1
    assert again.memory.words == {}
    again.keeper.checkpoint(again.clock.stamp())
    assert again.reopen().memory.words == {}


def test_what_waits_is_in_the_checkpoint(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.up.up = False
    desk.sensor(1, kind="check_in")
    desk.turn()
    desk.turn(1_000)
    desk.keeper.checkpoint(desk.clock.stamp())
    assert list(desk.reopen().memory.words) == list(desk.memory.words) != []


# --- watches

WATCHED = """
- id: early
  when: {event: motion}
  only_if: [{watch: tawuran}]
  then: {escalate: precinct, incident: tawuran, severity: high, message: "Gerak saat siaga"}
"""


def test_a_watch_of_the_precinct_is_kept_through_a_kill_and_ends_when_it_says_so(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ruleset(WATCHED))
    watch(desk, OpenWatch("tawuran", "krendang"))
    desk.turn()
    watch(desk, OpenWatch("tawuran", "krendang"))
    desk.turn()
    again = desk.reopen()
    assert [record.kind for record in again.journal.replay()].count(Kind.WATCH) == 1
    again.sensor(1)
    again.turns(3, 1_000)
    assert {alert["rule"] for alert in again.alerts} == {"early"}
    watch(again)
    again.turn()
    before = len(again.alerts)
    again.sensor(2)
    again.turns(3, 100)
    assert len({alert["id"] for alert in again.alerts[before:]} - {alert["id"] for alert in again.alerts[:before]}) == 0
    assert again.memory.rulebook.watches() == ()


def test_a_watch_that_is_none_is_counted_and_changes_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ruleset(WATCHED))
    watch(desk, OpenWatch("tawuran"))
    desk.turn()
    desk.message("kentongan/v1/p/pos-03/watch", b'{"v": 1, "watches": 7}', lane="receipt")
    desk.turn()
    assert desk.memory.rulebook.watches() == (OpenWatch("tawuran"),)
    assert desk.value("kentongan_rejected_total", reason="wrong_type") == 1


# --- commands


def test_a_command_of_the_precinct_is_obeyed_once_and_only_by_devices_of_this_post(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    for _ in range(2):
        order(desk, Command("c1", "siren.on", "siren-1", {"pattern": "kentongan"}))
        desk.turn()
    order(desk, Command("c2", "siren.on", "siren-elsewhere"))
    order(desk, Command("c3", "siren.off", "siren-1"), retain=True)
    desk.turn()
    assert [(body["id"], body["command"], body["args"]) for body in desk.local.on("siren-1/command")] == [
        ("c1", "siren.on", {"pattern": "kentongan"})
    ]
    assert desk.value("kentongan_rejected_total", reason="unknown_device") == 1
