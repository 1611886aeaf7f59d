"""What an onlooker is told of a running post: the fold's part, and what only the process knows of itself.

Everything here is read from any thread: states that are replaced whole, counters, and the disk's free space.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from dispatcher import __version__
from dispatcher.domain.faults import Fault
from dispatcher.matcher.port import MatcherState
from dispatcher.post.crashes import Crashes
from dispatcher.post.journaling import Keeper
from dispatcher.post.links import Links
from dispatcher.post.looking import Looking
from dispatcher.post.release.standing import Standing as Release
from dispatcher.post.standing import MAX_FAULTS, MAX_TEXT, DiskLine, MatcherLine, RuleSet, Standing, encode
from dispatcher.post.storage import Storage
from dispatcher.settings.sources import collect
from dispatcher.settings.station import PostSettings
from dispatcher.telemetry.http import Answer
from dispatcher.telemetry.metrics import PostMetrics, observed

FILES_EVERY_S = 5.0  # how often the rule files are read to see whether they are what runs
BUSY = b'{"error": "the post is busy; ask again"}\n'


@dataclass(frozen=True, slots=True)
class Process:
    """The parts of a post that are not in its memory."""

    settings: PostSettings
    storage: Storage
    keeper: Keeper
    links: Links
    crashes: Crashes
    metrics: PostMetrics
    matcher: Callable[[], MatcherState]
    free_bytes: Callable[[], int]
    lasting: tuple[Fault, ...]  # faults that no change of the rules mends
    fallbacks: tuple[str, ...]  # sorts of files that were not usable at the start
    release: Callable[[], Release]  # which rules run, and what stands in the files


class Facing:
    """Answers ``GET /status``."""

    def __init__(self, looking: Looking, process: Process) -> None:
        self._looking = looking
        self._process = process
        self._began_s = time.monotonic()
        self._files = ("", -FILES_EVERY_S)
        self._said: tuple[Standing, bytes] | None = None

    def answer(self) -> Answer:
        """Return how the post stands as an HTTP answer; 503 when its pipeline does not turn."""
        seen = self._looking.ask()
        if seen is None:
            return 503, "application/json", BUSY
        said = self._said
        if said is None or said[0] is not seen:  # the same view is put into words once, however many ask for it
            said = self._said = seen, encode(self._whole(seen))
        return 200, "application/json", said[1]

    def _whole(self, seen: Standing) -> Standing:
        process = self._process
        return replace(
            seen,
            version=__version__,
            instance=process.storage.instance,
            up_s=int(time.monotonic() - self._began_s),
            quick_ends=process.crashes.count,
            clock=replace(seen.clock, trust=process.settings.clock.trust),
            disk=self._disk(),
            brokers=process.links.lines(),
            matcher=self._matcher(),
            rules=self._rules(seen.rules),
        )

    def _disk(self) -> DiskLine:
        process = self._process
        saves = observed(process.metrics.fsync)
        return DiskLine(
            state=process.keeper.condition,
            free_bytes=self._free(),
            low_bytes=process.settings.limits.disk_low,
            journal_bytes=self._measured("kentongan_journal_bytes"),
            corrupt=self._measured("kentongan_journal_corrupt_records_total"),
            saves=saves.count,
            save_ms=saves.mean_s and saves.mean_s * 1000,
            save_p99_ms=saves.p99_s and saves.p99_s * 1000,
            trouble=process.storage.trouble[:MAX_TEXT],
        )

    def _measured(self, metric: str) -> int:
        # The journal itself belongs to the pipeline's thread; what it last told of itself may be read by any.
        return int(self._process.metrics.registry.get_sample_value(metric) or 0)

    def _free(self) -> int | None:
        try:
            return self._process.free_bytes()
        except OSError:
            return None

    def _matcher(self) -> MatcherLine:
        state = self._process.matcher()
        wanted = self._process.settings.matcher
        counts = (state.differences, state.restarts, state.late, state.quarantined, state.twin_only)
        return MatcherLine(str(state.state), wanted, *counts)

    def _rules(self, rules: RuleSet) -> RuleSet:
        process, release = self._process, self._process.release()
        faults = (*release.faults, *process.lasting)
        others = tuple(sort for sort in process.fallbacks if sort != "rules")
        return replace(
            rules,
            in_files=self._in_files(),
            wanted=release.in_files,
            since_ms=release.since_ms,
            who=release.by.who[:MAX_TEXT],
            how=release.by.how[:MAX_TEXT],
            needs_restart=release.needs_restart,
            safe_mode=release.safe_mode,
            faults=tuple(fault.render("id")[:MAX_TEXT] for fault in faults[:MAX_FAULTS]),
            fallbacks=(*others, "rules") if release.faults else others,
        )

    def _in_files(self) -> str:
        version, read_s = self._files
        now_s = time.monotonic()
        if now_s - read_s >= FILES_EVERY_S:
            version = collect(self._process.settings.rules).version
            self._files = version, now_s
        return version
