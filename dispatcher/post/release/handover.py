"""Handing rule files over to the post that runs, and waiting for its word on them."""

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from dispatcher.post.release import process, request
from dispatcher.post.release.request import Request
from dispatcher.settings.station import PostSettings

PATIENCE_S = 60.0  # a small computer may take long to read a thousand rules
ASK_S = 0.1


class Outcome(StrEnum):
    """What came of it. A closed list."""

    APPLIED = "applied"
    AWAY = "away"  # no post runs: it reads the files at its start
    ELSEWHERE = "elsewhere"  # it runs in another namespace, where no signal reaches it
    MOVED = "moved"  # the files were others by the time the post read them
    FAULT = "fault"  # they have a fault for the post: the old rules go on
    REFUSED = "refused"  # the matcher did not take them: the old rules go on
    SILENT = "silent"  # no answer came


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome, and the last that the post said of its rules."""

    outcome: Outcome
    said: Mapping[str, Any] | None = None


def hand_over(settings: PostSettings, wish: Request, patience_s: float | None = None) -> Answer:
    """Have the post read its files and return what came of it. A wish without an answer is taken back.

    Raises PermissionError where the post is another user's, OSError where the wish cannot be written.
    """
    post = process.find(settings)
    if post is None:
        _leave(settings, wish)
        return Answer(Outcome.AWAY)
    if not post.pid:
        return Answer(Outcome.ELSEWHERE, post.answer)
    request.put(settings.data_dir, wish)
    try:
        with suppress(ProcessLookupError):  # it ended this instant: whoever starts it again has it read these files
            process.hang_up(post.pid)
    except PermissionError:
        request.withdraw(settings.data_dir, wish)
        raise
    until_s = time.monotonic() + (PATIENCE_S if patience_s is None else patience_s)
    answer = _wait(settings, wish, post.pid, until_s)
    if answer.outcome is Outcome.SILENT:
        request.withdraw(settings.data_dir, wish)
    return answer


def _leave(settings: PostSettings, wish: Request) -> None:
    """Leave the wish for the next start, which will know by it who put the files there."""
    if settings.data_dir.is_dir():
        request.put(settings.data_dir, wish)


def _wait(settings: PostSettings, wish: Request, pid: int, until_s: float) -> Answer:
    said: Mapping[str, Any] | None = None
    while time.monotonic() < until_s:
        said = process.ask(settings) or said
        outcome = None if said is None else _outcome(said, wish, pid)
        if outcome is not None:
            return Answer(outcome, said)
        time.sleep(ASK_S)
    return Answer(Outcome.SILENT, said)


def _outcome(said: Mapping[str, Any], wish: Request, pid: int) -> Outcome | None:
    """Return what an answer means for a wish, None where it is not about it."""
    runs = said.get("version") == wish.version
    if said.get("answered") != wish.id:
        # Another process: it ended meanwhile, and has read the files at its start, whether it saw the wish or not.
        return (Outcome.APPLIED if runs else _why_not(said)) if said.get("pid") != pid else None
    if runs and not said.get("moved"):
        return Outcome.APPLIED
    return _why_not(said)


def _why_not(said: Mapping[str, Any]) -> Outcome:
    if said.get("moved"):
        return Outcome.MOVED
    return Outcome.FAULT if said.get("fault") else Outcome.REFUSED
