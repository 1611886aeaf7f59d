"""A link and a mosquitto that dies, comes back, forgets or refuses."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dispatcher.mqtt import Endpoint, LinkState, Phase, Tls
from dispatcher.mqtt.backoff import Backoff
from dispatcher.mqtt.model import Protocol as Version
from tests.support.brokers import HOST, MosquittoBroker, free_port, make_certificate, require_mosquitto, running
from tests.support.clients import TalkingClient
from tests.unit.mqtt.links import Cable, Ear, endpoint, port_for

EVENT = "kentongan/btn-01/event"
LONG = Backoff(minimum_s=60.0, maximum_s=60.0)

pytestmark = pytest.mark.mosquitto
versions = pytest.mark.parametrize("version", ["5", "3.1.1"])


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[MosquittoBroker]:
    """A post's broker."""
    require_mosquitto()
    with running(MosquittoBroker(tmp_path / "post")) as broker:
        yield broker


def press(broker: MosquittoBroker, payload: bytes = b"press", qos: int = 1) -> None:
    """Press, as a device that connects for it."""
    with TalkingClient(broker, "btn-01") as button:
        button.publish(EVENT, payload, qos=qos)


# --- comes back


@versions
def test_a_broker_that_is_killed_and_started_again_is_found_and_subscribed_to(
    mosquitto: MosquittoBroker, version: Version
) -> None:
    with Ear(endpoint(mosquitto, version)) as ear:
        ear.subscribed()
        mosquitto.kill()
        ear.reach(Phase.UNREACHABLE)
        assert not ear.link.connected
        mosquitto.start()
        ear.subscribed(epoch=2)
        press(mosquitto)
        assert ear.next_saved().raw.payload == b"press"
        assert ear.link.counters.reconnects == 1


@versions
def test_a_broker_that_comes_back_empty_is_subscribed_to_again(mosquitto: MosquittoBroker, version: Version) -> None:
    with Ear(endpoint(mosquitto, version)) as ear:
        ear.subscribed()
        mosquitto.kill()
        ear.reach(Phase.UNREACHABLE)
        shutil.rmtree(mosquitto.folder / "data")
        (mosquitto.folder / "data").mkdir()
        mosquitto.start()
        ear.subscribed(epoch=2)
        press(mosquitto)
        assert ear.next_saved().raw.payload == b"press"


@versions
def test_a_message_that_comes_again_has_its_dup_flag(mosquitto: MosquittoBroker, version: Version) -> None:
    with Cable(mosquitto.port) as cable, Ear(endpoint(cable, version)) as ear:
        ear.subscribed()
        press(mosquitto)
        assert not ear.next().raw.dup
        cable.cut()
        assert ear.next_saved().raw.dup


@versions
def test_a_token_at_qos_0_acknowledges_nothing(mosquitto: MosquittoBroker, version: Version) -> None:
    with Ear(endpoint(mosquitto, version)) as ear:
        ear.subscribed()
        press(mosquitto, qos=0)
        assert ear.next_saved().token.qos == 0
        press(mosquitto)
        ear.next_saved()
        ear.acked(1)
        assert ear.link.counters.stale_acks == 0


def test_retained_messages_come_once_and_not_at_each_reconnect(mosquitto: MosquittoBroker) -> None:
    with TalkingClient(mosquitto, "btn-01") as button:
        button.publish(EVENT, b"retained", retain=True)
    with Cable(mosquitto.port) as cable, Ear(endpoint(cable)) as ear:
        ear.subscribed()
        assert ear.next_saved().raw.retain
        ear.acked(1)
        cable.cut()
        ear.subscribed(epoch=2)
        press(mosquitto, b"marker")
        assert ear.payloads_until(b"marker") == [b"marker"]


def test_a_new_process_hears_the_retained_messages_though_its_session_is_old(mosquitto: MosquittoBroker) -> None:
    with TalkingClient(mosquitto, "btn-01") as button:
        button.publish(EVENT, b"retained", retain=True)
    for _ in range(2):
        with Ear(endpoint(mosquitto)) as ear:
            assert ear.next_saved().raw.payload == b"retained"
            ear.acked(1)


