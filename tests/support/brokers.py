"""Two brokers behind one face, so that a test can be run over both.

`MosquittoBroker` runs Debian's mosquitto from the files that are shipped under `config/mosquitto/`; only paths, port
and certificates are replaced, in a copy. `EmbeddedBroker` runs the demo's broker, which needs nothing on the machine.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, TypeVar

import pytest

from dispatcher.demo.brokers import IotcoreBroker

HOST = "127.0.0.1"
SHIPPED = Path(__file__).parents[2] / "config" / "mosquitto"
START_DEADLINE_S = 15.0
STOP_DEADLINE_S = 15.0

Place = Literal["post", "precinct"]

POST = "kentongan-post"
PRECINCT = "kentongan-precinct"
BRIDGES = ("zigbee2mqtt", "tasmota", "shelly", "rtl_433", "frigate")
DEFAULT_USERS = (POST, PRECINCT, *BRIDGES, "btn-01", "btn-02", "lamp-01", "pos-03", "pos-04", "siber-1")


@dataclass(frozen=True)
class Login:
    """What a client shows the broker."""

    username: str
    password: str


class Broker(Protocol):
    """A broker on this machine. `port` speaks MQTT 3.1.1 and `port_v5` MQTT 5; they may be one."""

    @property
    def host(self) -> str: ...

    @property
    def port(self) -> int: ...

    @property
    def port_v5(self) -> int: ...

    def login(self, user: str) -> Login:
        """Return the credentials of `user`, one of those the broker was made with."""
        ...

    def start(self) -> None:
        """Start, on the same ports and with what was kept, and return once connections are accepted."""
        ...

    def stop(self) -> None:
        """Stop in an orderly way."""
        ...


def login_of(user: str, users: Sequence[str]) -> Login:
    """Return credentials made from the name; a name that the broker does not know is a mistake in the test."""
    if user not in users:
        raise KeyError(f"no user {user!r} at this broker; it has {', '.join(users)}")
    return Login(user, f"secret-of-{user}")


_given: set[int] = set()  # a run of all tests takes some thousand


def _ports() -> range:
    """Return the ports that are ours: processes that share the tests each have their own, and cannot meet."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    share = 12_000 // workers
    return range(20_000 + worker * share, 20_000 + (worker + 1) * share)


def free_port() -> int:
    """Return a TCP port that is free.

    Below the range from which Linux takes the near end of outgoing connections: a port of that range may be in use by
    some client a moment later, and the broker could not start. None is given twice: what was given is not bound yet.
    """
    while True:
        port = secrets.choice(_ports())
        if port in _given:
            continue
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))
            _given.add(port)
            return port


# --- mosquitto -------------------------------------------------------------------------------------------------------


def find_program(name: str) -> str | None:
    """Return the path of `name`; Debian keeps the daemon where an ordinary user's PATH does not look."""
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


def require_mosquitto() -> None:
    """Skip the test without mosquitto, or fail it where KENTONGAN_REQUIRE_MOSQUITTO=1 promises one."""
    if find_program("mosquitto") and find_program("mosquitto_passwd"):
        return
    message = "mosquitto is not installed: apt install mosquitto"
    if os.environ.get("KENTONGAN_REQUIRE_MOSQUITTO") == "1":
        pytest.fail(message)
    pytest.skip(message)


@dataclass(frozen=True)
class Certificate:
    """A server's certificate and key, and the CA file that a client checks it against."""

    ca: Path
    certificate: Path
    key: Path


