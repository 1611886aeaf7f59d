"""Where a measurement takes place: two brokers from the shipped files, one contender between them, and the far end.

Everything lies in a folder of its own and listens on loopback; what was started here is ended here, by its process.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from tests.bench.collect import Collector
from tests.bench.load import SENTINEL, press
from tests.bench.packets import Client
from tests.support.brokers import POST, PRECINCT, MosquittoBroker, free_port

ROOT = Path(__file__).parents[2]
POST_ID, PRECINCT_ID = "pos-03", "polsek-tambora"
UP = f"kentongan/v1/{PRECINCT_ID}/{POST_ID}"
BARE_TOPIC = "kentongan/bench/confirm"  # the one sort of topic that the shipped access rules let the post's user write
WARM = "btn-warm"
WARM_BOOT = 1
WARM_PRESSES = 20
BUTTONS = [f"btn-{number:03d}" for number in range(400)]
SENSORS = [f"temp-{number:02d}" for number in range(40)]
START_S = 60.0


class Broken(Exception):
    """A part of the stage did not come up or died; says which, and where its log lies."""


class Contender(Protocol):
    """What answers presses: the post, or the bare loop."""

    name: str
    process: subprocess.Popen[bytes] | None

    def start(self) -> None: ...
    def kill(self) -> None: ...
    def stop(self) -> None: ...


class _Process:
    """A contender's process and its log."""

    name = ""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / f"{self.name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        raise NotImplementedError

    def start(self) -> None:
        """Start, without waiting for more than the process."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command(), cwd=ROOT, stdout=log, stderr=log)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end("kill")

    def stop(self) -> None:
        """Ask it to end, and no longer than ten seconds."""
        self._end("terminate")

    def _end(self, how: str) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        getattr(process, how)()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


class Bare(_Process):
    """The bare loop."""

    name = "bare"

    def __init__(self, folder: Path, broker: MosquittoBroker) -> None:
        super().__init__(folder)
        self._broker = broker

    def command(self) -> list[str]:
        login = self._broker.login(POST)
        port = str(self._broker.port)
        return [sys.executable, "-m", "tests.bench.bare", port, login.username, login.password, BARE_TOPIC]


class Post(_Process):
    """The post, as its command starts it. ``ready_s`` is how long the last start took to say READY."""

    name = "post"

    def __init__(self, folder: Path, config: Path, http: int, wrapper: Sequence[str] = ()) -> None:
        super().__init__(folder)
        self._config = config
        self._wrapper = list(wrapper)
        self.http = http
        self.ready_s = 0.0

    def command(self) -> list[str]:
        return [*self._wrapper, sys.executable, "-m", "dispatcher", "post", "--config", str(self._config)]

    def start(self) -> None:
        """Start, and return once READY was said. Raises Broken."""
        began, self._said_ready = time.monotonic(), False
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command(), cwd=ROOT, stdout=subprocess.PIPE, stderr=log)
        ready = threading.Event()
        assert self.process.stdout is not None
        threading.Thread(target=self._copy, args=(self.process.stdout, ready), daemon=True).start()
        if not ready.wait(START_S) or not self._said_ready:
            raise Broken(f"the post did not say READY: {self.log}")
        self.ready_s = time.monotonic() - began

    def _copy(self, stream: IO[bytes], ready: threading.Event) -> None:
        with self.log.open("ab") as log:
            for line in stream:
                log.write(line)
                if line.startswith(b"READY"):
                    self._said_ready = True
                    ready.set()
        ready.set()  # it has ended: nobody need wait for it

    def is_ready(self) -> bool:
        """Return whether /ready says so."""
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{self.http}/ready", timeout=5) as reply:
            return bool(reply.status == 200)
        return False

    def metric(self, name: str) -> float:
        """Return the sum of a metric over its labels."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}/metrics", timeout=10) as reply:
            lines = reply.read().decode().splitlines()
        values = [line.rsplit(" ", 1) for line in lines if not line.startswith("#")]
        return sum(float(value) for key, value in values if key.split("{")[0] == name)


