"""How the program last ended, in a small file of data_dir: for the person who asks why a post does not run.

It is taken away at each start. Where it is missing, the program ended without a word: it was killed, or the power went.
"""

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dispatcher.settings.sources import replace_file

NAME = "ended.json"
MAX_WHY = 300


@dataclass(frozen=True, slots=True)
class Ending:
    """The exit code, why, and when (Unix milliseconds, by a clock that nobody vouches for)."""

    code: int
    why: str
    wall_ms: int


def note_ending(data_dir: Path, ending: Ending) -> None:
    """Write it down. A disk that cannot keep it costs the note, nothing else."""
    body = {"code": ending.code, "why": ending.why[:MAX_WHY], "wall_ms": ending.wall_ms}
    with suppress(OSError):
        replace_file(data_dir / NAME, json.dumps(body).encode())


def forget_ending(data_dir: Path) -> None:
    """Take it away: the program runs."""
    with suppress(OSError):
        (data_dir / NAME).unlink(missing_ok=True)


def last_ending(data_dir: Path) -> Ending | None:
    """Return how it ended, None where nobody wrote it down."""
    try:
        body = json.loads((data_dir / NAME).read_bytes())
        return Ending(int(body["code"]), str(body["why"])[:MAX_WHY], int(body["wall_ms"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