class MosquittoBroker:
    """Debian's mosquitto from the shipped files of a post or a precinct, under `folder`.

    Without `certificate` the precinct's TLS listener becomes a plain one.
    """

    def __init__(
        self,
        folder: Path,
        place: Place = "post",
        users: Sequence[str] = DEFAULT_USERS,
        certificate: Certificate | None = None,
    ) -> None:
        self.host = HOST
        self.port = free_port()
        self.folder = folder
        self.log = folder / "mosquitto.log"
        self._place = place
        self._users = tuple(users)
        self._certificate = certificate
        self._process: subprocess.Popen[bytes] | None = None
        self._data = folder / "data"
        self._passwords = folder / "passwd"
        self._config = folder / f"{place}.conf"
        self._prepare()

    @property
    def port_v5(self) -> int:
        """Mosquitto speaks both versions on one port."""
        return self.port

    def login(self, user: str) -> Login:
        """Return the credentials of `user`."""
        return login_of(user, self._users)

    def start(self) -> None:
        """Start with the data of last time, and return once connections are accepted."""
        with self.log.open("ab") as log:
            command = [find_program("mosquitto") or "mosquitto", "-c", str(self._config)]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_until(self._accepts, START_DEADLINE_S, f"mosquitto did not start:\n{self.log.read_text()}")

    def stop(self) -> None:
        """Ask it to end, which saves its data. Safe to call twice."""
        self._end(lambda process: process.terminate())

    def kill(self) -> None:
        """End it as a power cut would: nothing more is saved."""
        self._end(lambda process: process.kill())

    def _end(self, how: Callable[[subprocess.Popen[bytes]], None]) -> None:
        process, self._process = self._process, None
        if process is not None:
            how(process)
            process.wait(STOP_DEADLINE_S)

    def _accepts(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError(f"mosquitto ended at once:\n{self.log.read_text()}")
        return accepts(self.host, self.port)

    def _prepare(self) -> None:
        self._data.mkdir(parents=True, exist_ok=True)
        self._write_passwords()
        shipped = (SHIPPED / f"{self._place}.conf").read_text(encoding="utf-8").splitlines()
        lines = [line for old in shipped if (line := self._replaced(old)) is not None]
        # Started by root it would become user mosquitto, who may not read the test's folder.
        lines.append(f"user {pwd.getpwuid(os.getuid()).pw_name}")
        self._config.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def _write_passwords(self) -> None:
        logins = [self.login(user) for user in self._users]
        self._passwords.write_text("".join(f"{one.username}:{one.password}\n" for one in logins), encoding="utf-8")
        subprocess.run([find_program("mosquitto_passwd") or "mosquitto_passwd", "-U", str(self._passwords)], check=True)
        self._passwords.chmod(0o600)

    def _replaced(self, line: str) -> str | None:
        """Return the line for the copy, or None to leave it out. What is not named here stays as it is shipped."""
        replacement = self._replacements()
        setting = line.split(" ", 1)[0]
        return replacement.get(setting, line)

    def _replacements(self) -> dict[str, str | None]:
        tls = self._certificate
        return {
            "listener": f"listener {self.port} {self.host}",
            "persistence_location": f"persistence_location {self._data}/",
            "password_file": f"password_file {self._passwords}",
            "acl_file": f"acl_file {self._copied_acl()}",
            "certfile": f"certfile {tls.certificate}" if tls else None,
            "keyfile": f"keyfile {tls.key}" if tls else None,
            "tls_version": "tls_version tlsv1.2" if tls else None,
        }

    def _copied_acl(self) -> Path:
        copy = self.folder / f"{self._place}.acl"
        if not copy.exists():
            shutil.copy(SHIPPED / copy.name, copy)
            copy.chmod(0o600)
        return copy


def make_certificate(folder: Path) -> Certificate:
    """Make a self-signed certificate for 127.0.0.1 with openssl; it is its own CA."""
    made = Certificate(ca=folder / "tls.crt", certificate=folder / "tls.crt", key=folder / "tls.key")
    key_options = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"]
    names = ["-subj", "/CN=precinct.test", "-addext", f"subjectAltName=IP:{HOST}"]
    files = ["-keyout", str(made.key), "-out", str(made.certificate)]
    subprocess.run(["openssl", "req", "-x509", *key_options, *names, *files], check=True, capture_output=True)
    return made


# --- embedded --------------------------------------------------------------------------------------------------------


class EmbeddedBroker:
    """The demo's broker. It keeps nothing over `stop`, and knows passwords but no access rules."""

    def __init__(self, users: Sequence[str] = DEFAULT_USERS) -> None:
        self.host = HOST
        self.port = free_port()
        self.port_v5 = free_port()
        self._users = tuple(users)
        logins = [self.login(user) for user in self._users]
        credentials = {one.username: one.password for one in logins}
        self._broker = IotcoreBroker(self.port, self.port_v5, credentials=credentials)

    def login(self, user: str) -> Login:
        """Return the credentials of `user`."""
        return login_of(user, self._users)

    def start(self) -> None:
        """Start empty, on the same ports."""
        self._broker.start(START_DEADLINE_S)

    def stop(self) -> None:
        """Stop and forget everything."""
        self._broker.stop()


# --- both ------------------------------------------------------------------------------------------------------------

Kind = Literal["mosquitto", "embedded"]
B = TypeVar("B", bound=Broker)
KINDS: tuple[Kind, ...] = ("mosquitto", "embedded")


def make_broker(kind: Kind, folder: Path, place: Place = "post", users: Sequence[str] = DEFAULT_USERS) -> Broker:
    """Return a broker of that kind, not started yet; skips or fails where mosquitto is missing."""
    if kind == "embedded":
        return EmbeddedBroker(users)
    require_mosquitto()
    return MosquittoBroker(folder, place, users)


@contextmanager
def running(broker: B) -> Iterator[B]:
    """Start `broker`, and stop it whatever happens."""
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


def accepts(host: str, port: int) -> bool:
    """Tell whether something listens there."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def wait_until(condition: Callable[[], bool], deadline_s: float, complaint: str) -> None:
    """Return as soon as `condition` holds; fail with `complaint` after `deadline_s` seconds."""
    end = time.monotonic() + deadline_s
    tick = threading.Event()
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(complaint)
        tick.wait(0.01)