@dataclass
class Stage:
    """Everything of one measurement, running."""

    folder: Path
    local: MosquittoBroker
    contender: Contender
    collector: Collector
    loads: int = 1

    @property
    def post(self) -> Post:
        """The contender, where it is the post."""
        assert isinstance(self.contender, Post)
        return self.contender

    @contextmanager
    def load(self, streams: list[dict[str, Any]], *, sentinel: bool = False) -> Iterator[Sending]:
        """Connect the devices of these streams; they send when told to. Each load presses under its own boot number."""
        self.loads += 1
        spec = self.folder / f"load-{self.loads}.json"
        sends = self.folder / f"sends-{self.loads}.txt"
        body = {"port": self.local.port, "boot": self.loads, "streams": streams, "sends": str(sends)}
        spec.write_text(json.dumps({**body, "sentinel": sentinel}), "ascii")
        sending = Sending(spec, sends, self.loads)
        try:
            yield sending
        finally:
            sending.close()

    def warm_up(self, seconds: float = START_S) -> None:
        """Press until it is answered, and a few times more, so that no contender is measured cold."""
        button = Client(self.local.port, WARM, WARM, self.local.login(WARM).password)
        end = time.monotonic() + seconds
        number = 0
        while self.collector.count(WARM_BOOT) == 0 or number < WARM_PRESSES:
            if time.monotonic() > end:
                raise Broken(f"no answer from the {self.contender.name}: {self.folder}")
            number += 1
            button.publish(f"kentongan/{WARM}/event", press(WARM_BOOT, number))
            self.collector.wait_count(WARM_BOOT, number, 0.05)
        button.close()


