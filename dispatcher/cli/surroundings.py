"""What stands around a file: its site, and the configuration that names channels and keeps the journal."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dispatcher.domain.faults import FaultsFound
from dispatcher.domain.tree import Leaf, Mapping, Node
from dispatcher.rules.checks import RETENTION_MS
from dispatcher.rules.duration import parse_duration
from dispatcher.rules.parse import CHANNELS
from dispatcher.settings.yamlfile import read_file


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The words that ``escalate`` may use, and how long the journal is kept, in milliseconds."""

    channels: frozenset[str] = CHANNELS
    retention_ms: int = RETENTION_MS


def find_site(file: Path) -> Path | None:
    """Return site.yaml beside the file, else in the nearest ``config/`` above it, else None."""
    folder = file.resolve().parent
    candidates = [folder / "site.yaml", *(up / "config" / "site.yaml" for up in (folder, *folder.parents))]
    return next((path for path in candidates if path.is_file()), None)


def around(site: Path | None) -> Surroundings:
    """Return what post.yaml and precinct.yaml beside the site say; what they leave out is as shipped."""
    channels, retention = CHANNELS, RETENTION_MS
    for body in _settings(site):
        named = body.get("channels")
        channels |= frozenset(named.keys()) if isinstance(named, Mapping) else frozenset()
        journal = body.get("journal")
        retain = journal.get("retain") if isinstance(journal, Mapping) else None
        retention = _duration(retain) or retention
    return Surroundings(channels, retention)


def _settings(site: Path | None) -> Iterator[Mapping]:
    for name in ("post.yaml", "precinct.yaml") if site is not None else ():
        path = site.with_name(name) if site is not None else Path(name)
        try:
            node = read_file(path) if path.is_file() else None
        except FaultsFound:
            continue  # its faults are told when it is checked itself
        if isinstance(node, Mapping):
            yield node


def _duration(node: Node | None) -> int | None:
    return parse_duration(node.value) if isinstance(node, Leaf) and isinstance(node.value, str) else None
