"""systemd's end of the notify socket: hears what a daemon says of itself."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

LOOK_S = 0.05


class Systemd:
    """Listens on a socket in ``folder``. ``close`` it at the end."""

    def __init__(self, folder: Path, watchdog_s: float) -> None:
        self._path = folder / "notify"
        self._watchdog_s = watchdog_s
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self._path))
        self._socket.settimeout(LOOK_S)
        self._words: list[tuple[float, str]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="systemd", daemon=True)
        self._thread.start()

    @property
    def env(self) -> dict[str, str]:
        """What a unit's process finds in its environment."""
        return {"NOTIFY_SOCKET": str(self._path), "WATCHDOG_USEC": str(int(self._watchdog_s * 1_000_000))}

    def _listen(self) -> None:
        while not self._over.is_set():
            with suppress(TimeoutError):
                for word in self._socket.recv(4096).decode().splitlines():
                    self._words.append((time.monotonic(), word))

    def heard(self, word: str, since: float = 0.0) -> int:
        """Return how often a word came since a monotonic second."""
        return sum(1 for at, said in tuple(self._words) if said == word and at >= since)

    def close(self) -> None:
        """Stop listening."""
        self._over.set()
        self._thread.join()
        self._socket.close()
