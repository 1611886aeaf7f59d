"""The precinct as a process: store, broker, board; started, watched, and ended in order."""

import fcntl
import signal
import threading
import time
from pathlib import Path
from typing import IO

from dispatcher.domain.events import Lane
from dispatcher.domain.faults import Fault
from dispatcher.domain.stamp import Stamp
from dispatcher.matcher.durable import DurableMatcher
from dispatcher.matcher.port import Matcher, Report
from dispatcher.matcher.python import PythonMatcher
from dispatcher.mqtt import Endpoint, LinkState, Phase
from dispatcher.mqtt import Link as MqttLink
from dispatcher.precinct import Station, StoreError, topic_filters
from dispatcher.precinct.board import Board
from dispatcher.precinct.config import Loaded, load
from dispatcher.precinct.database import ForeignFile
from dispatcher.precinct.reloading import Reloading
from dispatcher.precinct.rules.ruling import Done, Rules
from dispatcher.precinct.web import NotLoopback, create_app, serve
from dispatcher.settings.station import PrecinctSettings
from dispatcher.telemetry import log as logs
from dispatcher.telemetry import notify

GOOD, IO_ERROR, TRY_LATER, BAD_CONFIG = 0, 74, 75, 78
LOCK_FILE = "lock"
MIN_TOKEN = 16
TOKEN_FILE = "api-token"  # in data_dir; where it stands, the API asks for it


class CannotStart(Exception):
    """Why the precinct does not start, and with which exit code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Precinct:
    """A precinct: ``run`` starts it, says READY, and returns the exit code when it has ended."""

    def __init__(self, settings: PrecinctSettings) -> None:
        """Open the store. Raises CannotStart, FaultsFound."""
        self._settings = settings
        self._log = logs.get(precinct=settings.precinct)
        self._stop = threading.Event()
        self._post_office = PostOffice()
        self._loaded = load(settings)
        self._reloading = Reloading(
            settings,
            self._loaded,
            self._matcher,
            change=self._change_rules,
            faults=self._note_faults,
            log=self._log,
        )
        self._station = self._open(self._loaded)
        self._complain(self._loaded.faults)
        self._link = self._connect()
        self._post_office.link = self._link

    def _open(self, loaded: Loaded) -> Station:
        settings = self._settings
        try:
            settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = hold(settings.data_dir / LOCK_FILE)
            return Station(
                settings.precinct,
                settings.data_dir,
                loaded.site,
                self._post_office,
                rules=self._reloading.first(),
                on_failure=lambda _error: self._stop.set(),
            )
        except BlockingIOError:
            raise CannotStart(TRY_LATER, f"{settings.data_dir}: Polsek lain memakai folder ini / is in use") from None
        except ForeignFile as error:
            raise CannotStart(BAD_CONFIG, f"{settings.data_dir}: {error}") from None
        except (StoreError, OSError) as error:
            raise CannotStart(IO_ERROR, f"{settings.data_dir}: {error}") from None

    def _matcher(self) -> Matcher:
        python = self._settings.matcher == "python"
        return PythonMatcher() if python else DurableMatcher(on_report=self._matcher_report)

    def _matcher_report(self, report: Report) -> None:
        self._log.warning(
            "matcher", reason=str(report.reason), detail=report.detail, clause=report.clause, trigger=report.event
        )

    def _complain(self, faults: tuple[Fault, ...]) -> None:
        """Tell of files that cannot be used, in the log, as a number, and on the board."""
        self._note_faults(len(faults))
        for fault in faults:
            self._log.error("config_fault", fault=fault.render("en"), fallbacks=list(self._loaded.fallbacks))

    def _change_rules(self, rules: Rules, done: Done) -> None:
        self._station.change_rules(rules, done)

    def _note_faults(self, count: int) -> None:
        self._station.config_faults = count  # the board is told when the station looks at its clock

    def _connect(self) -> MqttLink:
        settings = self._settings
        try:
            endpoint = Endpoint.of(settings.broker.endpoint())
        except OSError as error:
            raise CannotStart(BAD_CONFIG, f"broker.password_file: {error}") from None
        return MqttLink(
            name="precinct",
            client_id=f"kentongan-{settings.precinct}",
            endpoint=endpoint,
            lane=Lane.PRECINCT,
            filters=(*topic_filters(settings.precinct), *self._station.device_topics),
            stamp=_stamp,
            deliver=self._station.receive,
            on_state=self._heard,
        )

    def _heard(self, state: LinkState) -> None:
        self._log.info("mqtt", phase=str(state.phase), detail=state.detail)
        self._station.broker(state.phase is Phase.SUBSCRIBED)

    def run(self) -> int:
        """Serve until SIGTERM, SIGINT or a failure of the store. Raises CannotStart."""
        host, port = self._settings.http.listen
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGHUP, lambda *_: self._reloading.hang_up())
        app = create_app(Board(self._station), token=_token(self._settings.data_dir))
        try:
            serve(app, host, port, self._listening, stop=self._stop)
        except NotLoopback as error:
            raise CannotStart(BAD_CONFIG, f"http.listen: {error}") from None
        except OSError as error:
            raise CannotStart(TRY_LATER, f"http.listen {host}:{port}: {error.strerror or error}") from None
        finally:
            self._end()
        return IO_ERROR if self._station.failure is not None else GOOD

    def _listening(self, host: str, port: int) -> None:
        self._station.start()
        self._reloading.start()
        self._link.start()
        self._log.info(
            "start",
            store=self._station.store.id,
            http=f"{host}:{port}",
            site=self._loaded.site_version,
            rules=self._loaded.rules.version,
        )
        notify.ready(f"precinct {self._settings.precinct} http://{host}:{port}")

    def _end(self) -> None:
        notify.notify("STOPPING=1")
        self._reloading.stop()
        self._link.stop(2.0)
        self._station.stop()
        failure = self._station.failure
        self._log.info("stop", failure=repr(failure) if failure else None)


class PostOffice:
    """What the station publishes through; the link is made after the station that it delivers to."""

    link: MqttLink | None = None

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        """Publish; what the link cannot take now goes out at the post's next sync."""
        if self.link is not None:
            self.link.publish(topic, payload, qos=qos, retain=retain)

    def ack(self, token: object) -> None:
        """Acknowledge a message that is stored."""
        if self.link is not None:
            self.link.ack(token)  # type: ignore[arg-type]  # the station passes on what this very link delivered


def _stamp() -> Stamp:
    return Stamp(time.monotonic_ns() // 1_000_000, time.time_ns() // 1_000_000, trusted=True)


def _token(data_dir: Path) -> str | None:
    """Return what the API asks for, None without a token file. Raises CannotStart for one that protects nothing."""
    path = data_dir / TOKEN_FILE
    if not path.exists():
        return None
    try:
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CannotStart(BAD_CONFIG, f"{path}: {error}") from None
    if len(token) < MIN_TOKEN:
        raise CannotStart(BAD_CONFIG, f"{path}: paling sedikit {MIN_TOKEN} huruf / at least {MIN_TOKEN} characters")
    return token


def hold(path: Path) -> IO[str]:
    """Take the folder for this process alone, as long as the file stays open. Raises BlockingIOError, OSError."""
    file = path.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise
    return file
