"""Files of one sort (rules, profiles) as located trees, with a hash; the last good copy of them, and copies by hash."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dispatcher.domain.faults import Fault, FaultsFound, Place, Text
from dispatcher.domain.tree import Node
from dispatcher.settings.yamlfile import MAX_BYTES, read_bytes

MAX_FILES = 500
MAX_KEPT = 50  # versions that are kept whatever their age: more than the journal's tail can ever name
MAX_KEPT_BYTES = 64 * 1024 * 1024  # and of those beyond it
YAML = (".yaml", ".yml")

NO_SUCH = Text("berkas atau folder ini tidak ada", "there is no such file or folder")
CANNOT_READ = Text("tidak dapat dibaca: {error}", "cannot be read: {error}")
TOO_MANY = Text("lebih dari {limit} berkas", "more than {limit} files")


@dataclass(frozen=True, slots=True)
class Source:
    """One file: its name for faults, and its bytes."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Sources:
    """Files in order of their names, and faults of those that could not be read."""

    files: tuple[Source, ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def version(self) -> str:
        """Return 12 hex digits that change with any byte of any file; ``empty`` without files."""
        if not self.files:
            return "empty"
        total = hashlib.sha256()
        for source in self.files:
            total.update(hashlib.sha256(source.data).digest())
        return total.hexdigest()[:12]

    def trees(self) -> tuple[list[Node], tuple[Fault, ...]]:
        """Return the trees of the readable files and the faults of the others."""
        nodes: list[Node] = []
        faults: list[Fault] = list(self.faults)
        for source in self.files:
            try:
                nodes.append(read_bytes(source.data, source.name))
            except FaultsFound as found:
                if not _is_only_empty(found):
                    faults += found.faults
        return nodes, tuple(faults)


def _is_only_empty(found: FaultsFound) -> bool:
    # A file whose lines are all commented out holds no rules; that is no fault in a folder of many.
    return all(fault.code == "file-empty" for fault in found.faults)


TESTS = (".test.yaml", ".test.yml")


def collect(paths: Iterable[Path], *, without: tuple[str, ...] = TESTS) -> Sources:
    """Read the YAML files that ``paths`` (files or folders) name. Tests (``without``) are left out of folders."""
    files: list[Source] = []
    faults: list[Fault] = []
    for path in paths:
        for file in _expand(path, without, faults):
            _read(file, files, faults)
    if len(files) > MAX_FILES:
        faults.append(Fault(Place(files[MAX_FILES].name), "too-many-files", TOO_MANY, {"limit": MAX_FILES}))
    return Sources(tuple(files[:MAX_FILES]), tuple(faults))


def collect_tests(paths: Iterable[Path]) -> Sources:
    """Read the test files that lie in these folders."""
    files: list[Source] = []
    faults: list[Fault] = []
    for path in paths:
        for file in sorted(_walk(path, faults)) if path.is_dir() else ():
            if file.name.endswith(TESTS):
                _read(file, files, faults)
    return Sources(tuple(files[:MAX_FILES]), tuple(faults))


def files_in(paths: Iterable[Path]) -> dict[Path, tuple[int, int, int]]:
    """Return every YAML file that ``collect`` would read, tests too, with what changes when it does: cheap to ask."""
    found: dict[Path, tuple[int, int, int]] = {}
    for path in paths:
        for file in _expand(path, (), []):
            with suppress(OSError):
                status = file.stat()
                found[file] = status.st_mtime_ns, status.st_size, status.st_ino
    return found


def _expand(path: Path, without: tuple[str, ...], faults: list[Fault]) -> Sequence[Path]:
    try:
        if path.is_dir():
            return sorted(file for file in _walk(path, faults) if not file.name.endswith(without))
        if path.is_file():
            return [path]
        faults.append(Fault(Place(str(path)), "file-missing", NO_SUCH))
    except OSError as error:  # a folder above it that is not ours to look into
        faults.append(_unreadable(path, error))
    return ()


def _unreadable(path: Path, error: OSError) -> Fault:
    return Fault(Place(short(path)), "file-unreadable", CANNOT_READ, {"error": error.strerror or error})


def _walk(folder: Path, faults: list[Fault]) -> Iterator[Path]:
    """Yield the YAML files below a folder. What cannot be looked into is a fault: rules in it would be gone unseen."""
    for place, _, names in os.walk(
        folder, onerror=lambda error: faults.append(_unreadable(Path(error.filename or folder), error))
    ):
        for name in names:
            path = Path(place, name)
            # An editor's lock is a link to nowhere; any other such link is a file that somebody counts on.
            if name.endswith(YAML) and not name.startswith(".#") and (os.path.isfile(path) or not os.path.exists(path)):
                yield path


def _read(path: Path, files: list[Source], faults: list[Fault]) -> None:
    try:
        with path.open("rb") as file:
            files.append(Source(short(path), file.read(MAX_BYTES + 1)))
    except OSError as error:
        faults.append(_unreadable(path, error))


def short(path: Path) -> str:
    """Return the name as a person would type it from here, else the whole path."""
    absolute = Path(os.path.normpath(path.absolute()))
    here = Path.cwd()
    return str(absolute.relative_to(here)) if absolute.is_relative_to(here) else str(absolute)


def moved(known: Mapping[str, tuple[str, Iterable[Path]]]) -> tuple[str, ...]:
    """Return the sorts whose files have another version than the one that is given with their paths."""
    return tuple(sort for sort, (version, paths) in known.items() if collect(paths).version != version)


# --- the last good copy ----------------------------------------------------------------------------------------------


def keep_good(folder: Path, sort: str, sources: Sources) -> None:
    """Keep these files as the last good ones of their sort. Raises OSError."""
    _keep(folder / f"{sort}.json", sources)


def keep_version(folder: Path, sort: str, sources: Sources) -> None:
    """Keep these files under their hash, for records that were written with them. Raises OSError."""
    _keep(_version_path(folder, sort, sources.version), sources)


def touch_version(folder: Path, sort: str, version: str) -> None:
    """Note that a version was in use until now. Raises OSError where it is not kept."""
    os.utime(_version_path(folder, sort, version))


def forget_versions(folder: Path, sort: str, unused_since_ms: int | None) -> None:
    """Let go of versions that were last in use before a wall time; None where no clock can be believed.

    The newest ``MAX_KEPT`` stay whatever their age, and beyond them no more than ``MAX_KEPT_BYTES``. Raises OSError.
    """
    found = [(path, path.stat()) for path in folder.glob(f"{sort}-*.json")]
    found.sort(key=lambda one: one[1].st_mtime_ns, reverse=True)
    total = 0
    for path, status in found[MAX_KEPT:]:
        total += status.st_size
        is_old = unused_since_ms is not None and status.st_mtime_ns // 1_000_000 < unused_since_ms
        if is_old or total > MAX_KEPT_BYTES:
            path.unlink(missing_ok=True)


def _version_path(folder: Path, sort: str, version: str) -> Path:
    return folder / f"{sort}-{version}.json"


def _keep(path: Path, sources: Sources) -> None:
    files = [[source.name, source.data.decode("utf-8")] for source in sources.files]
    data = json.dumps(files).encode()
    if path.is_file() and path.read_bytes() == data:
        os.utime(path)  # in use again; nothing else is written, the card lives longer
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, data)


def version_kept(folder: Path, sort: str, version: str) -> bool:
    """Return whether the files of this hash are kept; of no files there is nothing to keep."""
    return version == "empty" or _version_path(folder, sort, version).is_file()


def read_good(folder: Path, sort: str) -> Sources | None:
    """Return the last good files of a sort, None when there are none that can be read."""
    return _read_kept(folder / f"{sort}.json", " (salinan baik / good copy)")


def read_version(folder: Path, sort: str, version: str) -> Sources | None:
    """Return the files of a sort that have this hash, None when they were not kept."""
    if not version.isalnum():
        return None
    return _read_kept(_version_path(folder, sort, version), "")


def _read_kept(path: Path, mark: str) -> Sources | None:
    try:
        files = json.loads(path.read_bytes())
        return Sources(tuple(Source(f"{name}{mark}", text.encode()) for name, text in files))
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def replace_file(path: Path, data: bytes) -> None:
    """Write a file so that after a power cut it is the old one or the new one, whole. Raises OSError."""
    temporary = path.with_name(path.name + ".new")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
