"""``kentongan demo``: brokers, a post, a precinct and a virtual *pos* on this machine, started and ended together."""

from __future__ import annotations

import importlib.util
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from dispatcher.demo import folder, ports, say
from dispatcher.demo.brokers import BrokerNotStarted, PortTaken
from dispatcher.demo.children import Child, Plan
from dispatcher.demo.kept import KeptBroker
from dispatcher.demo.ports import Ports
from dispatcher.demo.supervise import Died, Supervisor
from dispatcher.domain.faults import Text

GOOD, USAGE, IO_ERROR, TRY_LATER, BAD_CONFIG = 0, 64, 74, 75, 78
LOOK_S = 0.2
STOP_S = 6.0  # a daemon promises to end within 5 s
EXTRAS = ("iotcore", "jinja2", "starlette", "uvicorn")


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says. A port of 0 asks for a free one; ``broker_port`` is the first of four."""

    data_dir: Path | None = None
    board_port: int = ports.BOARD
    page_port: int = ports.PAGE
    broker_port: int = ports.BROKER
    evening: bool = True


def run(options: Options) -> int:
    """Run the demo until SIGINT, SIGTERM or SIGHUP; return the exit code. To be called from the main thread."""
    if any(importlib.util.find_spec(name) is None for name in EXTRAS):
        need = "pip install 'kentongan[demo]'"
        say.failure(Text(f"Bagian demo belum terpasang: {need}", f"The demo's parts are not installed: {need}"))
        return BAD_CONFIG
    if not _possible(options):
        say.failure(Text("Port harus antara 0 dan 65535.", "A port is a number from 0 to 65535."))
        return USAGE
    try:
        return _run(options)
    except PortTaken as taken:
        say.failure(say.port_taken(taken.port, _option(options, taken.port)))
        return TRY_LATER
    except folder.FolderInUse as used:
        say.failure(Text(f"Demo lain memakai folder {used}.", f"Another demo uses the folder {used}."))
        return TRY_LATER
    except Died as problem:
        say.failure(say.died(problem))
        print("\n".join(problem.lines), file=sys.stderr, flush=True)
        return BAD_CONFIG if problem.code == BAD_CONFIG else IO_ERROR
    except (BrokerNotStarted, OSError) as problem:
        say.failure(Text(f"Demo tidak dapat berjalan: {problem}", f"The demo cannot run: {problem}"))
        return IO_ERROR


def _run(options: Options) -> int:
    where = (options.data_dir or folder.default(os.environ)).absolute()
    with ExitStack() as stack:
        stop = stack.enter_context(_told_to_stop())
        stack.enter_context(folder.hold(where))
        chosen = ports.choose(options.board_port, options.page_port, options.broker_port)
        say.line(Text("Menyiapkan demo…", "Preparing the demo…"))
        stage = _Stage(_brokers(stack, chosen), Supervisor(_daemons(where, chosen), say.line), stop)
        stack.callback(stage.daemons.stop, STOP_S)
        _play(options, where, chosen, stage)
        say.line(Text("Demo berakhir.", "The demo ends."))
    return GOOD


@dataclass(frozen=True, slots=True)
class _Stage:
    """What has to be kept running, and the word to end."""

    brokers: list[KeptBroker]
    daemons: Supervisor
    stop: threading.Event

    def hold(self) -> bool:
        """Wait a moment and look after everything; False when the demo is told to stop."""
        if self.stop.wait(LOOK_S):
            return False
        now_s = time.monotonic()
        for broker in self.brokers:
            broker.step(now_s)
        self.daemons.step(now_s)
        return True


def _play(options: Options, where: Path, chosen: Ports, stage: _Stage) -> None:
    """Show the demo until it is told to stop. The page is the last to come and the first to go."""
    from dispatcher.demo.pos import VirtualPos

    stage.daemons.start(time.monotonic())
    pos = VirtualPos(where, chosen, play=options.evening)
    pos.start()
    try:
        while not stage.daemons.all_ready():
            if not stage.hold():
                return
        say.welcome(f"http://{ports.HOST}:{chosen.page}/", f"http://{ports.HOST}:{chosen.board}/", "", where)
        pos.begin_evening()
        while stage.hold():
            pass
    finally:
        pos.stop()


def _daemons(where: Path, chosen: Ports) -> list[Child]:
    """Return post and precinct, in the order in which they end: a post says ``offline`` first, and is heard."""
    post, precinct = folder.write_settings(where, chosen)
    # -P: a folder named like our package in the working directory must not be taken for it.
    kentongan = (sys.executable, "-P", "-m", "dispatcher")
    return [
        Child(Plan("Pos", (*kentongan, "post", "--config", str(post)), where / "logs" / "post.log")),
        Child(Plan("Polsek", (*kentongan, "precinct", "--config", str(precinct)), where / "logs" / "precinct.log")),
    ]


def _brokers(stack: ExitStack, chosen: Ports) -> list[KeptBroker]:
    brokers = [
        KeptBroker("Broker Polsek", chosen.precinct_broker, say.line),
        KeptBroker("Broker pos", chosen.post_broker, say.line),
    ]
    for broker in brokers:
        stack.callback(broker.stop)
        broker.start()
    return brokers


@contextmanager
def _told_to_stop() -> Iterator[threading.Event]:
    """Turn the signals that end a program into an event, and give them back afterwards."""
    told = threading.Event()
    wanted = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, lambda *_: told.set()) for number in wanted}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _possible(options: Options) -> bool:
    highest = options.broker_port + ports.BROKER_STEPS[-1]
    numbers = (options.board_port, options.page_port, options.broker_port, highest)
    return all(0 <= number <= ports.HIGHEST for number in numbers)


def _option(options: Options, port: int) -> str:
    if port == options.board_port:
        return "--board-port"
    return "--page-port" if port == options.page_port else "--broker-port"
