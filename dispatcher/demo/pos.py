"""The *pos* of the demo: virtual devices, the evening, two ears on the brokers, and the page that shows them."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import uvicorn

from dispatcher.demo import bootcount, evening, ports
from dispatcher.demo.devices import SUBSCRIPTIONS, Fleet
from dispatcher.demo.evening import Evening
from dispatcher.demo.link import Link
from dispatcher.demo.page import app
from dispatcher.demo.ports import Ports
from dispatcher.demo.traffic import Traffic

POST = "pos-03"
NAME = "Pos 03 Krendang"
TICK_S = 0.2
STOP_S = 3.0


class VirtualPos:
    """Everything on this side of the post's broker. Messages and times are real, only the plastic is missing."""

    def __init__(self, folder: Path, chosen: Ports, *, play: bool) -> None:
        boot = bootcount.raise_boot(folder / "devices")
        traffic = Traffic(time.time)
        self._ended = threading.Event()
        self._devices = Link("demo-devices", chosen.post_broker[0], SUBSCRIPTIONS, self._heard)
        self._bridges = Link("demo-bridges", chosen.post_broker[0])
        self._ears = [
            Link("demo-ear", chosen.post_broker[0], ["#"], lambda topic, body: traffic.heard("post", topic, body)),
            Link(
                "demo-ear", chosen.precinct_broker[0], ["#"], lambda topic, body: traffic.heard("precinct", topic, body)
            ),
        ]
        self._fleet = Fleet(boot, self._devices.say, time.monotonic)
        self._evening = Evening(evening.script(), boot, self._bridges.say) if play else None
        self._socket = ports.listener(chosen.page)
        self._server = uvicorn.Server(_config(self._page(chosen, traffic)))
        self._threads = [
            threading.Thread(target=self._tick, name="devices", daemon=True),
            threading.Thread(target=self._server.run, args=([self._socket],), name="page", daemon=True),
        ]

    def start(self) -> None:
        """Connect the devices and open the page."""
        for link in self._links():
            link.start()
        for thread in self._threads:
            thread.start()

    def begin_evening(self) -> None:
        """Let the evening begin, once there is a post to hear it."""
        if self._evening is not None:
            self._evening.start()

    def stop(self) -> None:
        """Close the page, end the evening, and disconnect."""
        self._ended.set()
        self._server.should_exit = True
        if self._evening is not None:
            self._evening.stop()
        for thread in self._threads:
            thread.join(STOP_S)
        for link in self._links():
            link.stop()
        self._socket.close()

    def _page(self, chosen: Ports, traffic: Traffic) -> app.Pos:
        return app.Pos(
            name=NAME,
            post=POST,
            port=chosen.page,
            board=f"http://{ports.HOST}:{chosen.board}/",
            fleet=self._fleet,
            traffic=traffic,
            evening=self._evening,
            connected=lambda: self._devices.connected,
            closing=self._ended.is_set,
        )

    def _heard(self, topic: str, payload: bytes) -> None:
        self._fleet.heard(topic, payload)

    def _tick(self) -> None:
        while not self._ended.wait(TICK_S):
            self._fleet.tick()

    def _links(self) -> list[Link]:
        return [*self._ears, self._devices, self._bridges]


def _config(pos: app.Pos) -> uvicorn.Config:
    return uvicorn.Config(
        app.build(pos),
        log_config=None,
        access_log=False,
        lifespan="off",
        limit_concurrency=64,
        timeout_graceful_shutdown=1,
    )
