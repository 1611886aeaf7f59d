"""A small town in one folder: two brokers, a post, a precinct, and the people and devices that use them.

Everything runs as the real process on a free port of this machine and is ended by its own id. The mosquitto kind runs
the shipped files of post and precinct, with their passwords and access rules.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from tests.support.brokers import POST, PRECINCT, Broker, Kind, free_port, make_broker
from tests.support.daemons import ROOT, Daemon
from tests.support.radio import Button, Heard, Radio
from tests.support.waiting import PATIENCE_S, eventually

HOST = "127.0.0.1"
STORIES = ROOT / "tests" / "stories"
SITE = STORIES / "site.yaml"
RULES = (ROOT / "rules", STORIES / "rules")
PROFILES = ROOT / "devices"
PRECINCT_ID = "polsek-tambora"
POST_ID = "pos-03"
TOPICS = f"kentongan/v1/{PRECINCT_ID}"
USERS = (
    POST,
    PRECINCT,
    *("zigbee2mqtt", "tasmota"),
    *(f"btn-{n}" for n in range(1, 8)),
    *("lamp-1", "siren-1", "door-1", "pir-1", "stranger-9", "siber-1"),
    *(POST_ID, "pos-07"),
)

Answer = dict[str, Any]


class Town:
    """Made, then ``start``ed, then told stories in. ``site``, ``rules`` and ``profiles`` are what the post reads.

    ``precinct_rules`` are the rules that the precinct reads.
    """

    def __init__(
        self,
        folder: Path,
        kind: Kind,
        *,
        site: Path = SITE,
        rules: Sequence[Path] = RULES,
        profiles: Path = PROFILES,
        precinct_rules: Sequence[Path] = (),
    ) -> None:
        self.folder = folder
        self.kind = kind
        folder.mkdir(parents=True, exist_ok=True)
        self.local = make_broker(kind, folder / "post-broker", "post", USERS)
        self.uplink = make_broker(kind, folder / "precinct-broker", "precinct", USERS)
        self._site = site
        self._rules = rules
        self._profiles = profiles
        self._precinct_rules = precinct_rules
        self.post = self.make_post("post")
        self.precinct = Daemon("precinct", self._write_precinct(), folder / "precinct.log")
        self.officer = Officer(self._board_port)
        self._lamp: Lamp | None = None
        self._brokers = False
        self._rooms = ExitStack()

    # --- files

    def make_post(self, name: str, **changes: Any) -> Daemon:
        """Write another post.yaml, with data under ``name``, and return its daemon (not started)."""
        port = free_port()
        body = {
            "post": POST_ID,
            "data_dir": f"{name}-data",
            "site": str(self._site),
            "rules": [str(path) for path in self._rules],
            "devices": [str(self._profiles)],
            "broker": self.address(self.local, POST),
            "precinct": {"id": PRECINCT_ID, "broker": self.address(self.uplink, POST_ID)},
            "http": {"listen": f"{HOST}:{port}"},
            "clock": {"trust": "always"},
            **changes,
        }
        return Daemon("post", self._write(f"{name}.yaml", body), self.folder / f"{name}.log")

    def _write_precinct(self) -> Path:
        self._board_port = free_port()
        body = {
            "precinct": PRECINCT_ID,
            "data_dir": "precinct-data",
            "site": str(self._site),
            "broker": self.address(self.uplink, PRECINCT),
            "http": {"listen": f"{HOST}:{self._board_port}"},
            "rules": [str(path) for path in self._precinct_rules],
        }
        return self._write("precinct.yaml", body)

    def address(self, broker: Broker, user: str) -> dict[str, Any]:
        """Write down the password of `user`, and return the settings that reach a broker with it."""
        secret = self.folder / f"{user}.password"
        secret.write_text(broker.login(user).password + "\n", encoding="utf-8")
        secret.chmod(0o600)
        return {"host": broker.host, "port": broker.port_v5, "username": user, "password_file": secret.name}

    def _write(self, name: str, body: dict[str, Any]) -> Path:
        path = self.folder / name
        path.write_text(json.dumps(body, indent=1), encoding="utf-8")  # what is JSON is YAML too
        return path

    @property
    def post_data(self) -> Path:
        """The post's data_dir."""
        return self.folder / "post-data"

    @property
    def precinct_data(self) -> Path:
        """The precinct's data_dir."""
        return self.folder / "precinct-data"

    # --- life

    def start_brokers(self) -> None:
        """Start the two brokers, unless they run."""
        if not self._brokers:
            self.local.start()
            self.uplink.start()
            self._brokers = True

    def start(self) -> None:
        """Start everything, and return once the post hears its devices and somebody sits at the board."""
        self.start_unattended()
        self.officer.sit_down()

    def start_unattended(self) -> None:
        """Start everything, and return once the post hears its devices. Nobody sits at the board."""
        self.start_brokers()
        self._lamp = Lamp(Radio(self.local, "lamp-1", ["kentongan/lamp-1/command"]))
        self.precinct.start()
        self.post.start()
        self.precinct.wait_ready()
        self.wait_post()

    def wait_post(self, post: Daemon | None = None) -> None:
        """Return once a post is READY and subscribed at its broker."""
        daemon = post or self.post
        daemon.wait_ready()
        eventually(lambda: http_code(daemon, "/ready") == 200, lambda: f"/ready is not 200\n{daemon.tail()}")

    def stop(self) -> None:
        """End everything, whatever state it is in."""
        with ExitStack() as ends:
            for end in (self.uplink.stop, self.local.stop, self.precinct.kill, self.post.kill):
                ends.callback(end)
            ends.callback(self.switch_off)
            ends.callback(self.officer.leave)
            if self._lamp is not None:
                ends.callback(self._lamp.switch_off)

    def switch_off(self) -> None:
        """End every client that was made here: the devices of a story that is over."""
        self._rooms.close()

    # --- people and devices

    def radio(self, user: str, *topics: str) -> Radio:
        """Return a client at the post's broker."""
        radio = Radio(self.local, user, topics)
        self._rooms.callback(radio.close)
        return radio

    def uplink_radio(self, user: str, *channels: str, post: str = POST_ID) -> Radio:
        """Return a client at the precinct's broker that hears these channels of a post."""
        topics = [f"{TOPICS}/{post}/{channel}" for channel in channels]
        radio = Radio(self.uplink, user, topics)
        self._rooms.callback(radio.close)
        return radio

    def button(self, device: str, boot: int = 1) -> Button:
        """Return a button with power on."""
        button = Button(self.local, device, boot)
        self._rooms.callback(button.radio.close)
        return button

    @property
    def lamp(self) -> Lamp:
        """The lamp beside the buttons, which is on as long as the town lives."""
        assert self._lamp is not None, "the town has not been started"
        return self._lamp

    def grow_quiet(self) -> None:
        """Close whatever is open, and return when the lamp is idle."""
        eventually(lambda: self.lamp.now == "idle", lambda: f"lamp: {self.lamp.now}", meanwhile=self._close_everything)

    def _close_everything(self) -> None:
        if self.lamp.now != "idle":
            self.officer.close_everything()

    def logs(self) -> str:
        """Return the end of both daemons' logs, for a complaint."""
        return f"{self.post.tail()}\n{self.precinct.tail()}"

    # --- the post's own numbers

    def metrics(self) -> str:
        """Return the post's metrics as text."""
        return http_get(self.post, "/metrics").text

    def metric(self, name: str) -> float:
        """Return one of the post's metrics by its name with labels, 0 when it is not there."""
        return value_of(self.metrics(), name)

    def rejected(self, reason: str) -> float:
        """Return how many messages the post has refused for a reason."""
        return self.metric(f'kentongan_rejected_total{{reason="{reason}"}}')

    def wait_metric(self, name: str, holds: Callable[[float], bool]) -> None:
        """Return once a metric is as wanted."""
        eventually(lambda: holds(self.metric(name)), lambda: f"{name} is {self.metric(name)}\n{self.logs()}")


