"""What stands around a file: its site, and the configuration that names channels and keeps the journal."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from dispatcher.domain.faults import Fault, FaultsFound
from dispatcher.domain.site import Site
from dispatcher.domain.tree import Leaf, Node
from dispatcher.domain.tree import Mapping as Tree
from dispatcher.rules.checks import RETENTION_MS
from dispatcher.rules.duration import parse_duration
from dispatcher.rules.names import names_of
from dispatcher.rules.parse import CHANNELS
from dispatcher.settings.salvage import Salvaged, salvage
from dispatcher.settings.sitefile import parse_site
from dispatcher.settings.sitelines import names_in
from dispatcher.settings.sources import short
from dispatcher.settings.yamlfile import MAX_BYTES, read_file


@dataclass(frozen=True, slots=True)
class SiteRead:
    """A site as far as it can be read. ``names`` are what rules may name; ``site`` is None where there is a fault."""

    names: Mapping[str, frozenset[str]] = field(default_factory=lambda: names_of(None))
    site: Site | None = None
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    faults: tuple[Fault, ...] = ()


def read_site(path: Path) -> SiteRead:
    """Read a site.yaml, whatever is wrong in it."""
    data = bytes_of(path)
    if data is None:
        return SiteRead(faults=faults_of_missing(path))
    return site_of(salvage(data, short(path)))


def site_of(found: Salvaged) -> SiteRead:
    """Return the site of a file as far as it can be read."""
    if found.node is None:
        return SiteRead(faults=found.faults)
    names = names_in(found.node, found.lost) if found.complete else names_of(None)
    try:
        site = parse_site(found.node, found.lost)
    except FaultsFound as wrong:
        return SiteRead(names, faults=(*found.faults, *told_beside([found], wrong.faults)))
    whole = None if found.faults else site
    return SiteRead(names, whole, ZoneInfo(site.timezone), found.faults)


def told_beside(files: Iterable[Salvaged], faults: Iterable[Fault]) -> tuple[Fault, ...]:
    """Return the faults of files that were read in part, but for keys that are only missing because they are lost."""
    lost = {file.name: {match[1] for match in _KEY.finditer(file.lost)} for file in files if file.lost}
    return tuple(fault for fault in faults if not _is_lost(fault, lost.get(fault.place.file, set())))


def _is_lost(fault: Fault, keys: set[str]) -> bool:
    return fault.code.endswith("missing-key") and str(fault.values.get("key") or fault.values.get("what")) in keys


_KEY = re.compile(r"^([A-Za-z_]+) *:", re.MULTILINE)


def faults_of_missing(path: Path) -> tuple[Fault, ...]:
    """Return why a file cannot be opened."""
    try:
        read_file(path)
    except FaultsFound as found:
        return found.faults
    return ()


def bytes_of(path: Path) -> bytes | None:
    """Return a file's bytes, not many more than one may have; None where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError:
        return None


# --- post.yaml and precinct.yaml -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The words that ``escalate`` may use (None where they cannot be read), and how long the journal is kept, in ms."""

    channels: frozenset[str] | None = CHANNELS
    retention_ms: int = RETENTION_MS


def find_site(file: Path) -> Path | None:
    """Return site.yaml beside the file, else in the nearest ``config/`` above it, else None."""
    folder = file.resolve().parent
    candidates = [folder / "site.yaml", *(up / "config" / "site.yaml" for up in (folder, *folder.parents))]
    return next((path for path in candidates if path.is_file()), None)


def around(site: Path | None) -> Surroundings:
    """Return what post.yaml and precinct.yaml beside the site say; what they leave out is as shipped."""
    channels: frozenset[str] | None = CHANNELS
    retention = RETENTION_MS
    for found in _settings(site):
        named = _channels(found)
        channels = None if named is None or channels is None else channels | named
        body = found.node
        journal = body.get("journal") if isinstance(body, Tree) else None
        retain = journal.get("retain") if isinstance(journal, Tree) else None
        retention = _duration(retain) or retention
    return Surroundings(channels, retention)


def _channels(found: Salvaged) -> frozenset[str] | None:
    """Return the channels that a configuration names; None where its own faults, told elsewhere, hide some."""
    body = found.node
    if not isinstance(body, Tree) or "channels" in found.lost:
        return None
    named = body.get("channels")
    if named is None:
        return frozenset()
    return frozenset(named.keys()) if isinstance(named, Tree) else None


def _settings(site: Path | None) -> Iterator[Salvaged]:
    for path in () if site is None else (site.with_name("post.yaml"), site.with_name("precinct.yaml")):
        data = bytes_of(path)
        if data is not None:
            yield salvage(data, str(path))


def _duration(node: Node | None) -> int | None:
    return parse_duration(node.value) if isinstance(node, Leaf) and isinstance(node.value, str) else None
