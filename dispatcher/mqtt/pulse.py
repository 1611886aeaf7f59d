"""When to ask the broker for a sign of life, and when to give it up. Pure: time is an argument, in monotonic seconds.

paho keeps a clock of its own for this, and it cannot be used: it takes a PINGRESP that we have not read for one that
was not sent, and while we do not read (see `unacked`) that is our doing and not the broker's.
"""


class Pulse:
    """The keepalive of one connection. A ``keepalive`` of 0 seconds turns it off (MQTT 5, 3.1.2.10)."""

    def __init__(self, keepalive: float, now: float) -> None:
        self.keepalive = keepalive
        self._said = now
        self._heard = now
        self._asked: float | None = None

    def said(self, now: float) -> None:
        """Note that the network has taken something from us."""
        self._said = now

    def heard(self, now: float) -> None:
        """Note that something came, whatever it was; or that we were not listening, and nothing could."""
        self._heard = now
        self._asked = None

    def asked(self, now: float) -> None:
        """Note that a PINGREQ is on its way."""
        self._said = now
        if self._asked is None:
            self._asked = now

    def must_ask(self, now: float) -> bool:
        """Whether one side has been silent for the keepalive, and no answer is awaited.

        What we said counts because the broker gives us up after one and a half times this long without a word.
        """
        if not self.keepalive:
            return False
        silent = self._said if self._asked is not None else min(self._said, self._heard)
        return now - silent >= self.keepalive

    def is_gone(self, now: float) -> bool:
        """Whether the broker has not answered for the keepalive."""
        return bool(self.keepalive) and self._asked is not None and now - self._asked >= self.keepalive
