"""Site, profiles and rules at start. A fault in one of them costs its newest version, never a press.

What cannot be used falls back to the last good copy in data_dir, else to nothing of that sort: the floor works without
rules, our own convention without profiles. Only a post without any site at all cannot start.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from dispatcher.devices import BUILT_IN, Profiles, parse_profiles
from dispatcher.domain.faults import Fault, FaultsFound, Place
from dispatcher.domain.site import Site
from dispatcher.domain.tree import Node
from dispatcher.matcher.questions import refused
from dispatcher.post.rulebook import Edition, Rulebook, edition
from dispatcher.rules.counting import guessed, is_on, written
from dispatcher.rules.engine.build import Scope
from dispatcher.rules.language import FullRuleSet
from dispatcher.rules.parse import CHANNELS
from dispatcher.settings.lastgood import Parse, Part, guarded, load_part
from dispatcher.settings.rulefiles import Reading
from dispatcher.settings.sitefile import parse_site, post_faults, profile_faults
from dispatcher.settings.sources import Sources, collect, keep_version, read_version
from dispatcher.settings.station import PostSettings
from dispatcher.settings.yamlfile import read_leniently

NO_RULES = FullRuleSet()
SAFE_MODE = "safe-mode"  # the version of the empty rule set with which a post goes on that kept ending

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Files:
    """What stands in the rule files, whatever runs: their hash, how many rules they hold for this post, and faults.

    ``rules`` counts those that are switched on; in a file that cannot be read it is a good guess.
    """

    version: str = "empty"
    rules: int = 0
    faults: tuple[Fault, ...] = ()
    names: tuple[str, ...] = ()


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
    lasting: tuple[Fault, ...] = ()  # of the faults those that no change of the rules mends
    files: Files = Files()


def load(settings: PostSettings, *, with_rules: bool = True, keeping: bool = True) -> Loaded:
    """Load everything, with fallbacks. Raises FaultsFound when there is no site, not even a good copy.

    Without rules their files are not even opened, and what was kept of them stays. Without ``keeping`` nothing is
    written.
    """
    good = settings.data_dir / "good"
    sources = {"site": collect([settings.site])} | ({"rules": collect(settings.rules)} if with_rules else {})
    site_part = load_part(good, "site", sources["site"], read_site, keeping=keeping)
    site = site_part.value
    if site is None:
        raise FaultsFound(site_part.faults)
    devices = collect(settings.devices)
    profiles_part = load_part(good, "devices", devices, lambda nodes, _: parse_profiles(nodes), keeping=keeping)
    read = reading(settings, site)
    rules_part: Part[FullRuleSet] = Part(FullRuleSet(version=SAFE_MODE), SAFE_MODE)
    if with_rules:
        rules_part = load_part(good, "rules", sources["rules"], read.new, read.kept, keeping=keeping)
    profiles = profiles_part.value
    fell_back = {"site": site_part.fell_back, "devices": profiles_part.fell_back, "rules": rules_part.fell_back}
    for sort, files in sources.items():
        if keeping and not fell_back[sort]:
            keep(settings.data_dir, sort, files)
    lasting = (
        *site_part.faults,
        *profiles_part.faults,
        *_unheard(settings, profiles),
        *post_faults(site.posts, settings.post, Place(str(settings.site))),
    )
    return Loaded(
        site=site,
        profiles=parse_profiles([])[0] if profiles is None else profiles,
        rules=rules_part.value or FullRuleSet(version=rules_part.version),
        site_version=site_part.version,
        profiles_version=profiles_part.version,
        faults=(*lasting, *rules_part.faults),
        lasting=lasting,
        fallbacks=tuple(name for name, fell in fell_back.items() if fell),
        files=_files(sources.get("rules"), rules_part, read, settings.post),
    )


def _files(sources: Sources | None, part: Part[FullRuleSet], read: Reading, post: str) -> Files:
    if sources is None:
        return Files(SAFE_MODE)
    return files_of(sources, None if part.fell_back else part.value, part.faults, read, post)


def reading(settings: PostSettings, site: Site) -> Reading:
    """Return how a post reads rules."""
    return Reading(site, CHANNELS | frozenset(settings.channels), refused, settings.journal.retain)


def files_of(sources: Sources, rules: FullRuleSet | None, faults: tuple[Fault, ...], read: Reading, post: str) -> Files:
    """Return what stands in the rule files; ``rules`` is None where they have ``faults``."""
    count = _count(sources, read, post) if rules is None else _here(rules, post)
    return Files(sources.version, count, faults, tuple(source.name for source in sources.files))


def _here(rules: FullRuleSet, post: str) -> int:
    scope = Scope(post=post)
    return sum(rule.enabled and scope.runs(rule) for rule in rules.rules)


def _count(sources: Sources, read: Reading, post: str) -> int:
    """Return how many rules faulty files hold: those that can be read, and whatever else looks like one."""
    nodes: list[Node] = []
    guess = 0
    for source in sources.files:
        node, _ = read_leniently(source.data, source.name)
        if node is not None:
            nodes.append(node)
        else:
            guess += guessed(source.data.decode("utf-8", "replace"))
    rules = read.readable(nodes)
    unread = sum(map(is_on, written(nodes))) - sum(rule.enabled for rule in rules.rules)
    return _here(rules, post) + max(0, unread) + guess


def keep(data_dir: Path, sort: str, sources: Sources) -> None:
    """Keep files under their hash: a journal is folded with the rules that were running when it was written."""
    with suppress(OSError):  # without it a start folds what is older than a change with the rules of today
        keep_version(data_dir / "kept", sort, sources)


def rulebook(settings: PostSettings, loaded: Loaded) -> Rulebook:
    """Return the rules to run with, and how to find those of older records."""
    folder = settings.data_dir / "kept"

    @lru_cache(maxsize=4)  # many starts may stand in a journal, of few versions
    def kept(versions: tuple[str, str]) -> Edition | None:
        site = _version(folder, "site", versions[1], read_site) or loaded.site
        read = reading(settings, site).kept
        rules = FullRuleSet() if versions[0] in ("empty", SAFE_MODE) else _version(folder, "rules", versions[0], read)
        if rules is None:
            return None
        return edition(replace(rules, version=versions[0]), site, settings.post, versions[1])

    return Rulebook(edition(loaded.rules, loaded.site, settings.post, loaded.site_version), kept)


def _version(folder: Path, sort: str, version: str, parse: Parse[T]) -> T | None:
    sources = read_version(folder, sort, version)
    return None if sources is None else guarded(sources, parse)[0]


def read_site(nodes: list[Node], _version: str) -> tuple[Site | None, tuple[Fault, ...]]:
    """Read a site file's tree, or its faults."""
    try:
        return parse_site(nodes[0]), ()
    except FaultsFound as found:
        return None, found.faults


def _unheard(settings: PostSettings, profiles: Profiles | None) -> list[Fault]:
    """Return the devices that no profile would hear. The site is used all the same: the others must be heard."""
    known = frozenset({BUILT_IN, *(profiles.by_name if profiles is not None else ())})
    nodes, _ = collect([settings.site]).trees()
    return [fault for node in nodes for fault in profile_faults(node, known)]
