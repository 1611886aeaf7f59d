from __future__ import annotations

import json
import queue
import re
from pathlib import Path

import pytest

from dispatcher.demo import evening, pos
from dispatcher.demo.devices import BUTTON, LAMP, SENSORS, SIREN
from dispatcher.demo.evening import Evening, Line
from dispatcher.demo.messages import Message
from dispatcher.devices import DeviceStates, Normalised, Normaliser, parse_profiles
from dispatcher.domain.events import Lane, RawMessage
from dispatcher.domain.faults import Text
from dispatcher.domain.stamp import Stamp
from dispatcher.settings.share import share
from dispatcher.settings.sitefile import load_site
from dispatcher.settings.yamlfile import read_file

SCRIPT = evening.script()
OURS = re.compile(r"kentongan/([a-z-]+)/event")
DEADLINE_S = 10.0


def demo_site() -> Path:
    return share() / "config" / "demo" / "site.yaml"


def test_the_first_alert_is_there_within_five_seconds() -> None:
    assert 0 < SCRIPT[0].at_s <= 5
    assert b'"kind":"smoke"' in SCRIPT[0].message.payload


def test_the_lines_are_in_order_and_end_after_some_minutes() -> None:
    times = [line.at_s for line in SCRIPT]
    assert times == sorted(times)
    assert 120 <= times[-1] <= 600


def test_the_evening_never_floods() -> None:
    for line in SCRIPT:
        near = [other for other in SCRIPT if 0 <= other.at_s - line.at_s < 10]
        assert len(near) <= 3


def test_both_languages_caption_every_line() -> None:
    assert all(line.caption.id and line.caption.en and line.source for line in SCRIPT)


def test_messages_are_json_as_bridges_publish_it_at_qos_0_or_1() -> None:
    for line in SCRIPT:
        assert isinstance(json.loads(line.message.payload), dict)
        assert line.message.qos in {0, 1}


def test_three_vendors_ways_are_played() -> None:
    roots = {line.message.topic.split("/")[0] for line in SCRIPT}
    assert roots == {"zigbee2mqtt", "tele", "kentongan"}


def test_the_demos_site_is_sound_and_knows_every_device_that_is_heard() -> None:
    site = load_site(demo_site())
    assert site.posts[pos.POST].name == pos.NAME
    assert {BUTTON, LAMP, SIREN, *SENSORS} <= set(site.devices)
    for line in SCRIPT:
        parts = line.message.topic.split("/")
        assert parts[1] in site.devices
    assert "0x7028D5" in site.devices["tasmota"].enrolled


def test_a_line_of_our_own_convention_gets_the_counters_of_this_start() -> None:
    (line,) = (line for line in SCRIPT if OURS.fullmatch(line.message.topic))
    body = json.loads(evening.counted(line, boot=9, seq=4).payload)
    assert body == {"kind": "smoke", "boot": 9, "seq": 4, "attrs": {}}


def test_a_vendors_line_is_played_byte_for_byte() -> None:
    for line in (line for line in SCRIPT if not OURS.fullmatch(line.message.topic)):
        assert evening.counted(line, boot=9, seq=4) == line.message


def test_the_player_says_its_lines_in_order_and_remembers_the_last() -> None:
    said: queue.Queue[Message] = queue.Queue()
    lines = [Line(0.0, Message(f"t/{number}", b"{}"), Text(f"ke-{number}", f"no {number}"), "x") for number in (1, 2)]
    player = Evening(lines, boot=1, speak=said.put)
    assert player.latest() == (None, "")
    player.start()
    assert [said.get(timeout=DEADLINE_S).topic for _ in lines] == ["t/1", "t/2"]
    player.stop()
    assert player.latest() == (Text("ke-2", "no 2"), "x")


@pytest.mark.parametrize("begun", [True, False])
def test_the_player_ends_at_once_when_told_to(begun: bool) -> None:
    said: queue.Queue[Message] = queue.Queue()
    player = Evening([Line(3600.0, Message("t", b"{}"), Text("a", "b"), "x")], boot=1, speak=said.put)
    if begun:
        player.start()
    player.stop()
    assert said.empty()


def heard_at_the_post() -> list[tuple[float, str, str]]:
    """Play the evening into the shipped profiles; return what was understood as (second, kind, device)."""
    site = load_site(demo_site())
    profiles, faults = parse_profiles([read_file(path) for path in sorted((share() / "devices").glob("*.yaml"))])
    assert faults == ()
    normaliser, states = Normaliser(profiles, site, pos.POST), DeviceStates()
    heard = []
    for seq, line in enumerate(SCRIPT, start=1):
        outcome = normaliser.normalise(states, raw(line, seq))
        assert isinstance(outcome, Normalised), (line, outcome)
        states.apply(outcome.changes)
        heard += [(line.at_s, reading.kind, reading.device) for reading in outcome.readings]
    return heard


def raw(line: Line, seq: int) -> RawMessage:
    message = evening.counted(line, boot=1, seq=seq)
    at_ms = round(line.at_s * 1000)
    stamp = Stamp(at_ms, 1_700_000_000_000 + at_ms, True)
    return RawMessage(Lane.REST, message.topic, message.payload, message.qos, retain=False, dup=False, arrived=stamp)


def test_the_shipped_profiles_understand_the_evening_as_its_captions_tell_it() -> None:
    heard = heard_at_the_post()
    assert ("smoke", "asap-warung") in {(kind, device) for _, kind, device in heard}
    assert [at for at, kind, device in heard if (kind, device) == ("panic.press", "sos_gate")] == [55, 240]
    assert [(kind, device) for at, kind, device in heard if at == 95] == [("panic.press", "fob-31")]
    assert [kind for at, kind, _ in heard if at == 125] == []
    assert {kind for _, kind, _ in heard} >= {"door.open", "door.closed", "motion", "battery.low", "heartbeat"}
