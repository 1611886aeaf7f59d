"""What a post runs, read from its folder while it runs on (or rests): its rules, and what they remember."""

from dataclasses import dataclass
from pathlib import Path

from dispatcher.devices import Profiles
from dispatcher.domain.faults import FaultsFound
from dispatcher.domain.site import Site
from dispatcher.domain.stamp import Stamp
from dispatcher.domain.tree import Node
from dispatcher.incidents.floor import Context
from dispatcher.journal import ReadOnlyJournal
from dispatcher.post import config
from dispatcher.post.clock import PostClock
from dispatcher.post.recovery import recover
from dispatcher.post.rulebook import Edition
from dispatcher.rules.engine.state import EngineState
from dispatcher.rules.language import FullRule
from dispatcher.settings.lastgood import guarded
from dispatcher.settings.sources import Sources, collect, read_good, read_version
from dispatcher.settings.station import PostSettings

TRIES = 3  # a running post may take a segment away while it is read


@dataclass(frozen=True, slots=True)
class Running:
    """What runs. ``nodes`` are the trees of its rule files, None where their text was not kept.

    ``state`` is what the rules remember at ``now``; None before the first start.
    """

    edition: Edition
    nodes: tuple[Node, ...] | None
    state: EngineState | None
    now: Stamp

    @property
    def version(self) -> str:
        """Return the hash of the rule files."""
        return self.edition.versions[0]

    @property
    def rules(self) -> dict[str, FullRule]:
        """Return the rules that run here, by id."""
        return {rule.id: rule for rule in self.edition.engine.rules}


def has_journal(data_dir: Path) -> bool:
    """Return whether a post has ever run with this folder. Raises PermissionError where it is another user's."""
    next(data_dir.iterdir(), None) if data_dir.exists() else None  # another user's folder is no empty one
    return any((data_dir / "journal").glob("*.seg"))


def running(settings: PostSettings) -> Running | None:
    """Return what a post runs, None where none ever ran. Raises FaultsFound without any site, OSError, FormatTooNew."""
    if not has_journal(settings.data_dir):
        return None
    for _ in range(TRIES - 1):
        try:
            return _running(settings)
        except FileNotFoundError:
            continue
    return _running(settings)


def _running(settings: PostSettings) -> Running:
    site, version = known_site(settings)
    loaded = config.Loaded(site, Profiles({}), config.NO_RULES, version, "")
    rulebook = config.rulebook(settings, loaded)
    journal = ReadOnlyJournal(settings.data_dir / "journal")
    found = recover(journal, Context(settings.post, site), rulebook)
    now = PostClock(settings.clock.trust, found.last).stamp()
    found.memory.forget(now)
    edition = found.memory.rulebook.using
    return Running(edition, _nodes(settings, edition.versions[0]), found.memory.rulebook.state, now)


def _nodes(settings: PostSettings, version: str) -> tuple[Node, ...] | None:
    if version in ("empty", config.SAFE_MODE):
        return ()
    kept = read_version(settings.data_dir / "kept", "rules", version)
    return None if kept is None else tuple(kept.trees()[0])


def known_site(settings: PostSettings) -> tuple[Site, str]:
    """Return the site of the file, or the last good copy of it, and its hash. Raises FaultsFound."""
    sources = collect([settings.site])
    site, faults = guarded(sources, config.read_site)
    if site is not None:
        return site, sources.version
    good = read_good(settings.data_dir / "good", "site") or Sources()
    site = guarded(good, config.read_site)[0] if good.files else None
    if site is None:
        raise FaultsFound(faults)
    return site, good.version
