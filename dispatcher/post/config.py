"""Site, profiles and rules at start. A fault in one of them costs its newest version, never a press.

What cannot be used falls back to the last good copy in data_dir, else to nothing of that sort: the floor works without
rules, our own convention without profiles. Only a post without any site at all cannot start.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from dispatcher.devices import BUILT_IN, Profiles, parse_profiles
from dispatcher.domain.faults import Fault, FaultsFound, Place
from dispatcher.domain.site import Site
from dispatcher.domain.tree import Node
from dispatcher.matcher.questions import refused
from dispatcher.post.rulebook import Edition, Rulebook, edition
from dispatcher.rules.language import FullRuleSet
from dispatcher.rules.names import CLOSED
from dispatcher.rules.parse import CHANNELS, parse_ruleset
from dispatcher.settings.sitefile import parse_site, post_faults, profile_faults
from dispatcher.settings.sources import Sources, collect, keep_good, keep_version, read_good, read_version
from dispatcher.settings.station import PostSettings

SAFE_MODE = "safe-mode"  # the version of the empty rule set with which a post goes on that kept ending

T = TypeVar("T")
Parse = Callable[[list[Node]], tuple[T, tuple[Fault, ...]]]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the post runs with. ``fallbacks`` names the sorts that are not what stands in the files."""

    site: Site
    profiles: Profiles
    rules: FullRuleSet
    site_version: str
    profiles_version: str
    faults: tuple[Fault, ...] = ()
    fallbacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Part:
    value: object
    version: str
    faults: tuple[Fault, ...]
    fell_back: bool


def load(settings: PostSettings) -> Loaded:
    """Load everything, with fallbacks. Raises FaultsFound when there is no site, not even a good copy."""
    good = settings.data_dir / "good"
    channels = CHANNELS | frozenset(settings.channels)
    site, site_part = _load(good, "site", collect([settings.site]), _parse_site)
    if site is None:
        raise FaultsFound(site_part.faults)
    profiles, profiles_part = _load(good, "devices", collect(settings.devices), parse_profiles)
    reading = Reading(site, frozenset(channels), settings.journal.retain)
    rules, rules_part = _load(good, "rules", collect(settings.rules), reading.new, reading.kept)
    parts = {"site": site_part, "devices": profiles_part, "rules": rules_part}
    return Loaded(
        site=site,
        profiles=parse_profiles([])[0] if profiles is None else profiles,
        rules=FullRuleSet() if rules is None else replace(rules, version=rules_part.version),
        site_version=site_part.version,
        profiles_version=profiles_part.version,
        faults=(
            *(fault for part in parts.values() for fault in part.faults),
            *_unheard(settings, profiles),
            *post_faults(site, settings.post, Place(str(settings.site))),
        ),
        fallbacks=tuple(name for name, part in parts.items() if part.fell_back),
    )


def _load(
    good: Path, sort: str, sources: Sources, parse: Parse[T], parse_kept: Parse[T] | None = None
) -> tuple[T | None, _Part]:
    value, faults = _parse(sources, parse)
    if value is not None:
        with suppress(OSError):  # a card that takes no copy today costs nothing but the fallback of tomorrow
            keep_good(good, sort, sources)
            keep_version(good.parent / "kept", sort, sources)
        return value, _Part(value, sources.version, (), False)
    kept = read_good(good, sort)
    value = _parse(kept, parse_kept or parse)[0] if kept is not None else None
    version = kept.version if kept is not None and value is not None else "empty"
    return value, _Part(value, version, faults, True)


def _parse(sources: Sources, parse: Parse[T]) -> tuple[T | None, tuple[Fault, ...]]:
    nodes, faults = sources.trees()
    if faults:
        return None, faults
    value, faults = parse(nodes)
    return (None, faults) if faults else (value, ())


@dataclass(frozen=True, slots=True)
class Reading:
    """How the rules of one site are read. ``retain_ms`` is how long the journal is kept."""

    site: Site
    channels: frozenset[str]
    retain_ms: int

    def new(self, nodes: list[Node]) -> tuple[FullRuleSet, tuple[Fault, ...]]:
        """Read rules as the files have them: every name in them must be one of the site's."""
        rules, faults = parse_ruleset(nodes, self.site, self.channels, retention_ms=self.retain_ms)
        return rules, faults or refused(rules, self.site)

    def kept(self, nodes: list[Node]) -> tuple[FullRuleSet, tuple[Fault, ...]]:
        """Read rules that ran before: a name that the site has lost since must not cost all the others."""
        rules, faults = parse_ruleset(nodes, None, self.channels, retention_ms=self.retain_ms, names=CLOSED)
        return rules, faults or refused(rules, self.site)


def rulebook(settings: PostSettings, loaded: Loaded) -> Rulebook:
    """Return the rules to run with, and how to find those of older records."""
    folder, channels = settings.data_dir / "kept", CHANNELS | frozenset(settings.channels)

    def kept(versions: tuple[str, str]) -> Edition | None:
        site = _version(folder, "site", versions[1], _parse_site) or loaded.site
        read = Reading(site, channels, settings.journal.retain).kept
        rules = FullRuleSet() if versions[0] in ("empty", SAFE_MODE) else _version(folder, "rules", versions[0], read)
        if rules is None:
            return None
        return edition(replace(rules, version=versions[0]), site, settings.post, versions[1])

    return Rulebook(edition(loaded.rules, loaded.site, settings.post, loaded.site_version), kept)


def _version(folder: Path, sort: str, version: str, parse: Parse[T]) -> T | None:
    sources = read_version(folder, sort, version)
    return None if sources is None else _parse(sources, parse)[0]


def _parse_site(nodes: list[Node]) -> tuple[Site | None, tuple[Fault, ...]]:
    try:
        return parse_site(nodes[0]), ()
    except FaultsFound as found:
        return None, found.faults


def _unheard(settings: PostSettings, profiles: Profiles | None) -> list[Fault]:
    """Return the devices that no profile would hear. The site is used all the same: the others must be heard."""
    known = frozenset({BUILT_IN, *(profiles.by_name if profiles is not None else ())})
    nodes, _ = collect([settings.site]).trees()
    return [fault for node in nodes for fault in profile_faults(node, known)]
