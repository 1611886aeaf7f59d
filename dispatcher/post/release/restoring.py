"""What going back to an edition means for the files: its texts and those of its tests, each in its place."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from dispatcher.domain.faults import FaultsFound
from dispatcher.post.release import history
from dispatcher.post.release.files import Moves, by_place, moves, path_of
from dispatcher.post.release.history import Release
from dispatcher.settings.sources import Source, Sources, collect, collect_tests, read_version, short
from dispatcher.settings.station import PostSettings


class NotKept(Exception):
    """The texts of an edition, or their places, are not known any more."""


@dataclass(frozen=True, slots=True)
class Restoration:
    """An edition's rule files, with the names that they will have, and what is to be done to have them.

    ``seen`` are the files as they were when that was decided.
    """

    release: Release
    sources: Sources
    moves: Moves
    seen: tuple[str, str]


def restoration(settings: PostSettings, release: Release) -> Restoration:
    """Return how to get back to an edition.

    Raises NotKept, Misplaced, and FaultsFound for files that are there and cannot be read: they could not be put aside.
    """
    roots = settings.rules
    kept = _kept(settings, "rules", release.version)
    wanted = by_place(release.files, kept)
    if kept.files and not wanted:
        raise NotKept(release.version)
    rules, tests = collect(roots), collect_tests(roots)
    faults = tuple(fault for fault in (*rules.faults, *tests.faults) if fault.code != "file-missing")
    if faults:
        raise FaultsFound(faults)
    present = by_place(_places(roots, rules), rules)
    if release.tests:
        present |= by_place(_places(roots, tests), tests)
        wanted |= by_place(release.test_files, _kept(settings, "tests", release.tests))
    files = tuple(Source(short(path_of(roots, place)), source.data) for place, source in _pairs(release, kept))
    return Restoration(release, replace(kept, files=files), moves(roots, wanted, present), seen(settings))


def seen(settings: PostSettings) -> tuple[str, str]:
    """Return the hashes of rule files and tests as they are now."""
    return collect(settings.rules).version, collect_tests(settings.rules).version


def _pairs(release: Release, kept: Sources) -> Iterable[tuple[str, Source]]:
    return zip(release.files, kept.files, strict=True)


def _kept(settings: PostSettings, sort: str, version: str) -> Sources:
    if version == "empty":
        return Sources()
    found = read_version(settings.data_dir / "kept", sort, version)
    if found is None or found.version != version:
        raise NotKept(version)
    return found


def _places(roots: tuple[Path, ...], sources: Sources) -> tuple[str, ...]:
    return history.placed(roots, [source.name for source in sources.files])