def test_a_silent_connection_is_given_up_after_the_keepalive(mosquitto: MosquittoBroker) -> None:
    with Cable(mosquitto.port) as cable, Ear(endpoint(cable), keepalive=1) as ear:
        ear.subscribed()
        cable.hold()
        ear.reach(Phase.UNREACHABLE)
        cable.release()
        ear.subscribed(epoch=2)


# --- refuses


@versions
def test_a_wrong_password_is_told_as_refused_and_not_with_the_password(
    mosquitto: MosquittoBroker, version: Version
) -> None:
    where = endpoint(mosquitto, version, password="guess-1234")
    with Ear(where) as ear:
        state = ear.reach(Phase.REFUSED)
        assert "refused by the broker" in state.detail
        assert not ear.link.connected
        ear.wait(lambda: ear.link.state.epoch > 2, "further attempt")
        assert ear.link.alive
    assert "guess-1234" not in repr(ear.states)
    assert "guess-1234" not in repr(where)


@versions
def test_of_two_programs_with_one_client_id_the_first_is_told_of_its_end(
    mosquitto: MosquittoBroker, version: Version
) -> None:
    with Ear(endpoint(mosquitto, version), backoff=LONG) as first:
        first.subscribed()
        with Ear(endpoint(mosquitto, version)) as second:
            second.subscribed()
            assert "client id is used twice" in first.reach(Phase.UNREACHABLE).detail


RULES = """{"defaultACLAccess": {"publishClientSend": true, "publishClientReceive": true, "subscribe": true,
 "unsubscribe": true}, "clients": [], "groups": [{"groupname": "all", "roles": [{"rolename": "anybody"}]}],
 "roles": [{"rolename": "anybody", "acls": [{"acltype": "subscribePattern", "topic": "secret/#", "allow": false}]}],
 "anonymousGroup": "all"}"""


@versions
def test_a_subscription_that_the_broker_refuses_is_named_and_the_others_work(tmp_path: Path, version: Version) -> None:
    plugins = list(Path("/usr/lib").glob("**/mosquitto_dynamic_security.so"))
    if not plugins:
        pytest.skip("this mosquitto comes without its dynamic security plugin, the one that refuses subscriptions")
    (tmp_path / "rules.json").write_text(RULES)
    broker = MosquittoBroker(tmp_path / "post")
    (tmp_path / "post" / "post.conf").write_text(
        f"listener {broker.port} {HOST}\nallow_anonymous true\nuser {pwd.getpwuid(os.getuid()).pw_name}\n"
        f"plugin {plugins[0]}\nplugin_opt_config_file {tmp_path / 'rules.json'}\n"
    )
    with running(broker), Ear(Endpoint(HOST, broker.port, protocol=version), filters=["secret/a", EVENT]) as ear:
        state = ear.reach(Phase.REFUSED)
        assert state.detail.startswith("secret/a (")
        assert EVENT not in state.detail
        assert ear.link.connected
        assert not ear.link.subscribed
        with TalkingClient(broker, None) as button:
            button.publish(EVENT, b"press")
        assert ear.next_saved().raw.payload == b"press"

        ear.link.set_filters([EVENT])
        ear.subscribed()


# --- is not there


def test_a_port_where_nobody_listens_is_unreachable_and_stop_does_not_wait() -> None:
    with Ear(Endpoint(HOST, free_port()), backoff=LONG) as ear:
        ear.reach(Phase.UNREACHABLE)
        began = time.monotonic()
        assert ear.link.stop(5.0)
        assert time.monotonic() - began < 4.0  # the wait before the next attempt is a minute
        assert ear.states[-1].phase is Phase.STOPPED


def test_a_name_that_does_not_resolve_is_told_as_such() -> None:
    with Ear(Endpoint("no-such-broker.invalid"), backoff=LONG) as ear:
        assert ear.reach(Phase.UNREACHABLE).detail == "name not resolved: no-such-broker.invalid"


def test_a_server_that_accepts_and_says_nothing_is_given_up() -> None:
    with socket.create_server((HOST, 0)) as mute:
        where = Endpoint(HOST, mute.getsockname()[1])
        with Ear(where, connect_timeout_s=0.3, backoff=LONG) as ear:
            assert "does not answer CONNECT" in ear.reach(Phase.UNREACHABLE).detail


