"""Each sentence of the shipped access rules, proved with the real mosquitto and the shipped files.

MQTT 5 answers a forbidden publish with "Not authorized". A forbidden subscription is granted and stays silent, so what
a client may read is proved by sending it everything and looking at what came.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.brokers import (
    BRIDGES,
    POST,
    PRECINCT,
    MosquittoBroker,
    make_certificate,
    require_mosquitto,
    running,
)
from tests.support.clients import V311, Refused, TalkingClient

pytestmark = pytest.mark.mosquitto

UP = ("alert", "sync", "status", "event")
DOWN = ("receipt", "watch", "command")
ROOM = "kentongan/v1/polsek-tambora"

VENDOR_TOPICS = {
    "zigbee2mqtt": ["zigbee2mqtt/btn_teller2", "zigbee2mqtt/btn_teller2/action"],
    "tasmota": ["tele/tasmota_E3210C/SENSOR", "stat/tasmota/RESULT", "tasmota/discovery/E3210C/config"],
    "shelly": ["shellies/shelly1/relay/0", "shellies/shelly1/input_event/0"],
    "rtl_433": ["rtl_433/pos3/events"],
    "frigate": ["frigate/reviews"],
}


@pytest.fixture(scope="module")
def post_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MosquittoBroker]:
    require_mosquitto()
    with running(MosquittoBroker(tmp_path_factory.mktemp("post"), "post")) as broker:
        yield broker


@pytest.fixture(scope="module")
def precinct_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MosquittoBroker]:
    require_mosquitto()
    with running(MosquittoBroker(tmp_path_factory.mktemp("precinct"), "precinct")) as broker:
        yield broker


def writable(broker: MosquittoBroker, user: str, topics: list[str]) -> list[str]:
    """Return those of `topics` that `user` may publish to."""
    with TalkingClient(broker, user) as client:
        return [topic for topic in topics if client.publish(topic) != "Not authorized"]


def readable(broker: MosquittoBroker, user: str, sender: str, topics: list[str]) -> list[str]:
    """Return those of `topics` that reach `user` when `sender` publishes to each; the last must be allowed to both."""
    with TalkingClient(broker, user) as client, TalkingClient(broker, sender, client_id="sender") as source:
        client.subscribe("#")
        for topic in topics:
            assert source.publish(topic) != "Not authorized"
        return client.topics_until(topics[-1])


# --- at a post -------------------------------------------------------------------------------------------------------


def test_a_device_writes_its_own_events_and_nothing_else(post_broker: MosquittoBroker) -> None:
    own = "kentongan/btn-01/event"
    others = [
        "kentongan/btn-02/event",
        "kentongan/btn-01/confirm",
        "kentongan/btn-02/confirm",
        "kentongan/btn-01/command",
        "kentongan/btn-01/other",
        "kentongan/btn-01/event/more",
        "zigbee2mqtt/btn_teller2",
        "cmnd/siren/POWER",
        "anything",
    ]
    assert writable(post_broker, "btn-01", [*others, own]) == [own]


def test_a_device_reads_its_own_confirms_and_commands_and_nothing_else(post_broker: MosquittoBroker) -> None:
    others = ["kentongan/btn-02/confirm", "kentongan/btn-02/command", "zigbee2mqtt/siren_hall/set", "cmnd/siren/POWER"]
    own = ["kentongan/btn-01/confirm", "kentongan/btn-01/command"]
    assert readable(post_broker, "btn-01", POST, [*others, *own]) == own


def test_a_device_does_not_hear_another_ones_press(post_broker: MosquittoBroker) -> None:
    with (
        TalkingClient(post_broker, "btn-02") as other,
        TalkingClient(post_broker, "btn-01") as button,
        TalkingClient(post_broker, POST) as post,
    ):
        other.subscribe("#")
        button.publish("kentongan/btn-01/event")
        post.publish("kentongan/btn-02/confirm")
        assert other.next_message().topic == "kentongan/btn-02/confirm"


@pytest.mark.parametrize("user", ["btn-01", "tasmota", "shelly", "rtl_433", "frigate"])
def test_nobody_but_the_post_hears_what_devices_report(post_broker: MosquittoBroker, user: str) -> None:
    with TalkingClient(post_broker, user) as listener:
        listener.subscribe("#")
        for sender, topics in (*VENDOR_TOPICS.items(), ("btn-01", ["kentongan/btn-01/event"])):
            with TalkingClient(post_broker, sender, client_id="sender") as source:
                for topic in topics:
                    source.publish(topic)
        assert listener.received_so_far() == []


@pytest.mark.parametrize("bridge", BRIDGES)
def test_a_bridge_writes_its_own_tree_and_nothing_else(post_broker: MosquittoBroker, bridge: str) -> None:
    foreign = [topic for vendor, topics in VENDOR_TOPICS.items() if vendor != bridge for topic in topics]
    ours = ["kentongan/btn-01/event", "kentongan/btn-01/confirm", "kentongan/btn-01/command", "cmnd/siren/POWER"]
    own = VENDOR_TOPICS[bridge]
    assert writable(post_broker, bridge, [*foreign, *ours, *own]) == own


@pytest.mark.parametrize("user", ["btn-01", "btn-02", PRECINCT, *BRIDGES])
def test_only_the_post_confirms_and_commands(post_broker: MosquittoBroker, user: str) -> None:
    topics = ["kentongan/lamp-01/confirm", "kentongan/lamp-01/command"]
    assert writable(post_broker, user, topics) == []
    assert writable(post_broker, POST, topics) == topics


@pytest.mark.parametrize(
    ("bridge", "command"),
    [
        ("zigbee2mqtt", "zigbee2mqtt/siren_hall/set"),
        ("tasmota", "cmnd/siren/POWER"),
        ("shelly", "shellies/shelly1/relay/0/command"),
    ],
)
def test_the_post_commands_bought_devices_through_their_bridge(
    post_broker: MosquittoBroker, bridge: str, command: str
) -> None:
    assert readable(post_broker, bridge, POST, ["kentongan/btn-01/command", command]) == [command]


def test_the_post_presses_no_button(post_broker: MosquittoBroker) -> None:
    assert writable(post_broker, POST, ["kentongan/btn-01/event", *VENDOR_TOPICS["zigbee2mqtt"]]) == []


@pytest.mark.parametrize("user", ["btn-01", *BRIDGES])
def test_the_post_reads_everything(post_broker: MosquittoBroker, user: str) -> None:
    topics = VENDOR_TOPICS.get(user, [f"kentongan/{user}/event"])
    assert readable(post_broker, POST, user, topics) == topics


def test_a_user_name_that_is_a_wildcard_opens_no_door(tmp_path: Path) -> None:
    require_mosquitto()
    with (
        running(MosquittoBroker(tmp_path, "post", users=(POST, "+"))) as broker,
        TalkingClient(broker, "+") as trickster,
        TalkingClient(broker, POST) as post,
    ):
        trickster.subscribe("#")
        post.publish("kentongan/btn-01/confirm")
        assert trickster.received_so_far() == []
        assert trickster.publish("kentongan/btn-01/event") == "Not authorized"


def test_a_payload_far_too_large_costs_its_sender_the_connection(post_broker: MosquittoBroker) -> None:
    with TalkingClient(post_broker, "btn-01", version=V311) as button:
        button.paho.publish("kentongan/btn-01/event", bytes(3_000_000), qos=1)
        assert button.disconnected.wait(10)


# --- at the precinct -------------------------------------------------------------------------------------------------


def all_topics(*posts: str) -> list[str]:
    return [f"{ROOM}/{post}/{leaf}" for post in posts for leaf in (*UP, *DOWN)]


def test_a_post_writes_only_its_own_alerts_syncs_status_and_events(precinct_broker: MosquittoBroker) -> None:
    elsewhere = [f"kentongan/v1/polsek-lain/pos-03/{leaf}" for leaf in (*UP, *DOWN)]
    elsewhere += ["kentongan/pos-03/event", f"{ROOM}/pos-03/alert/x", "x"]
    own = [f"{ROOM}/pos-03/{leaf}" for leaf in UP]
    assert writable(precinct_broker, "pos-03", [*elsewhere, *all_topics("pos-04", "pos-03")]) == own


def test_a_post_reads_only_its_own_receipts_watch_and_commands(precinct_broker: MosquittoBroker) -> None:
    down = [f"{ROOM}/{post}/{leaf}" for post in ("pos-04", "pos-03") for leaf in DOWN]
    assert readable(precinct_broker, "pos-03", PRECINCT, down) == down[3:]


def test_a_post_hears_nobodys_alerts_not_even_its_own(precinct_broker: MosquittoBroker) -> None:
    with (
        TalkingClient(precinct_broker, "pos-04") as other,
        TalkingClient(precinct_broker, "pos-03") as post,
    ):
        other.subscribe("#")
        post.subscribe("#")
        for leaf in UP:
            post.publish(f"{ROOM}/pos-03/{leaf}")
        assert other.received_so_far() == []
        assert post.received_so_far() == []


def test_the_precinct_reads_what_every_post_sends_up(precinct_broker: MosquittoBroker) -> None:
    for post in ("pos-03", "pos-04"):
        up = [f"{ROOM}/{post}/{leaf}" for leaf in UP]
        assert readable(precinct_broker, PRECINCT, post, up) == up


def test_the_precinct_does_not_hear_itself(precinct_broker: MosquittoBroker) -> None:
    with TalkingClient(precinct_broker, PRECINCT) as precinct:
        precinct.subscribe("#")
        for leaf in DOWN:
            precinct.publish(f"{ROOM}/pos-03/{leaf}")
        assert precinct.received_so_far() == []


def test_the_precinct_writes_down_to_every_post_and_nothing_else(precinct_broker: MosquittoBroker) -> None:
    down = [f"{ROOM}/{post}/{leaf}" for post in ("pos-03", "pos-04") for leaf in DOWN]
    elsewhere = [f"kentongan/v1/polsek-lain/pos-03/{leaf}" for leaf in (*UP, *DOWN)] + ["kentongan/btn-01/command", "x"]
    assert writable(precinct_broker, PRECINCT, [*elsewhere, *all_topics("pos-03", "pos-04")]) == down


def test_a_device_at_the_precinct_speaks_for_itself_alone_and_hears_its_own_answers(
    precinct_broker: MosquittoBroker,
) -> None:
    own = "kentongan/siber-1/event"
    others = ["kentongan/siber-2/event", "kentongan/siber-1/confirm", f"{ROOM}/siber-1/other"]
    assert writable(precinct_broker, "siber-1", [*others, *all_topics("pos-03"), own]) == [own]
    down = ["kentongan/siber-2/confirm", f"{ROOM}/pos-03/receipt", "kentongan/siber-1/confirm"]
    assert readable(precinct_broker, "siber-1", PRECINCT, down) == down[2:]
    assert readable(precinct_broker, PRECINCT, "siber-1", [own]) == [own]


def test_a_posts_will_speaks_for_that_post_only(precinct_broker: MosquittoBroker) -> None:
    with TalkingClient(precinct_broker, PRECINCT) as precinct:
        precinct.subscribe(f"{ROOM}/+/status")
        for named in ("pos-04", "pos-03"):
            post = TalkingClient(precinct_broker, "pos-03", client_id=f"will-{named}")
            post.paho.will_set(f"{ROOM}/{named}/status", named, qos=1)
            try:
                post.connect().vanish()
            except Refused:
                continue
        assert precinct.next_message().payload == b"pos-03"


@pytest.mark.parametrize("place", ["post_broker", "precinct_broker"])
@pytest.mark.parametrize(("user", "password"), [(None, None), (POST, "guessed"), ("btn-01", "secret-of-btn-02")])
def test_nobody_enters_without_a_name_and_its_own_password(
    request: pytest.FixtureRequest, place: str, user: str | None, password: str | None
) -> None:
    broker: MosquittoBroker = request.getfixturevalue(place)
    with pytest.raises(Refused):
        TalkingClient(broker, user, password=password).connect()


def test_the_precinct_speaks_tls_and_nothing_else(tmp_path: Path) -> None:
    require_mosquitto()
    certificate = make_certificate(tmp_path)
    with running(MosquittoBroker(tmp_path, "precinct", certificate=certificate)) as broker:
        secure = TalkingClient(broker, "pos-03")
        secure.paho.tls_set(ca_certs=str(certificate.ca), tls_version=ssl.PROTOCOL_TLS_CLIENT)
        with secure as post:
            assert post.publish(f"{ROOM}/pos-03/alert") != "Not authorized"
        with pytest.raises(Refused):
            TalkingClient(broker, "pos-03").connect()


# --- what survives ---------------------------------------------------------------------------------------------------


@pytest.fixture
def lonely_broker(tmp_path: Path) -> Iterator[MosquittoBroker]:
    """A post's broker that holds a session for the post, which is away."""
    require_mosquitto()
    with running(MosquittoBroker(tmp_path, "post")) as broker:
        with TalkingClient(broker, POST, keep=True) as post:
            post.subscribe("kentongan/+/event")
        yield broker


