"""``kentongan plan``: what applying the rule files would mean; nothing is changed by it."""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from dispatcher.cli.cases import Tally, play_timelines
from dispatcher.cli.release import words
from dispatcher.cli.release.settings import settings_of
from dispatcher.cli.say import complain, show
from dispatcher.domain.faults import Text
from dispatcher.journal import FormatTooNew
from dispatcher.post.past.replaying import Progress
from dispatcher.post.release import planning, process
from dispatcher.post.release.planning import Plan
from dispatcher.post.release.process import Process
from dispatcher.settings.sources import TESTS, Sources, files_in
from dispatcher.settings.station import PostSettings

GOOD, FOUND, IO_ERROR, BAD_CONFIG = 0, 1, 74, 78
WEEK_DAYS = 7

NOT_ALLOWED = Text(
    "{path}: tidak boleh dibaca; coba: sudo kentongan ...", "{path}: may not be read; try: sudo kentongan ..."
)
FAILED = Text("{path}: {error}", "{path}: {error}")
Title = Callable[[ZoneInfo], str]

REPLAYING = Text("\rmemutar ulang: {when}  ", "\rreplaying: {when}  ")


@dataclass(frozen=True, slots=True)
class Found:
    """A plan that has been shown. ``sound``: its files have no fault; ``tested``: no test of them fails."""

    plan: Plan
    process: Process | None
    sound: bool
    tested: bool

    @property
    def good(self) -> bool:
        """Return whether nothing stands against it."""
        return self.sound and self.tested


def plan(config: Path | None, days: int = WEEK_DAYS) -> int:
    """Show what applying the rule files would mean; return 0, or 1 with faults or failing tests."""
    settings = settings_of(config)
    return guarded(settings, lambda: GOOD if prepare(settings, planning.files(settings), days).good else FOUND)


def guarded(settings: PostSettings, work: Callable[[], int]) -> int:
    """Do the work of a command; a folder that is another user's or cannot be read ends it with a sentence."""
    try:
        return work()
    except PermissionError as error:
        complain(NOT_ALLOWED, path=error.filename or settings.data_dir)
    except BrokenPipeError:
        raise  # whoever reads has seen enough
    except FormatTooNew as error:
        complain(FAILED, path=settings.data_dir, error=error)
        return BAD_CONFIG
    except OSError as error:
        complain(FAILED, path=error.filename or settings.data_dir, error=error.strerror or error)
    return IO_ERROR


def prepare(
    settings: PostSettings, sources: Sources, days: int, *, tests: bool = True, title: Title = lambda _: ""
) -> Found:
    """Check, test, compare and replay, and print all of it; the replay is left out where something is wrong.

    ``title`` gives a line above it, in the time zone of the site.

    Raises FaultsFound without any site, OSError, FormatTooNew.
    """
    alive = process.find(settings)
    found = planning.plan(settings, sources, alive)
    zone = ZoneInfo(found.timezone)
    host, port = settings.http.listen
    _print(line for line in (title(zone),) if line)
    _print(words.head(settings.post, found, alive, f"{host}:{port}", zone, kept=not tests))
    if found.site_changed:
        print(words.folded(words.text(words.NEEDS_RESTART)))
    print()
    sound = _checked(found)
    tested = not tests or (sound and _tested(settings))
    if found.is_nothing:
        print(words.text(words.SAME))
        return Found(found, alive, sound, tested)
    print()
    _print(words.changes(found))
    if sound and days > 0:
        print()
        _print(words.week(planning.look_back(settings, found, days, _progress(zone)), days, zone))
    return Found(found, alive, sound, tested)


def _checked(found: Plan) -> bool:
    faults = found.candidate.faults
    sys.stdout.flush()
    show(faults)
    print(words.text(words.FAULTY if faults else words.CHECKED, faults=len(faults)))
    return not faults


def _tested(settings: PostSettings) -> bool:
    paths = [path for path in files_in(settings.rules) if path.name.endswith(TESTS)]
    if not paths:
        print(words.folded(words.text(words.NO_TESTS)))
        return True
    tally = Tally()
    for path in paths:
        play_timelines(path, settings.site, tally)
    print(words.text(words.TESTED, passed=tally.passed, failed=tally.failed))
    return not tally.failed


def _progress(zone: ZoneInfo) -> Callable[[Progress], None]:
    """Return what tells a person at a terminal how far a long replay is."""
    if not sys.stderr.isatty():
        return lambda _: None
    return lambda at: print(words.text(REPLAYING, when=words.moment(at.wall_ms, zone)), end="", file=sys.stderr)


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)
