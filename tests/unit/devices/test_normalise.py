"""What bought devices' messages become, and what is remembered of them."""

import json

import pytest

from dispatcher.devices import Change, DeviceStates, Normalised, Normaliser, UnknownDevice
from dispatcher.devices.normalise import MAX_REMEMBERED
from dispatcher.domain.events import MAX_PAYLOAD, Lane, RawMessage, Rejected, RejectReason
from dispatcher.domain.site import Device, Site
from dispatcher.domain.stamp import Stamp
from tests.unit.devices.shipped import shipped

PROFILES = shipped()
SITE = Site(
    timezone="Asia/Jakarta",
    precinct="polsek-tambora",
    devices={
        "sos": Device("sos", "zigbee2mqtt", "panic_button", post="pos-03"),
        "post3/sos": Device("post3/sos", "zigbee2mqtt", "panic_button", post="pos-03"),
        "door": Device("door", "zigbee2mqtt", "door", post="pos-03"),
        "far": Device("far", "zigbee2mqtt", "panic_button", post="pos-09"),
        "rf": Device(
            "rf",
            "tasmota",
            "gateway",
            post="pos-03",
            enrolled={"A1": {"device": "fob", "kind": "panic.press"}, "A2": {"device": "pir", "kind": "motion"}},
        ),
        "zb-btn": Device("zb-btn", "tasmota", "panic_button", post="pos-03", settings={"gateway": "zb"}),
        "zb": Device("zb", "tasmota", "gateway", post="pos-03"),
        "lamp": Device("lamp", "tasmota", "lamp", post="pos-03"),
        "ours": Device("ours", "kentongan", "panic_button", post="pos-03"),
    },
)


class Post:
    """A normaliser with its state and a clock that the test moves."""

    def __init__(self) -> None:
        self.normaliser = Normaliser(PROFILES, SITE, "pos-03")
        self.state = DeviceStates()
        self.now_ms = 1_000_000

    def hear(self, topic: str, payload: object, retain: bool = False) -> object:
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        raw = RawMessage(Lane.REST, topic, data, 1, retain, False, Stamp(self.now_ms, 0, True))
        outcome = self.normaliser.normalise(self.state, raw)
        if isinstance(outcome, Normalised):
            self.state.apply(outcome.changes)
        return outcome

    def kinds(self, topic: str, payload: object, retain: bool = False) -> list[str]:
        outcome = self.hear(topic, payload, retain)
        assert isinstance(outcome, Normalised), outcome
        return [reading.kind for reading in outcome.readings]


@pytest.fixture
def post() -> Post:
    return Post()


def test_normalise_changes_nothing_until_its_changes_are_applied(post: Post) -> None:
    raw = RawMessage(Lane.REST, "zigbee2mqtt/door", b'{"contact":false}', 0, False, False, Stamp(1, 1, True))
    first = post.normaliser.normalise(post.state, raw)
    assert first == post.normaliser.normalise(post.state, raw)
    assert post.state.to_plain() == []


def test_a_press_within_two_seconds_is_a_repetition_and_later_a_new_press(post: Post) -> None:
    press = {"action": "emergency"}
    assert post.kinds("zigbee2mqtt/sos", press) == ["panic.press"]
    post.now_ms += 1999
    assert post.kinds("zigbee2mqtt/sos", press) == []
    post.now_ms += 1
    assert post.kinds("zigbee2mqtt/sos", press) == ["panic.press"]


def test_a_hold_is_no_repetition_of_a_press(post: Post) -> None:
    assert post.kinds("zigbee2mqtt/sos", {"action": "single"}) == ["panic.press"]
    assert post.kinds("zigbee2mqtt/sos", {"action": "hold"}) == ["panic.hold"]


def test_the_door_that_was_told_open_is_told_closed_however_quickly(post: Post) -> None:
    told = [post.kinds("zigbee2mqtt/door", {"contact": contact}) for contact in (False, True, False, True)]
    assert told == [["door.open"], ["door.closed"], ["door.open"], ["door.closed"]]


