"""One life of the guest process: start it, exchange frames without ever waiting past a deadline, end it.

No shell, no environment, one socket. The child lives as long as our end of the socket: the kernel closes it for us
however we die.
"""

import importlib.util
import os
import selectors
import socket
import subprocess
import sys
import time
from pathlib import Path

from dispatcher.matcher import child as guest

GUEST = Path(guest.__file__)
MAX_REPLY = 1 << 20  # bytes; no honest answer to a batch is longer
_CHUNK = 1 << 16


class CannotStart(Exception):
    """The child could not be started at all; says why."""


class Gone(Exception):
    """The child has closed its end: it is dead."""


class Babble(Exception):
    """What came is no frame."""


def engine_folder() -> str:
    """Return where durable_rules' C module lies, without loading it here. Raises CannotStart."""
    spec = importlib.util.find_spec("durable_rules_engine")
    if spec is None or spec.origin is None:
        raise CannotStart("durable_rules is not installed")
    return str(Path(spec.origin).parent)


class ChildProcess:
    """A running child. Raises CannotStart when made in vain."""

    def __init__(self, script: Path = GUEST) -> None:
        folder = engine_folder()
        ours, theirs = socket.socketpair()
        self._progress = os.memfd_create("kentongan-matcher")
        os.ftruncate(self._progress, guest.PROGRESS.size)
        try:
            self._process = _spawn(script, folder, theirs.fileno(), self._progress)
        except OSError as error:
            ours.close()
            os.close(self._progress)
            raise CannotStart(str(error)) from error
        finally:
            theirs.close()
        ours.setblocking(False)
        self._socket = ours
        self._selector = selectors.DefaultSelector()
        self._selector.register(ours, selectors.EVENT_READ)
        self._out = bytearray()
        self._in = bytearray()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def send(self, frame: bytes) -> None:
        """Queue a frame; it leaves now as far as the socket takes it, the rest in :meth:`receive`. Raises Gone."""
        self._out += guest.LENGTH.pack(len(frame))
        self._out += frame
        self._write()

    def receive(self, seconds: float) -> bytes | None:
        """Return the next frame, or None if none is complete within ``seconds``. Raises Gone and Babble."""
        deadline = time.monotonic() + seconds
        while True:
            frame = self._take()
            if frame is not None:
                return frame
            if not self._exchange(max(0.0, deadline - time.monotonic())):
                return None

    def _exchange(self, seconds: float) -> bool:
        """Wait for the socket and move bytes. Return False when the time is over."""
        self._selector.modify(self._socket, selectors.EVENT_READ | (selectors.EVENT_WRITE if self._out else 0))
        ready = self._selector.select(seconds)
        for _, mask in ready:
            if mask & selectors.EVENT_WRITE:
                self._write()
            if mask & selectors.EVENT_READ:
                self._read()
        return bool(ready)

    def _write(self) -> None:
        try:
            while self._out:
                sent = self._socket.send(self._out)
                del self._out[:sent]
        except BlockingIOError:
            pass
        except OSError as error:
            raise Gone(str(error)) from error

    def _read(self) -> None:
        try:
            chunk = self._socket.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            raise Gone(str(error)) from error
        if not chunk:
            raise Gone("closed")
        self._in += chunk

    def _take(self) -> bytes | None:
        if len(self._in) < guest.LENGTH.size:
            return None
        (length,) = guest.LENGTH.unpack_from(self._in)
        if not 0 < length <= MAX_REPLY:
            raise Babble(f"{length} bytes")
        end = guest.LENGTH.size + length
        if len(self._in) < end:
            return None
        frame = bytes(self._in[guest.LENGTH.size : end])
        del self._in[:end]
        return frame

    def progress(self) -> tuple[int, int]:
        """Return the batch and the event that the child was at last, also after its death."""
        batch, event = guest.PROGRESS.unpack(os.pread(self._progress, guest.PROGRESS.size, 0))
        return batch, event

    def end(self) -> str:
        """Kill it (nothing less reaches a hung one), reap it, and return how it ended, for people."""
        self._process.kill()
        self._selector.close()
        self._socket.close()
        os.close(self._progress)
        try:
            status = self._process.wait(1.0)
        except subprocess.TimeoutExpired:  # stuck in the kernel; it is reaped when the next child is started
            return "still there"
        return f"signal {-status}" if status < 0 else f"exit {status}"


def _spawn(script: Path, folder: str, socket_fd: int, progress_fd: int) -> "subprocess.Popen[bytes]":
    kept = {name: value for name, value in os.environ.items() if name == "LD_LIBRARY_PATH"}
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(script), folder, str(socket_fd), str(progress_fd)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(socket_fd, progress_fd),
        env=kept,
    )
