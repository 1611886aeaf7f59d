"""The small HTTP server, and the word to systemd."""

import http.client
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter

from dispatcher.telemetry import notify
from dispatcher.telemetry.http import Answer, Health, Server
from dispatcher.telemetry.metrics import Observed, PostMetrics, observed
from tests.support.brokers import wait_until


@pytest.fixture
def server() -> Iterator[Server]:
    registry = CollectorRegistry()
    Counter("one", "one", registry=registry).inc()
    one = Server(
        ("127.0.0.1", 0),
        registry,
        lambda: Health(good=False, parts={"broker": "away"}),
        lambda: Health(good=True, parts={}),
    )
    one.start()
    yield one
    one.stop()


def get(server: Server, target: str, method: str = "GET") -> tuple[int, str]:
    connection = http.client.HTTPConnection(*server.address, timeout=10)
    connection.request(method, target)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body


def test_ready_health_and_metrics_are_answered(server: Server) -> None:
    assert get(server, "/ready") == (503, '{"broker": "away"}')
    assert get(server, "/healthz?x=1") == (200, "{}")
    assert "one_total 1.0" in get(server, "/metrics")[1]


def test_anything_else_is_404_or_501_and_nothing_breaks(server: Server) -> None:
    assert get(server, "/etc/passwd")[0] == 404
    assert get(server, "/" + "a" * 5_000)[0] == 404
    assert get(server, "/ready", "POST")[0] == 501
    with socket.create_connection(server.address, timeout=10) as garbage:
        garbage.sendall(b"\x00\xff\r\n\r\n")
        garbage.recv(100)
    assert get(server, "/healthz")[0] == 200


def test_a_client_that_hangs_up_at_any_moment_is_no_news(server: Server, capfd: pytest.CaptureFixture[str]) -> None:
    for request in (b"", b"GET /met", b"GET /metrics HTTP/1.1\r\n\r\n", b"GET /metrics HTTP/1.1\r\n\r\n" * 200):
        with socket.create_connection(server.address, timeout=10) as rude:
            rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close() resets
            rude.sendall(request)
    wait_until(lambda: not [one for one in threading.enumerate() if "process_request" in one.name], 10, "end of them")
    assert get(server, "/healthz")[0] == 200
    assert capfd.readouterr().err == ""


def test_a_port_in_use_is_an_error_at_once(server: Server) -> None:
    with pytest.raises(OSError, match="in use"):
        Server(server.address, CollectorRegistry(), lambda: Health(True, {}), lambda: Health(True, {}))


def test_every_metric_of_the_contract_exists_from_the_start() -> None:
    names = {sample.name for family in PostMetrics().registry.collect() for sample in family.samples}
    assert names >= {
        f"kentongan_{name}"
        for name in (
            "panic_received_total", "panic_journaled_total", "incidents_open", "outbox_depth", "outbox_oldest_seconds",
            "precinct_delivered_total", "precinct_acknowledged_total", "journal_bytes", "journal_corrupt_records_total",
            "dropped_total", "mqtt_connected", "clock_trusted", "disk_state", "fsync_seconds_bucket",
            "stage_seconds_bucket", "matcher_state", "matcher_differences_total",
        )
    }  # fmt: skip


def test_systemd_is_told_on_its_socket_and_nobody_else_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert not notify.notify("READY=1")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "s"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "s"))
        assert notify.notify("READY=1")
        assert listener.recv(100) == b"READY=1"
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    assert not notify.notify("READY=1")


def test_another_path_is_answered_by_whoever_was_given_for_it_and_named_where_nothing_is() -> None:
    def other() -> Answer:
        return 418, "text/plain", b"tea"

    health = Health(good=True, parts={})
    one = Server(
        ("127.0.0.1", 0),
        CollectorRegistry(),
        lambda: health,
        lambda: health,
        {"/tea": other, "/plain": lambda: {"a": 1}},
    )
    one.start()
    try:
        assert get(one, "/tea?with=milk") == (418, "tea")
        assert get(one, "/ready")[0] == 200
        assert "/tea" in get(one, "/coffee")[1]
        assert get(one, "/plain") == (200, '{"a": 1}')
    finally:
        one.stop()


def test_a_histogram_says_how_many_how_long_and_under_what_all_but_the_worst_hundredth_lie() -> None:
    metrics = PostMetrics()
    assert observed(metrics.fsync) == Observed()
    for _ in range(99):
        metrics.fsync.observe(0.004)
    metrics.fsync.observe(9.0)
    seen = observed(metrics.fsync)
    assert (seen.count, seen.p99_s) == (100, 0.005)
    assert seen.mean_s is not None
    assert abs(seen.mean_s - 0.09396) < 1e-6
    metrics.fsync.observe(9.0)
    assert observed(metrics.fsync).p99_s == 5.0  # the largest bound: it is at least that
