"""What it would mean to apply rule files now: what they hold, what runs, and what the last days would have been."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from dispatcher.post.past.comparing import Difference, compare
from dispatcher.post.past.replaying import Progress, Replayed, recorded, replay
from dispatcher.post.past.source import Past, open_folder
from dispatcher.post.release import candidate, running
from dispatcher.post.release.candidate import Candidate, Change
from dispatcher.post.release.process import Process
from dispatcher.post.release.running import Running
from dispatcher.settings.sources import Sources, collect
from dispatcher.settings.station import DAY_MS, PostSettings


@dataclass(frozen=True, slots=True)
class Plan:
    """Rule files beside what runs (None where no post ever ran here). ``version`` is what runs, "" for none.

    ``timezone`` is that of the site. ``kept`` counts the rules that keep what they remember. ``site_changed``: the
    file of the site is another than that with which the post runs, and is read at a start only.
    """

    candidate: Candidate
    running: Running | None
    version: str
    changes: tuple[Change, ...]
    kept: int
    timezone: str
    site_changed: bool = False

    @property
    def is_nothing(self) -> bool:
        """Return whether just these files run already."""
        return self.version == self.candidate.version and not self.candidate.faults


def plan(settings: PostSettings, sources: Sources, process: Process | None) -> Plan:
    """Hold rule files against what runs. A ``process`` that runs reads them for the site that it has.

    Raises FaultsFound without any site, OSError, FormatTooNew.
    """
    now = running.running(settings)
    site, version = running.known_site(settings)
    changed = now is not None and now.edition.versions[1] != version
    if process is not None and now is not None:
        site, version = now.edition.site, now.edition.versions[1]
    found = candidate.read(sources, settings, site, version)
    changes = candidate.changes(found, now)
    kept = _kept(found, now, changes)
    return Plan(found, now, _version(now, process), changes, kept, site.timezone, process is not None and changed)


def _version(now: Running | None, process: Process | None) -> str:
    if process is not None and process.answer is not None:
        return str(process.answer["version"])
    return "" if now is None else now.version


def _kept(found: Candidate, now: Running | None, changes: Iterable[Change]) -> int:
    if found.edition is None or now is None or now.state is None:
        return 0
    fresh = {change.rule for change in changes if change.fresh}
    return sum(rule.id in now.state.rules and rule.id not in fresh for rule in found.edition.engine.rules)


@dataclass(frozen=True, slots=True)
class Week:
    """The last days given to the new rules, and how that differs from the running ones (``told``: from what they said).

    ``told`` is where the text of the running ones is not kept any more.
    """

    new: Replayed
    difference: Difference
    told: bool = False


def look_back(settings: PostSettings, found: Plan, days: int, on_progress: Callable[[Progress], None]) -> Week | None:
    """Give the last days to the new rules and to those that run; None where there is nothing to give.

    Raises OSError, FormatTooNew.
    """
    now, new = found.running, found.candidate.edition
    if now is None or new is None:
        return None
    past, since = open_folder(settings.data_dir), now.now.wall_ms - days * DAY_MS
    fresh = replay(past, new, since, on_progress)
    old, told = _old(past, now, since, on_progress)
    return Week(fresh, compare(fresh, old), told)


def _old(past: Past, now: Running, since: int, on_progress: Callable[[Progress], None]) -> tuple[Replayed, bool]:
    if now.nodes is None:
        return recorded(past, since, on_progress), True
    return replay(past, now.edition, since, on_progress), False


def files(settings: PostSettings) -> Sources:
    """Return the rule files as they are now."""
    return collect(settings.rules)
