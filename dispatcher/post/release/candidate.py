"""What the rule files would bring: read as the post will read them, and compared rule by rule with what runs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from dispatcher.domain.faults import Fault, Place
from dispatcher.domain.site import Site
from dispatcher.domain.tree import Mapping, Node, plain
from dispatcher.post import config
from dispatcher.post.release.losses import NOTHING, Loss, loss_of
from dispatcher.post.release.running import Running
from dispatcher.post.rulebook import Edition, edition
from dispatcher.rules.counting import written
from dispatcher.rules.fingerprint import fingerprint
from dispatcher.rules.language import FullRule, FullRuleSet
from dispatcher.settings.lastgood import guarded
from dispatcher.settings.sources import Sources
from dispatcher.settings.station import PostSettings


@dataclass(frozen=True, slots=True)
class Candidate:
    """Rule files as read for one site. ``rules`` and ``edition`` are None where they have ``faults``."""

    sources: Sources
    nodes: tuple[Node, ...]
    rules: FullRuleSet | None
    edition: Edition | None
    faults: tuple[Fault, ...]

    @property
    def version(self) -> str:
        """Return the hash of the files."""
        return self.sources.version


def read(sources: Sources, settings: PostSettings, site: Site, site_version: str) -> Candidate:
    """Read rule files for a site, as a post would on SIGHUP."""
    rules, faults = guarded(sources, config.reading(settings, site).new)
    found = None if rules is None else edition(rules, site, settings.post, site_version)
    return Candidate(sources, tuple(sources.trees()[0]), rules, found, faults)


class Sort(StrEnum):
    """What becomes of a rule."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one rule. ``keys`` are those whose text differs, the second level with a dot.

    ``fresh`` says that it begins anew, and ``loss`` what it forgets by that.
    """

    rule: str
    sort: Sort
    place: Place
    keys: tuple[str, ...] = ()
    fresh: bool = False
    loss: Loss = NOTHING


def changes(candidate: Candidate, running: Running | None) -> tuple[Change, ...]:
    """Return what would change, in the order of the files; what is removed comes last.

    Rules of faulty files are known by their text alone. Where the text of what runs was not kept, all are new.
    """
    after = _entries(candidate.nodes)
    known = {} if candidate.rules is None else candidate.rules.by_id()
    before = _entries(running.nodes or ()) if running is not None else {}
    found = list(_new(before, after, known, running))
    gone = [name for name in before if name not in after]
    found += [Change(name, Sort.REMOVED, before[name].place, (), True, _loss(name, running)) for name in gone]
    return tuple(found)


def _new(
    before: dict[str, Mapping], after: dict[str, Mapping], known: dict[str, FullRule], running: Running | None
) -> Iterator[Change]:
    for name, entry in after.items():
        place = entry.place_of("id")
        if name not in before:
            yield Change(name, Sort.ADDED, place, fresh=True)
            continue
        keys = tuple(_keys(plain(before[name]), plain(entry)))
        if keys:
            fresh = _is_fresh(name, known, running)
            yield Change(name, Sort.CHANGED, place, keys, fresh, _loss(name, running) if fresh else NOTHING)


def _entries(nodes: Iterable[Node]) -> dict[str, Mapping]:
    """Return the entries of all files by their id; of two with one id the first."""
    found: dict[str, Mapping] = {}
    for entry in written(nodes):
        name = entry.get("id")
        if name is not None:
            found.setdefault(str(plain(name)), entry)
    return found


def _keys(before: Any, after: Any) -> Iterator[str]:
    for key in dict.fromkeys((*before, *after)):
        one, other = before.get(key), after.get(key)
        if one == other:
            continue
        if isinstance(one, dict) and isinstance(other, dict):
            inner = dict.fromkeys((*one, *other))
            yield from (f"{key}.{name}" for name in inner if one.get(name) != other.get(name))
        else:
            yield key


def _is_fresh(name: str, known: dict[str, FullRule], running: Running | None) -> bool:
    own = running.state.rules.get(name) if running is not None and running.state is not None else None
    return own is not None and name in known and fingerprint(known[name]) != own.fingerprint


def _loss(name: str, running: Running | None) -> Loss:
    if running is None or running.state is None:
        return NOTHING
    return loss_of(running.state.rules.get(name), running.rules.get(name), running.now.run_ms)
