"""How ``apply`` speaks to a running post: a small file says who wants what, then a SIGHUP; HTTP tells what came of it.

A wish is for one minute, one version of the files and one living command. What is left over from a command that died is
nobody's: a SIGHUP that comes later is a plain one. A start takes it all the same, for the name: who wished for just
these files while the post was away has put them there.
"""

import json
import os
import secrets
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from dispatcher.post.release.history import APPLY, ROLLBACK, By, usable_who
from dispatcher.settings.sources import replace_file

NAME = "apply.json"
STALE_S = 60.0


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody wants: the rule files as they were when they were checked, in this version."""

    id: str
    who: str
    how: str
    version: str
    at_s: float  # CLOCK_BOOTTIME
    pid: int

    @property
    def by(self) -> By:
        """Return who and how."""
        return By(self.who, self.how, self.id)


def new(who: str, how: str, version: str) -> Request:
    """Return a wish of now."""
    return Request(secrets.token_hex(6), who, how, version, _now_s(), os.getpid())


def put(data_dir: Path, request: Request) -> None:
    """Leave a wish for the post, which may be another user. Raises OSError."""
    path = data_dir / NAME
    replace_file(path, json.dumps(asdict(request)).encode("ascii"))
    if os.geteuid() == 0:
        owner = data_dir.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def withdraw(data_dir: Path, request: Request) -> None:
    """Take a wish back that nobody has taken up."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        if json.loads((data_dir / NAME).read_bytes())["id"] == request.id:
            (data_dir / NAME).unlink()


def take(data_dir: Path, *, at_start: bool = False) -> Request | None:
    """Return the wish that was left, once; None where there is none, or (but for a start) none of now."""
    path = data_dir / NAME
    try:
        request = Request(**json.loads(path.read_bytes()))
        fresh = at_start or (0 <= _now_s() - request.at_s <= STALE_S and _lives(request.pid))
        good = usable_who(request.who) and request.how in (APPLY, ROLLBACK) and isinstance(request.id, str)
    except (OSError, ValueError, TypeError):
        return None
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)
    return request if fresh and good else None


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _now_s() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)
