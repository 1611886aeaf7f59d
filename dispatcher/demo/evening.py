"""A scripted evening: vendors' real messages, played as their bridges publish them, so that the board comes alive.

The lines lie in ``evening.jsonl``: ``at_s`` (seconds from the start), ``topic``, ``payload`` as on the wire, ``qos``, a
caption in two languages, and ``source``, the product that sends such a message. Nothing is retained: a bridge does not
retain what a sensor saw. Lines of our own convention leave ``boot`` and ``seq`` to the player, as a device would.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import resources

from dispatcher.demo.messages import Message
from dispatcher.domain.faults import Text

END = Text("Malam kembali tenang. Giliran Anda menekan.", "The night is calm again. Your turn to press.")


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happens. ``counted`` lines are published under the player's boot and a seq of their own."""

    at_s: float
    message: Message
    caption: Text
    source: str
    counted: bool = False


def script() -> tuple[Line, ...]:
    """Return the packaged evening, in order. Raises ValueError or KeyError for a faulty line."""
    text = resources.files(__package__).joinpath("evening.jsonl").read_text(encoding="utf-8")
    return tuple(_line(json.loads(row)) for row in text.splitlines() if row.strip())


def _line(body: dict[str, object]) -> Line:
    return Line(
        at_s=float(str(body["at_s"])),
        message=Message(str(body["topic"]), str(body["payload"]).encode(), int(str(body["qos"]))),
        caption=Text(str(body["id"]), str(body["en"])),
        source=str(body["source"]),
        counted=bool(body.get("counted", False)),
    )


def counted(line: Line, boot: int, seq: int) -> Message:
    """Return the line's message with the counters of this start, or as it is."""
    if not line.counted:
        return line.message
    body = json.loads(line.message.payload)
    payload = json.dumps(
        {"kind": body["kind"], "boot": boot, "seq": seq, "attrs": body["attrs"]}, separators=(",", ":")
    )
    return replace(line.message, payload=payload.encode())


class Evening:
    """Plays a script once, on a thread of its own, and is quiet afterwards."""

    def __init__(self, lines: Sequence[Line], boot: int, speak: Callable[[Message], None]) -> None:
        self._lines = lines
        self._boot = boot
        self._speak = speak
        self._ended = threading.Event()
        self._latest: tuple[Text | None, str] = (None, "")
        self._thread = threading.Thread(target=self._play, name="evening", daemon=True)

    def start(self) -> None:
        """Begin: the first line is due ``at_s`` seconds from now."""
        self._thread.start()

    def stop(self) -> None:
        """End early; returns when the thread has ended."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def latest(self) -> tuple[Text | None, str]:
        """Return the caption and source of what happened last, None before the first."""
        return self._latest

    def _play(self) -> None:
        began = time.monotonic()
        for seq, line in enumerate(self._lines, start=1):
            if self._ended.wait(max(0.0, began + line.at_s - time.monotonic())):
                return
            self._speak(counted(line, self._boot, seq))
            self._latest = (line.caption, line.source)
        if not self._ended.wait(LINGER_S):
            self._latest = (END, "")


LINGER_S = 20.0  # how long the last caption stands
