"""The post that runs, seen from another program: who has its journal open, and what it answers when it is asked."""

import json
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any

from dispatcher.journal import holder
from dispatcher.settings.station import PostSettings

PATIENCE_S = 5.0
MAX_ANSWER = 1_048_576
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # what to ask where it listens everywhere


@dataclass(frozen=True, slots=True)
class Process:
    """A running post. ``answer`` is what GET /rules says, None where it does not answer (yet)."""

    pid: int
    answer: Mapping[str, Any] | None


def find(settings: PostSettings) -> Process | None:
    """Return the post that runs with these settings, None where none does. Raises PermissionError."""
    pid = holder(settings.data_dir / "journal")
    answer = ask(settings)
    if pid:
        return Process(pid, answer)
    if answer is not None:  # it saves nothing, and has no journal open; or it is in another namespace
        return Process(int(answer.get("pid", 0)), answer)
    return None if pid is None else Process(0, None)


def ask(settings: PostSettings) -> Mapping[str, Any] | None:
    """Return what the post of these settings answers about its rules, None where no such post answers."""
    host, port = settings.http.listen
    connection = HTTPConnection(_ANYWHERE.get(host, host), port, timeout=PATIENCE_S)
    try:
        connection.request("GET", "/rules")
        response = connection.getresponse()
        answer = json.loads(response.read(MAX_ANSWER)) if response.status == 200 else None
    except (OSError, HTTPException, ValueError):
        return None
    finally:
        connection.close()
    return answer if isinstance(answer, dict) and answer.get("post") == settings.post else None


def hang_up(pid: int) -> None:
    """Have a post read its rules again. Raises ProcessLookupError, PermissionError."""
    os.kill(pid, signal.SIGHUP)