class Sending:
    """A load's process: `begin`, then `end` gives its report; ``boot`` is what its presses carry."""

    def __init__(self, spec: Path, sends: Path, boot: int) -> None:
        self.boot = boot
        self._sends = sends
        command = [sys.executable, "-m", "tests.bench.load", str(spec)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        if self._process.stdout.readline() != b"connected\n":
            raise Broken("the load could not connect")

    def begin(self) -> None:
        """Send."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"go\n")
        self._process.stdin.flush()

    def end(self) -> dict[str, Any]:
        """Wait until everything is sent and acknowledged by the broker, and return the report."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise Broken("the load died")
        report: dict[str, Any] = json.loads(line)
        return report

    def presses(self) -> dict[tuple[str, int, int], int]:
        """Return each press and the ns just before it was sent."""
        rows = (line.split() for line in self._sends.read_text("ascii").splitlines())
        return {(device, self.boot, int(seq)): int(ns) for ns, device, seq in rows}

    def close(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.wait(10)
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()


# --- making one ------------------------------------------------------------------------------------------------------


def allow_many_connections() -> None:
    """Lift this process's limit of open files, and that of what it starts, as far as it may."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@contextmanager
def bare_stage(folder: Path) -> Iterator[Stage]:
    """A warm bare loop between a device's press and the collector."""
    local = MosquittoBroker(_made(folder / "post-broker"), "post", LOCAL_USERS)
    contender = Bare(folder, local)
    with _running(local), _ended(contender):
        far = Client(local.port, "bench-far", POST, local.login(POST).password)
        stage = Stage(folder, local, contender, Collector(far, BARE_TOPIC))
        contender.start()
        stage.warm_up()
        yield stage
        stage.collector.close()


@contextmanager
def post_stage(
    folder: Path, rules: int = 100, wrapper: Sequence[str] = (), data: Path | None = None
) -> Iterator[Stage]:
    """A warm post with so many rules between the devices' broker and the precinct's; ``data`` is its data_dir."""
    local = MosquittoBroker(_made(folder / "post-broker"), "post", LOCAL_USERS)
    far = MosquittoBroker(_made(folder / "precinct-broker"), "precinct", (PRECINCT, POST_ID))
    config, http = write_config(folder, local, far, rules, data or folder / "data")
    contender = Post(folder, config, http, wrapper)
    with _running(local), _running(far), _ended(contender):
        client = Client(far.port, "bench-precinct", PRECINCT, far.login(PRECINCT).password)
        stage = Stage(folder, local, contender, Collector(client, f"{UP}/alert", f"{UP}/receipt"))
        contender.start()
        wait_ready(contender)
        stage.warm_up()
        yield stage
        stage.collector.close()


def wait_ready(post: Post) -> None:
    """Wait until the post hears its devices. Raises Broken."""
    end = time.monotonic() + START_S
    while not post.is_ready():
        if time.monotonic() > end:
            raise Broken(f"the post is not ready: {post.log}")
        time.sleep(0.02)


LOCAL_USERS = (POST, PRECINCT, WARM, SENTINEL, *BUTTONS, *SENSORS)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def _running(broker: MosquittoBroker) -> Iterator[None]:
    broker.start()
    try:
        yield
    finally:
        broker.stop()


@contextmanager
def _ended(contender: Contender) -> Iterator[None]:
    try:
        yield
    finally:
        contender.stop()


def write_config(
    folder: Path, local: MosquittoBroker, far: MosquittoBroker, rules: int, data: Path
) -> tuple[Path, int]:
    """Write post.yaml, site.yaml and rules; return post.yaml and the HTTP port. JSON is YAML, too."""
    http = free_port()
    body = {
        "post": POST_ID,
        "data_dir": str(data),
        "site": "site.yaml",
        "rules": ["rules"],
        "broker": _broker(folder, local, POST),
        "precinct": {"id": PRECINCT_ID, "broker": _broker(folder, far, POST_ID)},
        "http": {"listen": f"127.0.0.1:{http}"},
        "clock": {"trust": "always"},
    }
    (folder / "post.yaml").write_text(json.dumps(body), "ascii")
    (folder / "site.yaml").write_text(json.dumps(_site(rules)), "ascii")
    write_rules(_made(folder / "rules"), rules)
    return folder / "post.yaml", http


def _broker(folder: Path, broker: MosquittoBroker, user: str) -> dict[str, object]:
    login = broker.login(user)
    secret = folder / f"{user}.password"
    secret.write_text(login.password, "ascii")
    secret.chmod(0o600)
    return {"host": broker.host, "port": broker.port, "username": login.username, "password_file": str(secret)}


def _heard(rules: int) -> list[str]:
    """Return the sensors that so many rules ask about; what is spare never speaks."""
    return [SENTINEL, *SENSORS, *(f"spare-{number}" for number in range(rules))][:rules]


def _site(rules: int) -> dict[str, object]:
    device = {"profile": "kentongan", "post": POST_ID, "zone": "gang"}
    buttons = [{**device, "id": name, "role": "panic_button"} for name in (WARM, *BUTTONS)]
    sensors = [{**device, "id": name, "role": "heat"} for name in dict.fromkeys((SENTINEL, *SENSORS, *_heard(rules)))]
    return {
        "timezone": "Asia/Jakarta",
        "precinct": {"id": PRECINCT_ID},
        "kelurahan": [{"id": "krendang", "code": "31.73.04.1005", "name": "Krendang"}],
        "posts": [{"id": POST_ID, "kelurahan": "krendang", "zones": ["gang"]}],
        "devices": [*buttons, *sensors],
    }


def write_rules(folder: Path, count: int) -> None:
    """Write rules that all ask about each reading: a limit for each sensor, and for sensors that never speak."""
    names = _heard(count)
    rules = [
        {
            "id": f"hot-{number}",
            "when": {"event": "reading.temperature", "where": {"device": name, "value": {"above": 90}}},
            "then": {"escalate": "precinct", "incident": "panas", "severity": "medium", "message": "Panas {device}"},
            "throttle": {"once_within": "10m", "group_by": ["device"]},
        }
        for number, name in enumerate(names)
    ]
    (folder / "hot.yaml").write_text(json.dumps({"version": 1, "rules": rules}), "ascii")


def children(pid: int) -> list[int]:
    """Return the process ids below this one."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):
            found += [int(word) for word in (task / "children").read_text("ascii").split()]
    return found + [deeper for child in found for deeper in children(child)]


def environment() -> dict[str, object]:
    """Return what a reader of the figures wants to know about the machine."""
    return {
        "cpus": os.cpu_count(),
        "python": sys.version.split()[0],
        "load": os.getloadavg()[0],
        "os": os.uname().release,
    }