@contextmanager
def living(town: Town) -> Iterator[Town]:
    """Start a town and end it whatever happens."""
    try:
        town.start()
        yield town
    finally:
        town.stop()


class Lamp:
    """What the lamp beside the buttons was told to show."""

    def __init__(self, radio: Radio) -> None:
        self._radio = radio

    def shown(self) -> list[str]:
        """Return the stages it was told, in order; the same one several times, since each is told again."""
        bodies = (message.body for message in self._radio.heard("/command"))
        return [str(body.get("args", {}).get("stage")) for body in bodies if body.get("command") == "lamp.stage"]

    @property
    def now(self) -> str | None:
        """What it was told last, None before the first word."""
        return shown[-1] if (shown := self.shown()) else None

    def wait(self, stage: str) -> None:
        """Return once this stage is what it shows."""
        eventually(lambda: self.now == stage, lambda: f"the lamp never came to {stage!r}: {self.shown()[-20:]}")

    def switch_off(self) -> None:
        """Disconnect."""
        self._radio.close()


class Officer:
    """The duty officer: sits at a board, and acts through the API."""

    def __init__(self, port: int, badge: str = "4021") -> None:
        self.badge = badge
        self._port = port
        self._http = httpx.Client(base_url=f"http://{HOST}:{port}/api/v1", timeout=PATIENCE_S, trust_env=False)
        self._gone = threading.Event()
        self._seat: threading.Thread | None = None

    def sit_down(self) -> None:
        """Open a board and keep it open, over restarts of the precinct too: an empty desk is a story of its own."""
        self._gone.clear()
        self._seat = threading.Thread(target=self._watch, name="board", daemon=True)
        self._seat.start()

    def leave(self) -> None:
        """Close the board."""
        self._gone.set()
        if self._seat is not None:
            self._seat.join(PATIENCE_S)
        self._http.close()

    def _watch(self) -> None:
        while not self._gone.is_set():
            with suppress(OSError), socket.create_connection((HOST, self._port), timeout=1) as board:
                board.sendall(f"GET /api/v1/events HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
                self._read(board)
            self._gone.wait(0.1)

    def _read(self, board: socket.socket) -> None:
        while not self._gone.is_set():
            with suppress(TimeoutError):
                if not board.recv(65_536):
                    return

    def get(self, path: str) -> Any:
        """Return a JSON answer; None while the precinct is away or does not know it."""
        with suppress(httpx.TransportError):
            answer = self._http.get(path)
            return answer.json() if answer.status_code == 200 else None
        return None

    def incidents(self, state: str = "all") -> list[Answer]:
        """Return the incidents on the board."""
        body = self.get(f"/incidents?state={state}")
        return [] if body is None else list(body["incidents"])

    def incident(self, incident: str) -> Answer:
        """Return one incident with its timeline and evidence; empty while it is not there."""
        found = self.get(f"/incidents/{incident}")
        return {} if found is None else dict(found)

    def wait_incident(self, incident: str, holds: Callable[[Answer], bool] = bool) -> Answer:
        """Return an incident once it is as wanted."""
        return eventually(
            lambda: found if (found := self.incident(incident)) and holds(found) else None,
            lambda: f"the board has {self.incident(incident) or self.incidents()}",
        )

    def metric(self, name: str) -> float:
        """Return one of the precinct's metrics by its name with labels, 0 when it is not there."""
        return value_of(self._http.get(f"http://{HOST}:{self._port}/metrics").text, name)

    def do(self, incident: str, verb: str, **more: Any) -> Answer:
        """Act on an incident and return it as it is afterwards."""
        answer = self._http.post(f"/incidents/{incident}/{verb}", json={"by": self.badge, **more})
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["incident"])

    def post(self, path: str, body: Answer) -> Answer:
        """Ask the API for something that is no incident, and return its answer."""
        answer = self._http.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def close_everything(self) -> None:
        """Close what is open, whatever it is."""
        for incident in self.incidents("open"):
            self._http.post(f"/incidents/{incident['id']}/close", json={"by": self.badge, "disposition": "drill"})


def value_of(metrics: str, name: str) -> float:
    """Return one value out of a text of metrics, 0 when it is not there."""
    line = next((line for line in metrics.splitlines() if line.startswith(name + " ")), "0 0")
    return float(line.rsplit(" ", 1)[1])


def http_get(post: Daemon, path: str) -> httpx.Response:
    """Ask a post's own HTTP server."""
    listen = json.loads(post.config.read_text(encoding="utf-8"))["http"]["listen"]
    return httpx.get(f"http://{listen}{path}", timeout=PATIENCE_S, trust_env=False)


def http_code(post: Daemon, path: str) -> int:
    """Return the status code, 0 when nobody answers."""
    with suppress(httpx.TransportError):
        return http_get(post, path).status_code
    return 0


def revisions(heard: Sequence[Heard], incident: str) -> dict[int, list[Answer]]:
    """Return the alerts of one incident as they passed the precinct's broker, by revision."""
    found: dict[int, list[Answer]] = {}
    for message in heard:
        if message.body.get("id") == incident:
            found.setdefault(message.body["rev"], []).append(message.body)
    return found
