"""An embedded broker that is kept running: one that is gone is told and started again; what it held is lost."""

from __future__ import annotations

import signal
from collections.abc import Callable

from dispatcher.demo import ports
from dispatcher.demo.brokers import IotcoreBroker
from dispatcher.domain.faults import Text

CHECK_S = 3.0


class KeptBroker:
    """One broker of the demo. Nothing is lost for good when it dies: post and devices say again what has no receipt."""

    def __init__(self, name: str, pair: tuple[int, int], tell: Callable[[Text], None]) -> None:
        self._name = name
        self._pair = pair
        self._tell = tell
        self._broker = IotcoreBroker(*pair)
        self._next_s = 0.0

    def start(self) -> None:
        """Start it. Raises PortTaken or BrokerNotStarted.

        Its process is started deaf to Ctrl-C, which a terminal sends to everyone and which would end it before the
        daemons that still have something to say.
        """
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._broker.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def step(self, now_s: float) -> None:
        """Look every few seconds whether it answers, and start it again if not. Raises as ``start`` does."""
        if now_s < self._next_s:
            return
        self._next_s = now_s + CHECK_S
        if ports.answers(self._pair[0]):
            return
        self._tell(Text(f"{self._name} mati; dijalankan lagi.", f"{self._name} is gone; started again."))
        self._broker.stop()
        self.start()

    def stop(self) -> None:
        """Stop it. Safe to call twice."""
        self._broker.stop()
