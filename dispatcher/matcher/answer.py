"""Reading what the child says. It runs C code over hostile input: nothing it sends is believed unread."""

import struct
from collections.abc import Sequence

from dispatcher.matcher import child as guest

Answer = tuple[int, ...]  # the numbers of the rules that fired for one event


def read_answer(frame: bytes, count: int) -> Sequence[Answer] | None:
    """Return one answer for each of ``count`` events, or None if the frame is not exactly that."""
    answers: list[Answer] = []
    at = 1 + guest.BATCH.size
    try:
        for _ in range(count):
            (fired,) = guest.COUNT.unpack_from(frame, at)
            at += guest.COUNT.size
            answers.append(struct.unpack_from(f"<{fired}H", frame, at))
            at += 2 * fired
    except struct.error:
        return None
    return answers if at == len(frame) else None
