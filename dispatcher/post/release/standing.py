"""What a post answers when it is asked for its rules: what runs, what stands in the files, and whether that is one."""

from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from dispatcher.domain.faults import Fault
from dispatcher.post.release.history import By

MAX_LINES = 20  # faults in an answer; `check` tells them all


@dataclass(frozen=True, slots=True)
class Standing:
    """``loaded`` rules run here, ``in_files`` should: both count those that are switched on and belong at this post.

    ``version`` is what runs and ``files`` the hash of what stands in the files; ``faults`` are those of the files.
    ``answered`` is the token of the last wish that was seen to, ``moved`` says that its files were others by then.
    ``since_ms`` is wall time. ``unapplied_since_s`` is monotonic: since when other files have been seen.
    """

    version: str = "empty"
    site: str = ""
    loaded: int = 0
    in_files: int = 0
    files: str = "empty"
    faults: tuple[Fault, ...] = ()
    by: By = field(default_factory=By)
    since_ms: int = 0
    trusted: bool = True
    answered: str = ""
    moved: bool = False
    handled: int = 0
    needs_restart: tuple[str, ...] = ()
    fresh: tuple[str, ...] = ()
    unapplied_since_s: float | None = None
    safe_mode: bool = False

    @property
    def is_lost(self) -> bool:
        """Return whether fewer (or more) rules run than stand in files that are without a fault and in use."""
        return self.version == self.files and not self.faults and self.loaded != self.in_files


def answer(standing: Standing, post: str, zone: ZoneInfo, pid: int) -> dict[str, object]:
    """Return the standing as what GET /rules says."""
    since = datetime.fromtimestamp(standing.since_ms / 1000, zone).isoformat(timespec="seconds")
    return {
        "post": post,
        "version": standing.version,
        "site_version": standing.site,
        "loaded": standing.loaded,
        "in_files": standing.in_files,
        "files_version": standing.files,
        "applied": standing.version == standing.files and not standing.safe_mode,
        "fault": _fault(standing.faults),
        "since": since,
        "clock": "trusted" if standing.trusted else "doubtful",
        "who": standing.by.who,
        "how": standing.by.how,
        "fresh": list(standing.fresh[:MAX_LINES]),
        "needs_restart": list(standing.needs_restart),
        "safe_mode": standing.safe_mode,
        "answered": standing.answered,
        "moved": standing.moved,
        "handled": standing.handled,
        "pid": pid,
    }


def _fault(faults: tuple[Fault, ...]) -> dict[str, object] | None:
    if not faults:
        return None
    lines = {language: [fault.render(language) for fault in faults[:MAX_LINES]] for language in ("id", "en")}
    return {"count": len(faults), **lines}
