"""Putting an edition's files back into their folders: whole or not at all, and no text of a person's is thrown away.

What would be overwritten or taken out is copied to ``aside`` first. All new texts are written beside their places and
made durable before the first of them takes its place: then only renames are left, which need no room.
"""

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dispatcher.settings.sources import Sources

ASIDE = "aside"
NEW = ".kentongan-new"
MODE = 0o644  # of a file that was not there: rules are no secret, and the post must be able to read them


class Misplaced(Exception):
    """A file of the edition belongs into no folder that post.yaml names now; says which file."""


@dataclass(frozen=True, slots=True)
class Moves:
    """What is to be done: texts to put, files to take out, and what goes aside before, by place."""

    put: Mapping[Path, bytes]
    out: tuple[Path, ...]
    aside: Mapping[str, bytes]

    def __bool__(self) -> bool:
        return bool(self.put or self.out)


def moves(roots: Sequence[Path], wanted: Mapping[str, bytes], present: Mapping[str, bytes]) -> Moves:
    """Return how to get from the files that are there to those that are wanted, both by their places.

    Raises Misplaced.
    """
    put = {path_of(roots, place): data for place, data in wanted.items() if present.get(place) != data}
    out = tuple(path_of(roots, place) for place in present if place not in wanted)
    aside = {place: data for place, data in present.items() if wanted.get(place) != data}
    return Moves(put, out, aside)


def path_of(roots: Sequence[Path], place: str) -> Path:
    """Return the path of ``number of the folder/path in it``. Raises Misplaced."""
    number, _, rest = place.partition("/")
    inside = Path(rest)
    if not number.isdecimal() or int(number) >= len(roots) or ".." in inside.parts or inside.is_absolute():
        raise Misplaced(place)
    root = roots[int(number)]
    # A folder that is gone is made again.
    if root.is_dir() if rest == "." else root.exists() and not root.is_dir():
        raise Misplaced(place)
    return root if rest == "." else root / inside


def by_place(places: Sequence[str], sources: Sources) -> dict[str, bytes]:
    """Return texts by their places, where there are as many of the one as of the other; else nothing."""
    if len(places) != len(sources.files):
        return {}
    return {place: source.data for place, source in zip(places, sources.files, strict=True)}


def set_aside(data_dir: Path, texts: Mapping[str, bytes], when: str) -> Path:
    """Copy texts into a new folder below data_dir and return it. Raises OSError, and then there is no such folder."""
    folder = _fresh(data_dir / ASIDE, when)
    try:
        for place, data in texts.items():
            path = folder / place.removesuffix("/.")
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, data)
            _sync(path.parent)
        _sync(folder)
        _sync(folder.parent)
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    _give(data_dir / ASIDE, data_dir)
    return folder


def _give(top: Path, like: Path) -> None:
    """Give what root has made to the owner of the folder that it lies in."""
    if os.geteuid() == 0:
        owner = like.stat()
        for path in (top, *top.rglob("*")):
            os.chown(path, owner.st_uid, owner.st_gid)


def _fresh(above: Path, name: str) -> Path:
    for number in range(1_000):
        folder = above / (name if not number else f"{name}-{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        return folder
    raise FileExistsError(str(above / name))


def carry_out(found: Moves) -> None:
    """Put the texts in their places and take out the files. Raises OSError; up to the first rename nothing is done."""
    ready: dict[Path, Path] = {}
    try:
        _tidy({path.resolve().parent for path in found.put})
        for path, data in found.put.items():
            target = path.resolve()  # a link stays a link
            target.parent.mkdir(parents=True, exist_ok=True)
            new = target.with_name(target.name + NEW)
            ready[target] = new
            _write(new, data)
            _dress(new, target)
        for path in found.out:
            _may_remove(path)
    except OSError:
        for new in ready.values():
            with suppress(OSError):
                new.unlink(missing_ok=True)
        raise
    for target, new in ready.items():
        new.replace(target)
    for path in found.out:
        path.unlink(missing_ok=True)
    for folder in {path.parent for path in (*ready, *found.out)}:
        _sync(folder)


def _tidy(folders: Iterable[Path]) -> None:
    """Remove what an attempt that was killed has left behind."""
    for folder in folders:
        for path in folder.glob(f"*{NEW}"):
            path.unlink(missing_ok=True)


def _may_remove(path: Path) -> None:
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise PermissionError(13, os.strerror(13), str(path))


def _dress(new: Path, target: Path) -> None:
    """Give a new file the mode and the owner of the one it replaces, or of its folder."""
    there = target.exists()
    status = (target if there else target.parent).stat()
    new.chmod(status.st_mode & 0o777 if there else MODE)
    if os.geteuid() == 0:
        os.chown(new, status.st_uid, status.st_gid)


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
