"""The guest process: durable_rules, and nothing else.

Started by file with ``python -I -S``, so that it loads neither site-packages nor this package and stays small. It knows
no clause and no event: it gets rule sets and facts that engine.py and facts.py made, and says which rules fired.

It is expected to crash or hang, and made so that neither matters: it holds no state worth keeping, it writes down which
event it is at (``PROGRESS``) so that the parent knows the poison, it ends when the parent's end of the socket closes,
and an alarm of the kernel ends it if one frame takes longer than any parent would wait, even inside C code.
"""

from __future__ import annotations

import importlib
import os
import resource
import signal
import struct
import sys

TYPE_CHECKING = False  # typing and json would make up a quarter of this process
if TYPE_CHECKING:
    from typing import Any

LENGTH = struct.Struct("<I")  # before every frame, both ways; counts what follows
LOAD, EVENTS = b"L", b"E"  # first byte of a frame to the child; after LOAD one definition a line, as JSON
LOADED, MATCHED, FAILED = b"l", b"e", b"f"  # first byte of a frame from the child
BATCH = struct.Struct("<IH")  # batch number, number of events
EVENT = struct.Struct("<HI")  # number of shards, bytes of facts; then the shards' numbers, then the facts
COUNT = struct.Struct("<H")  # per event: number of fired rules, then their numbers
PROGRESS = struct.Struct("<IH")  # in the shared file: the batch and the event (or LOADING and the shard) it is at
LOADING = 0xFFFFFFFF  # in place of a batch's number

MAX_SECONDS = 15  # for one frame; longer than a parent waits for either sort
MAX_MEMORY = 1 << 29  # bytes of address space; a leak ends here and not in the parent's share of the card


def main(engine_folder: str, socket_fd: int, progress_fd: int) -> None:
    """Serve until the parent closes the socket."""
    _restrain()
    sys.path.append(engine_folder)
    guest = Guest(importlib.import_module("durable_rules_engine"), progress_fd)
    while True:
        frame = _receive(socket_fd)
        signal.alarm(MAX_SECONDS)
        reply = guest.answer(frame)
        signal.alarm(0)
        _send(socket_fd, reply)


def _restrain() -> None:
    """A terminal's ctrl-C and a service manager's stop go to the parent, which closes the socket when it is done."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with open("/proc/self/oom_score_adj", "w", encoding="ascii") as score:  # if memory runs out, the guest goes first
        score.write("1000")


def _receive(fd: int) -> bytes:
    (length,) = LENGTH.unpack(_read(fd, LENGTH.size))
    return _read(fd, length)


def _read(fd: int, wanted: int) -> bytes:
    chunks = []
    while wanted:
        chunk = os.read(fd, wanted)
        if not chunk:
            sys.exit(0)
        chunks.append(chunk)
        wanted -= len(chunk)
    return b"".join(chunks)


def _send(fd: int, frame: bytes) -> None:
    rest = memoryview(LENGTH.pack(len(frame)) + frame)
    while rest:
        rest = rest[os.write(fd, rest) :]


class Guest:
    """The engine's rule sets (shards), and how to ask them."""

    def __init__(self, engine: Any, progress_fd: int) -> None:
        self._engine = engine
        self._progress = progress_fd
        self._shards: list[Any] = []

    def answer(self, frame: bytes) -> bytes:
        """Return the reply to one frame."""
        if frame[:1] == LOAD:
            return self._load(frame[1:])
        return self._match(frame)

    def _load(self, body: bytes) -> bytes:
        """Make the rule sets, once in a life: another set of clauses gets another process, so nothing is dropped."""
        try:
            for number, definition in enumerate(body.decode("ascii").splitlines()):
                os.pwrite(self._progress, PROGRESS.pack(LOADING, number), 0)
                self._shards.append(self._engine.create_ruleset(f"shard{number}", definition))
        except Exception as error:
            return FAILED + f"shard {len(self._shards)}: {error}".encode("ascii", "replace")
        return LOADED

    def _match(self, frame: bytes) -> bytes:
        batch, count = BATCH.unpack_from(frame, 1)
        at = 1 + BATCH.size
        reply = [MATCHED, BATCH.pack(batch, count)]
        for number in range(count):
            os.pwrite(self._progress, PROGRESS.pack(batch, number), 0)
            shards, length = EVENT.unpack_from(frame, at)
            numbers = struct.unpack_from(f"<{shards}H", frame, at + EVENT.size)
            at += EVENT.size + 2 * shards
            reply.append(self._fired(numbers, frame[at : at + length].decode("ascii")))
            at += length
        return b"".join(reply)

    def _fired(self, shards: tuple[int, ...], facts: str) -> bytes:
        fired: set[int] = set()
        for shard in shards:
            self._ask(self._shards[shard], facts, fired)
        return struct.pack(f"<{1 + len(fired)}H", len(fired), *fired)

    def _ask(self, shard: Any, facts: str, fired: set[int]) -> None:
        """Assert, take what fired, retract. As a fact every rule sees it; as an event only the first would."""
        engine = self._engine
        outcome, state = engine.assert_fact(shard, facts)
        if outcome == 0:
            fired_rule = engine.start_action_for_state(shard, state)[1]
            while fired_rule is not None:
                fired.add(int(fired_rule[3 : fired_rule.index('"', 3)]))  # '{"c12":{...'
                fired_rule = engine.complete_and_start_action(shard, state)
        if engine.retract_fact(shard, facts)[0] != 0:
            raise RuntimeError("a fact could not be retracted")  # the parent starts a new child


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