@pytest.mark.parametrize(
    "talk", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x20\x03\x00\x00", b"\xff\xff\xff\xff\xff\xff", b""]
)
def test_a_server_that_talks_something_else_ends_the_attempt_and_not_the_thread(talk: bytes) -> None:
    with socket.create_server((HOST, 0)) as odd:
        threading.Thread(target=talk_and_hang_up, args=(odd, talk), daemon=True).start()
        with Ear(Endpoint(HOST, odd.getsockname()[1]), connect_timeout_s=0.3) as ear:
            ear.wait(lambda: ear.link.state.epoch > 3, "further attempts")
            assert ear.link.alive
            assert not ear.link.connected


def test_a_broker_of_another_version_is_not_followed_to_an_older_one() -> None:
    """paho answers "unsupported version" by reconnecting with MQTT 3.1, on a socket that nobody watches."""
    with socket.create_server((HOST, 0)) as old:
        threading.Thread(target=talk_and_hang_up, args=(old, b"\x20\x02\x00\x01"), daemon=True).start()
        with Ear(Endpoint(HOST, old.getsockname()[1], protocol="3.1.1"), backoff=LONG) as ear:
            assert "of this version of MQTT?" in ear.reach(Phase.UNREACHABLE).detail


def talk_and_hang_up(server: socket.socket, talk: bytes) -> None:
    """Answer every connection with the same bytes."""
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection:
            try:
                connection.recv(4096)
                connection.sendall(talk)
            except OSError:
                continue  # it left first


# --- TLS


@pytest.fixture
def walled(tmp_path: Path) -> Iterator[tuple[MosquittoBroker, str]]:
    """A precinct's broker behind TLS, and the path of its CA file."""
    require_mosquitto()
    certificate = make_certificate(tmp_path)
    with running(MosquittoBroker(tmp_path / "precinct", "precinct", certificate=certificate)) as broker:
        yield broker, str(certificate.ca)


def behind_tls(broker: MosquittoBroker, tls: Tls) -> Endpoint:
    """Return how the precinct's own program reaches it."""
    login = broker.login("kentongan-precinct")
    return Endpoint(HOST, broker.port, login.username, login.password, tls=tls)


def test_a_link_works_through_tls(walled: tuple[MosquittoBroker, str]) -> None:
    broker, ca = walled
    room = "kentongan/v1/polsek-tambora/pos-03"
    post = broker.login("pos-03")
    sender = Endpoint(HOST, broker.port, post.username, post.password, tls=Tls(ca=ca))
    payload = bytes(200_000)  # more than one TLS record
    with (
        Ear(behind_tls(broker, Tls(ca=ca)), filters=[f"{room}/alert"]) as ear,
        Ear(sender, filters=[], client_id="pos-03") as out,
    ):
        ear.subscribed()
        out.subscribed()
        for number in range(10):
            assert out.link.publish(f"{room}/alert", b"%d" % number + payload, tag=number)
        assert [ear.next_saved().raw.payload for _ in range(10)] == [b"%d" % number + payload for number in range(10)]
        out.wait(lambda: len(out.published) == 10, "tags")


def test_a_certificate_of_somebody_else_is_refused(walled: tuple[MosquittoBroker, str], tmp_path: Path) -> None:
    broker, _ = walled
    (tmp_path / "other").mkdir()
    stranger = make_certificate(tmp_path / "other")
    with Ear(behind_tls(broker, Tls(ca=str(stranger.ca))), backoff=LONG) as ear:
        assert "not trusted" in ear.reach(Phase.REFUSED).detail


def test_a_certificate_file_that_is_missing_is_named(walled: tuple[MosquittoBroker, str], tmp_path: Path) -> None:
    broker, _ = walled
    with Ear(behind_tls(broker, Tls(ca=str(tmp_path / "nowhere.crt"))), backoff=LONG) as ear:
        state: LinkState = ear.reach(Phase.REFUSED)
        assert state.detail.endswith(f"No such file or directory ({tmp_path / 'nowhere.crt'})")


def test_a_plain_port_is_no_tls(mosquitto: MosquittoBroker, tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    where = Endpoint(HOST, port_for(mosquitto, "5"), tls=Tls(ca=str(certificate.ca)))
    with Ear(where, backoff=LONG) as ear:
        ear.wait(lambda: ear.link.state.phase in (Phase.REFUSED, Phase.UNREACHABLE), "end of the attempt")
        assert not ear.link.connected