def test_a_replayed_level_is_remembered_and_its_end_is_told(post: Post) -> None:
    assert post.kinds("zigbee2mqtt/door", {"contact": False}, retain=True) == []
    assert post.kinds("zigbee2mqtt/door", {"contact": True}) == ["door.closed"]


def test_an_alarm_known_only_from_the_brokers_memory_still_fires_when_it_is_live(post: Post) -> None:
    assert post.kinds("zigbee2mqtt/door", {"smoke": True}, retain=True) == []
    assert post.kinds("zigbee2mqtt/door", {"smoke": True}) == ["smoke"]


def test_a_replay_after_a_reconnect_does_not_fire_an_alarm_again(post: Post) -> None:
    assert post.kinds("zigbee2mqtt/door", {"smoke": True}) == ["smoke"]
    assert post.kinds("zigbee2mqtt/door", {"smoke": True}, retain=True) == []
    post.now_ms += 60_000
    assert post.kinds("zigbee2mqtt/door", {"smoke": True}) == []


def test_kept_state_survives_a_restart(post: Post) -> None:
    post.hear("zigbee2mqtt/door", {"contact": False})
    post.state = DeviceStates.from_plain(json.loads(json.dumps(post.state.to_plain())))
    assert post.kinds("zigbee2mqtt/door", {"contact": False}) == []


def test_a_quiet_reading_writes_nothing(post: Post) -> None:
    outcome = post.hear("zigbee2mqtt/door", {"contact": True, "battery": 90, "linkquality": 3})
    assert isinstance(outcome, Normalised)
    assert outcome.changes == ()


def test_an_unknown_device_is_named_only_when_it_would_be_an_event(post: Post) -> None:
    assert post.hear("zigbee2mqtt/stranger", {"action": "emergency"}) == UnknownDevice("stranger", "panic.press")
    assert post.hear("zigbee2mqtt/stranger", {"linkquality": 9}) == Normalised((), (), b'{"linkquality": 9}')
    assert post.state.to_plain() == []


def test_a_device_of_another_convention_is_unknown_here(post: Post) -> None:
    assert post.hear("zigbee2mqtt/ours", {"action": "emergency"}) == UnknownDevice("ours", "panic.press")
    assert post.hear("kentongan/sos/event", {"kind": "panic.press"}) == UnknownDevice("sos", "panic.press")


def test_an_unknown_device_behind_a_known_receiver_is_unknown(post: Post) -> None:
    answer = post.hear("tele/zb/SENSOR", {"ZbReceived": {"0x9": {"Contact": 1}}})
    assert answer == UnknownDevice("0x9", "door.open")


def test_a_name_with_a_level_is_told_from_a_topic_below_a_device(post: Post) -> None:
    assert post.kinds("zigbee2mqtt/post3/sos", {"action": "emergency"}) == ["panic.press"]
    assert post.kinds("zigbee2mqtt/sos/action", b"emergency") == ["panic.press"]


def test_an_enrolled_code_is_replayable_and_says_who_heard_it(post: Post) -> None:
    outcome = post.hear("tele/rf/RESULT", {"RfReceived": {"Data": "0xa1"}})
    assert isinstance(outcome, Normalised)
    (reading,) = outcome.readings
    assert (reading.device, reading.attrs["via"], reading.trust) == ("fob", "rf", "replayable")


def test_a_keypads_code_is_not_stored(post: Post) -> None:
    outcome = post.hear("zigbee2mqtt/sos", {"action": "emergency", "action_code": "4711"})
    assert isinstance(outcome, Normalised)
    assert b"4711" not in outcome.redacted


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        ("somebody/else", b"{}", RejectReason.UNKNOWN_TOPIC),
        ("zigbee2mqtt/sos", b"{", RejectReason.BAD_JSON),
        ("zigbee2mqtt/sos", b"online", RejectReason.WRONG_TYPE),
        ("zigbee2mqtt/sos", b'{"a":"\xff"}', RejectReason.BAD_UTF8),
        ("zigbee2mqtt/sos", b"{" + b" " * MAX_PAYLOAD, RejectReason.TOO_LARGE),
    ],
)
def test_what_cannot_be_read_is_rejected_with_its_reason(
    post: Post, topic: str, payload: bytes, reason: RejectReason
) -> None:
    outcome = post.hear(topic, payload)
    assert isinstance(outcome, Rejected)
    assert outcome.reason is reason