def press(broker: MosquittoBroker, times: int, qos: int) -> list[bytes]:
    """Press btn-01 and return the payloads, more than mosquitto holds by default."""
    payloads = [b"%d" % number for number in range(times)]
    with TalkingClient(broker, "btn-01") as button:
        for payload in payloads:
            button.publish("kentongan/btn-01/event", payload, qos=qos)
    return payloads


def heard_by_the_post(broker: MosquittoBroker, count: int) -> list[bytes]:
    with TalkingClient(broker, POST, keep=True) as post:
        assert post.session_present
        return [bytes(post.next_message().payload) for _ in range(count)]


def test_what_waits_for_the_post_survives_a_restart_of_the_broker(lonely_broker: MosquittoBroker) -> None:
    pressed = press(lonely_broker, 1500, qos=1)
    lonely_broker.stop()
    lonely_broker.start()
    assert heard_by_the_post(lonely_broker, 1500) == pressed


def test_presses_at_qos_0_wait_for_the_post_too(lonely_broker: MosquittoBroker) -> None:
    pressed = press(lonely_broker, 1500, qos=0)
    assert heard_by_the_post(lonely_broker, 1500) == pressed


def test_a_broker_that_was_killed_starts_again_and_carries_on(lonely_broker: MosquittoBroker) -> None:
    lonely_broker.kill()
    lonely_broker.start()
    with TalkingClient(lonely_broker, POST, keep=True) as post:
        post.subscribe("kentongan/+/event")  # a session is not promised over a power cut
        press(lonely_broker, 1, qos=1)
        assert post.next_message().payload == b"0"
