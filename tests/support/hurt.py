"""A town whose daemons can be hurt: started under a tracer or a preloaded library, and wired through proxies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.brokers import POST, Broker, MosquittoBroker
from tests.support.daemons import ROOT, Daemon
from tests.support.proxy import Proxy
from tests.support.town import POST_ID, Town, http_code
from tests.support.waiting import eventually

QUICK_RETRY = {"min": "200ms", "max": "1s"}


class HurtDaemon(Daemon):
    """A daemon whose next start is ``under`` other words, with more in its environment, or as another ``module``."""

    def __init__(self, command: str, config: Path, log: Path) -> None:
        super().__init__(command, config, log)
        self.under: tuple[str, ...] = ()
        self.env: dict[str, str] = {}
        self.module = "dispatcher"

    def start(self) -> None:
        """Start it and return at once."""
        assert self._process is None, f"{self._command} runs already"
        with self.log.open("ab") as log:
            self._from = log.tell()
            self._process = subprocess.Popen(
                [*self.under, sys.executable, "-m", self.module, self._command, "--config", str(self.config)],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1", **self.env},
            )

    def ended(self) -> bool:
        """Return whether the process has ended by itself or by a fault."""
        return not self.running

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Hold the process still, every thread of it, until the block is left."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WNOWAIT)
            yield
        finally:
            if self.running:
                os.kill(self.pid, signal.SIGCONT)


class HurtTown(Town):
    """A town on Debian's mosquitto. ``post`` are settings of its post; ``wired`` puts proxies before both brokers."""

    post: HurtDaemon
    precinct: HurtDaemon
    local: MosquittoBroker
    uplink: MosquittoBroker

    def __init__(self, folder: Path, *, wired: bool = False, post: dict[str, Any] | None = None) -> None:
        self._changes = {"retry": QUICK_RETRY, **(post or {})}
        self._wired = wired
        self._wires: dict[str, Proxy] = {}
        super().__init__(folder, "mosquitto")
        self.precinct = HurtDaemon("precinct", self.precinct.config, self.precinct.log)

    def make_post(self, name: str, **changes: Any) -> HurtDaemon:
        """Write another post.yaml and return its daemon (not started)."""
        plain = super().make_post(name, **{**self._changes, **changes})
        return HurtDaemon("post", plain.config, plain.log)

    def address(self, broker: Broker, user: str) -> dict[str, Any]:
        """Return the settings that reach a broker; those of the post lead over its wires."""
        settings = super().address(broker, user)
        if self._wired and user in (POST, POST_ID):
            settings["port"] = self._wire(user, broker).port
        return settings

    def _wire(self, user: str, broker: Broker) -> Proxy:
        if user not in self._wires:
            self._wires[user] = Proxy(broker.host, broker.port)
        return self._wires[user]

    @property
    def local_wire(self) -> Proxy:
        """What lies between the post and its own broker."""
        return self._wires[POST]

    @property
    def uplink_wire(self) -> Proxy:
        """What lies between the post and the precinct's broker."""
        return self._wires[POST_ID]

    def stop(self) -> None:
        """End everything, whatever state it is in."""
        try:
            super().stop()
        finally:
            for wire in self._wires.values():
                wire.close()

    def restart_post(self, data: Path | None = None) -> None:
        """Start the post after it was ended by a fault, and return when it hears its devices.

        Its count of quick ends is forgotten: what a crash loop leads to is another test's matter.
        """
        ((data or self.post_data) / "starts.json").unlink(missing_ok=True)
        self.post.start()
        self.wait_post()

    def hears(self) -> bool:
        """Return whether the post hears its devices."""
        return http_code(self.post, "/ready") == 200

    def wait_uplink(self, *, connected: bool = True) -> None:
        """Return once the post knows that the precinct's broker is there, or that it is not."""
        self.wait_metric('kentongan_mqtt_connected{role="precinct"}', lambda value: value == float(connected))

    def state_told(self) -> str | None:
        """Return the state that the post told the precinct last."""
        posts = self.officer.get("/posts")
        line = next((line for line in posts["posts"] if line["id"] == POST_ID), None) if posts else None
        return str(line["status"]["state"]) if line and line.get("status") else None


@contextmanager
def town_of_hurt(folder: Path, **options: Any) -> Iterator[HurtTown]:
    """Start such a town and end it whatever happens."""
    town = HurtTown(folder, **options)
    try:
        town.start()
        yield town
    finally:
        town.stop()


def broker_pid(broker: MosquittoBroker) -> int:
    """Return the process id of a broker that runs."""
    needle = os.fsencode(broker.folder)
    found = [pid for pid in children_of(os.getpid()) if needle in Path(f"/proc/{pid}/cmdline").read_bytes()]
    assert len(found) == 1, found
    return found[0]


def children_of(pid: int) -> list[int]:
    """Return the ids of a process's children."""
    return [child for child in map(int, _numbers(Path("/proc"))) if _parent_of(child) == pid]


def _numbers(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.isdecimal()]


def _parent_of(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return 0
    return int(fields[1])


def wait_children(daemon: Daemon, count: int = 1) -> list[int]:
    """Return a daemon's children once there are so many."""
    return eventually(
        lambda: found if len(found := children_of(daemon.pid)) >= count else None,
        lambda: f"{daemon.pid} has the children {children_of(daemon.pid)}",
    )