def test_more_topics_than_are_remembered_change_no_answer(post: Post) -> None:
    for number in range(MAX_REMEMBERED + 10):
        post.hear(f"zigbee2mqtt/x{number}", {})
    assert post.kinds("zigbee2mqtt/sos", {"action": "emergency"}) == ["panic.press"]


def test_the_panic_lane_hears_exact_topics_of_this_posts_buttons(post: Post) -> None:
    topics = post.normaliser.panic_topics()
    assert "zigbee2mqtt/sos" in topics
    assert "zigbee2mqtt/post3/sos" in topics
    assert "kentongan/ours/event" in topics
    assert "tele/rf/RESULT" in topics  # a fob is enrolled there
    assert "tele/zb/SENSOR" in topics  # a button behind a gateway is heard on the gateway's topics
    assert not any("far" in topic or "lamp" in topic or "door" in topic for topic in topics)
    assert not any(char in topic for topic in topics for char in "+#")


def test_the_rest_lane_hears_the_conventions_in_use(post: Post) -> None:
    filters = post.normaliser.rest_filters()
    assert {"kentongan/+/event", "zigbee2mqtt/#", "tele/#", "stat/#"} <= set(filters)
    empty = Normaliser(PROFILES, Site("Asia/Jakarta", "p"), "pos-03")
    assert empty.rest_filters() == ("kentongan/+/event",)


@pytest.mark.parametrize("depth", range(850, 1000, 10))
def test_deep_nesting_beside_a_secret_gives_an_answer(post: Post, depth: int) -> None:
    deep = b'{"action_code":1,"a":' + b"[" * depth + b"]" * depth + b"}"
    assert isinstance(post.hear("zigbee2mqtt/sos", deep), Normalised | Rejected)
    ours = b'{"kind":"heartbeat","attrs":{"pin":1},"a":' + b"[" * depth + b"]" * depth + b"}"
    assert isinstance(post.hear("kentongan/ours/event", ours), Normalised | Rejected)


def test_a_lone_surrogate_never_reaches_an_event(post: Post) -> None:
    press = b'{"ZbReceived":{"zb-btn":{"Click":"single","Endpoint":"\\ud800"},"\\ud800":{"Contact":1}}}'
    outcome = post.hear("tele/zb/SENSOR", press)
    assert isinstance(outcome, Normalised)
    assert [dict(reading.attrs) for reading in outcome.readings] == [{}]


def test_one_message_cannot_flood_the_journal(post: Post) -> None:
    flood = {f"Switch{number}": "ON" for number in range(3000)}
    outcome = post.hear("tele/zb-btn/SENSOR", flood)
    assert isinstance(outcome, Normalised)
    assert len(outcome.readings) == 64


def test_changes_are_few_and_small(post: Post) -> None:
    outcome = post.hear("zigbee2mqtt/door", {"contact": False})
    assert isinstance(outcome, Normalised)
    assert outcome.changes == (Change("door", "door.open", 1),)


def test_who_spoke_is_told_even_where_it_was_no_news_and_nothing_kept_from_earlier_counts(post: Post) -> None:
    def heard(topic: str, payload: object, *, retain: bool = False) -> tuple[str, ...]:
        outcome = post.hear(topic, payload, retain)
        assert isinstance(outcome, Normalised), outcome
        return outcome.heard

    assert heard("zigbee2mqtt/door", {"linkquality": 80}) == ("door",)
    assert heard("zigbee2mqtt/door", {"contact": False}, retain=True) == ()
    assert heard("zigbee2mqtt/door/availability", {"state": "offline"}) == ()
    assert heard("zigbee2mqtt/door/availability", {"state": "online"}) == ("door",)
    assert heard("kentongan/ours/event", {"kind": "heartbeat"}) == ("ours",)
    assert heard("kentongan/ours/event", {"kind": "device.offline"}) == ()
