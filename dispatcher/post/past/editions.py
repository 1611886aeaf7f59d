"""The rules and sites that a post has run with, found again by their hashes, with the files as they were written."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from dispatcher.domain.faults import Fault
from dispatcher.domain.site import Site
from dispatcher.domain.tree import Leaf, Mapping, Node, Sequence
from dispatcher.matcher.questions import refused
from dispatcher.post.config import SAFE_MODE, read_site
from dispatcher.post.rulebook import Edition, edition
from dispatcher.rules.language import FullRule, FullRuleSet
from dispatcher.rules.parse import CHANNELS
from dispatcher.settings.lastgood import guarded
from dispatcher.settings.rulefiles import Reading
from dispatcher.settings.sources import Sources, read_version

ANY_TIME_MS = 3_650 * 86_400_000  # rules that ran are not measured against today's retention
Versions = tuple[str, str]


@dataclass(slots=True)
class Library:
    """Editions by the hashes of rules and site. ``site`` stands in for one that was not kept, and ``given`` for all."""

    data_dir: Path | None
    post: str
    site: Site | None = None
    given: bool = False
    _known: dict[Versions, Edition | None] = field(default_factory=dict)
    _rules: dict[Versions, tuple[FullRule, ...]] = field(default_factory=dict)

    def edition(self, versions: Versions) -> Edition | None:
        """Return what ran under these hashes, None where it was not kept."""
        if versions not in self._known:
            self._known[versions] = self._find(versions)
        return self._known[versions]

    def add(self, edition: Edition) -> None:
        """Know an edition that need not be looked for."""
        self._known[edition.versions] = edition
        self._rules[edition.versions] = edition.engine.rules

    def rules(self, versions: Versions) -> tuple[FullRule, ...]:
        """Return all rules of the files under these hashes, those that run at the precinct too."""
        self.edition(versions)
        return self._rules.get(versions, ())

    def rule(self, versions: Versions, name: str) -> FullRule | None:
        """Return a rule as it was under these hashes."""
        return next((rule for rule in self.rules(versions) if rule.id == name), None)

    def site_of(self, version: str) -> Site | None:
        """Return the site of this hash, or what stands in for it."""
        if self.given and self.site is not None:
            return self.site
        kept = self._sources("site", version)
        found = guarded(kept, read_site)[0] if kept is not None else None
        return found or self.site

    def _find(self, versions: Versions) -> Edition | None:
        site = self.site_of(versions[1])
        if site is None:
            return None
        if versions[0] in ("empty", SAFE_MODE):
            return edition(FullRuleSet(version=versions[0]), site, self.post, versions[1])
        sources = self.sources(versions)
        found = read_rules(sources, site, kept=True)[0] if sources is not None else None
        if found is None:
            return None
        self._rules[versions] = found.rules
        return edition(replace(found, version=versions[0]), site, self.post, versions[1])

    def sources(self, versions: Versions) -> Sources | None:
        """Return the rule files of these hashes as they were written."""
        return self._sources("rules", versions[0])

    def _sources(self, sort: str, version: str) -> Sources | None:
        return None if self.data_dir is None else read_version(self.data_dir / "kept", sort, version)

    def text_of(self, versions: Versions, rule: FullRule) -> tuple[str, ...]:
        """Return the lines of a rule's file that say it, without their common indent; empty where it was not kept."""
        sources = self.sources(versions)
        files = sources.files if sources is not None else ()
        source = next((one for one in files if one.name == rule.place.file), None)
        if source is None or not rule.place.line:
            return ()
        return _item(source.data.decode("utf-8-sig").splitlines(), rule.place.line - 1)


def _item(lines: list[str], at: int) -> tuple[str, ...]:
    """Return a list item that begins at a line: up to the next line that is indented no deeper than its dash."""
    if at >= len(lines):
        return ()
    depth = _indent(lines[at])
    end = at + 1
    while end < len(lines) and (not lines[end].strip() or _indent(lines[end]) > depth):
        end += 1
    while end > at and not lines[end - 1].strip():
        end -= 1
    return tuple(line[depth:].rstrip() for line in lines[at:end])


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def read_rules(
    sources: Sources, site: Site, *, kept: bool = False, channels: Iterable[str] = ()
) -> tuple[FullRuleSet | None, tuple[Fault, ...]]:
    """Return the rules of some files for a site, or None and every fault.

    ``kept``: they ran before, so a name that the site has lost since is none, and every channel in them was known.
    """

    def parse(nodes: list[Node], version: str) -> tuple[FullRuleSet | None, tuple[Fault, ...]]:
        words = frozenset(word for node in nodes for word in _escalations(node)) if kept else frozenset(channels)
        reading = Reading(site, CHANNELS | words, refused, ANY_TIME_MS)
        return (reading.kept if kept else reading.new)(nodes, version)

    return guarded(sources, parse)


def _escalations(node: Node) -> Iterator[str]:
    """Yield every word that stands under an ``escalate``."""
    match node:
        case Mapping(entries=entries):
            for entry in entries:
                yield from _words(entry.value) if entry.key == "escalate" else _escalations(entry.value)
        case Sequence(items=items):
            for item in items:
                yield from _escalations(item)


def _words(node: Node) -> Iterator[str]:
    match node:
        case Leaf(value=str(word)):
            yield word
        case Sequence(items=items):
            for item in items:
                yield from _words(item)
