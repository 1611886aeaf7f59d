"""Which editions of the rules ran here, who put them there and when: one small file, newest last.

The journal says the same in its START and RULES records, but only for as long as it is kept; this is for people.
"""

import json
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from dispatcher.settings.sources import replace_file

NAME = "releases.json"
MAX_RELEASES = 200
MAX_WHO = 40
_WHO = re.compile(rf"[\w.@-][\w .@-]{{0,{MAX_WHO - 1}}}")

APPLY, ROLLBACK, SIGNAL, START = "apply", "rollback", "signal", "start"


@dataclass(frozen=True, slots=True)
class By:
    """Who changed the rules and how (one of the four words above); ``request`` is the token of the command's wish."""

    who: str = ""
    how: str = SIGNAL
    request: str = ""


NOBODY = By()


@dataclass(frozen=True, slots=True)
class Release:
    """One edition that ran from ``at_ms`` (wall time) on.

    ``files`` are the files' places in the folders of post.yaml, as ``number of the folder/path in it``, in the order in
    which their texts are kept; ``tests`` is the hash under which the tests beside them are kept. ``rules`` counts those
    that ran.
    """

    version: str
    site: str
    at_ms: int
    trusted: bool = True
    who: str = ""
    how: str = START
    rules: int = 0
    files: tuple[str, ...] = ()
    tests: str = ""
    test_files: tuple[str, ...] = ()


def usable_who(word: str) -> bool:
    """Return whether a word can stand for a person: letters, digits, space and ``. @ - _``, at most 40."""
    return _WHO.fullmatch(word) is not None


def read(data_dir: Path) -> tuple[Release, ...]:
    """Return the editions that ran, oldest first; what cannot be read is as if it had never been written."""
    try:
        listed = json.loads((data_dir / NAME).read_bytes())
        return tuple(_release(plain) for plain in listed)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return ()


def _release(plain: dict[str, Any]) -> Release:
    return replace(Release(**plain), files=tuple(plain.get("files", ())), test_files=tuple(plain.get("test_files", ())))


def note(data_dir: Path, release: Release) -> None:
    """Write down that an edition runs from now on. Raises OSError."""
    kept = (*read(data_dir), release)[-MAX_RELEASES:]
    replace_file(data_dir / NAME, json.dumps([asdict(one) for one in kept]).encode("ascii"))


def placed(roots: Sequence[Path], names: Iterable[str]) -> tuple[str, ...]:
    """Return where files lie in the folders that post.yaml names; one that lies in none keeps its whole path."""
    return tuple(_place(roots, Path(name).absolute()) for name in names)


def _place(roots: Sequence[Path], path: Path) -> str:
    for number, root in enumerate(roots):
        for one in (Path(os.path.normpath(root.absolute())), root.resolve()):
            if path.is_relative_to(one):
                return f"{number}/{path.relative_to(one)}"
    return str(path)


def undoable(releases: Iterable[Release]) -> list[Release]:
    """Return the editions that one after another ``rollback`` goes back through, the one that runs last.

    Going back to an edition takes what came after it off the list: two rollbacks lead two editions back.
    """
    way: list[Release] = []
    for release in releases:
        before = [n for n, one in enumerate(way) if one.version == release.version]
        if release.how == ROLLBACK and before:
            del way[before[-1] + 1 :]
        elif not way or way[-1].version != release.version:
            way.append(release)
    return way


def before(releases: Iterable[Release], version: str) -> Release | None:
    """Return the edition that ran before the one that runs now, None where there is none."""
    way = undoable(releases)
    places = [number for number, one in enumerate(way) if one.version == version]
    at = places[-1] if places else len(way)
    return way[at - 1] if at > 0 else None


def named(releases: Iterable[Release], beginning: str) -> list[Release]:
    """Return the editions whose hash begins so, each once: as it ran last."""
    return list({one.version: one for one in releases if one.version.startswith(beginning)}.values())
