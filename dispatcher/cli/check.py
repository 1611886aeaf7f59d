"""``kentongan check``: every fault of every file in one run, each file told apart by its top key."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dispatcher.cli.rulesets import examine
from dispatcher.cli.say import say, show
from dispatcher.cli.surroundings import SiteRead, around, bytes_of, find_site, read_site, site_of, told_beside
from dispatcher.cli.timeline.load import load as load_tests
from dispatcher.devices import BUILT_IN, parse_profiles
from dispatcher.domain.faults import Fault, FaultsFound, Text
from dispatcher.domain.tree import Leaf, Mapping, Node, place_at
from dispatcher.settings.salvage import Salvaged, salvage
from dispatcher.settings.share import share
from dispatcher.settings.sitefile import post_faults, profile_faults
from dispatcher.settings.sitelines import known_ids
from dispatcher.settings.sources import Sources, collect
from dispatcher.settings.station import PostSettings, PrecinctSettings
from dispatcher.settings.validate import Strict, validate

GOOD, FOUND, USAGE = 0, 1, 64
DEFAULTS = ("rules", "devices", "config")

ALL_GOOD = Text("{files} berkas diperiksa, tidak ada kesalahan", "{files} file(s) checked, no fault")
FAULTS = Text("{faults} kesalahan dalam {files} berkas", "{faults} fault(s) in {files} file(s)")
NOTHING = Text("tidak ada berkas untuk diperiksa", "there is nothing to check")
UNKNOWN_SORT = Text(
    "berkas ini tidak dikenal: kunci pertamanya harus rules, posts, profile, tests, post atau precinct",
    "unknown sort of file: its top key must be rules, posts, profile, tests, post or precinct",
)

Check = Callable[["File", Path | None, frozenset[str]], tuple[Fault, ...]]
"""From a file, the site that was given and the known profiles to the file's faults."""


@dataclass(frozen=True, slots=True)
class File:
    """One file that is checked: its path as it was read, and what could be read of it."""

    name: str
    found: Salvaged
    sort: str

    @property
    def node(self) -> Node | None:
        """Return its tree, as far as there is one."""
        return self.found.node


def check(paths: Sequence[Path], site: Path | None) -> int:
    """Check files and folders (by default rules, devices and config here); return 0, or 1 with every fault printed."""
    wanted = list(paths) or [path for path in map(Path, DEFAULTS) if path.exists()]
    if not wanted:
        say(NOTHING)
        return USAGE
    sources = collect(wanted, without=())
    faults, notes = faults_of(sources, site)
    show([*faults, *notes])
    if faults:
        say(FAULTS, faults=len(faults), files=len(sources.files))
        return FOUND
    say(ALL_GOOD, files=len(sources.files))
    return GOOD


def faults_of(sources: Sources, site: Path | None = None) -> tuple[tuple[Fault, ...], tuple[Fault, ...]]:
    """Return every fault of these files and of the ``site`` given, each once, and notes on what is likely a mistake."""
    files = [_file(source.name, source.data) for source in sources.files]
    faults, notes = list(sources.faults), list[Fault]()
    rules = [file for file in files if file.sort == "rules"]
    if rules:
        all_read = not sources.faults and all(file.found.complete for file in files)
        examined = _rules(rules, site, all_read=all_read)
        faults += examined[0]
        notes += examined[1]
    profiles = [file for file in files if file.sort == "profile"]
    faults += _profiles(profiles)
    known = _known_profiles(profiles)
    for file in files:
        faults += _CHECKS[file.sort](file, site, known)
    return _each_once([*faults, *(read_site(site).faults if site is not None else ())]), _each_once(notes)


def _each_once(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    """Return the faults without repeats: a rule file may be checked itself, and by the tests that name it."""
    told: dict[tuple[object, ...], Fault] = {}
    for fault in faults:
        told.setdefault((fault.place, fault.code, fault.text.render("en", fault.values)), fault)
    return tuple(sorted(told.values(), key=lambda fault: (fault.place.file, fault.place.line, fault.place.column)))


# --- what sort of file it is -----------------------------------------------------------------------------------------


def _file(name: str, data: bytes) -> File:
    found = salvage(data, name)
    return File(name, found, _sort(found))


_KEY = re.compile(r"^([a-z]+) *:", re.MULTILINE)


def _sort(found: Salvaged) -> str:
    keys = {match[1] for match in _KEY.finditer(found.lost)}
    keys |= set(found.node.keys()) if isinstance(found.node, Mapping) else set()
    if "profile" in keys:
        return "profile"
    if "tests" in keys:
        return "tests"
    if "rules" in keys and "broker" not in keys:
        return "rules"
    if keys & {"timezone", "posts", "kelurahan", "max_lateness"}:
        return "site"
    if "post" in keys:
        return "post"
    return "precinct" if "precinct" in keys else "unknown"


# --- each sort -------------------------------------------------------------------------------------------------------


def _rules(files: list[File], given: Path | None, *, all_read: bool) -> tuple[tuple[Fault, ...], tuple[Fault, ...]]:
    """Check all rules as one set, with the names of the site that belongs to them."""
    path = given or find_site(Path(files[0].name))
    site = SiteRead() if path is None else read_site(path)
    examined = examine([file.found for file in files], around(path), site, all_read=all_read)
    return examined.faults, examined.notes


def _profiles(files: list[File]) -> list[Fault]:
    faults = [fault for file in files for fault in file.found.faults]
    between = parse_profiles([file.node for file in files if file.node is not None])[1]
    return [*faults, *told_beside([file.found for file in files], between)]


def _known_profiles(files: list[File]) -> frozenset[str]:
    """Return the names of all profiles, faulty ones too: our own convention's, those being checked, the shipped."""
    lost = (match[1] for file in files for match in _PROFILE.finditer(file.found.lost))
    return frozenset({BUILT_IN, *_profile_names(file.node for file in files), *lost, *_shipped_profiles()})


@cache
def _shipped_profiles() -> frozenset[str]:
    return _profile_names(collect([share() / "devices"]).trees()[0])


def _profile_names(nodes: Iterable[Node | None]) -> frozenset[str]:
    named = (node.get("profile") for node in nodes if isinstance(node, Mapping))
    return frozenset(str(leaf.value) for leaf in named if isinstance(leaf, Leaf))


_PROFILE = re.compile(r"^profile: *[\"']?([\w.-]+)", re.MULTILINE)


def _of_tests(file: File, site: Path | None, _known: frozenset[str]) -> tuple[Fault, ...]:
    try:
        return load_tests(Path(file.name), site).all_faults
    except FaultsFound as found:
        return found.faults


def _of_site(file: File, _site: Path | None, known: frozenset[str]) -> tuple[Fault, ...]:
    unheard = () if file.node is None else profile_faults(file.node, known)
    return (*site_of(file.found).faults, *unheard)


def _of_post(file: File, _site: Path | None, _known: frozenset[str]) -> tuple[Fault, ...]:
    """Check a post.yaml, and that the site it names knows the post."""
    return (*_of_settings(PostSettings)(file, _site, _known), *_unknown_post(file))


def _unknown_post(file: File) -> tuple[Fault, ...]:
    body = file.node
    post, named = (body.get(key) if isinstance(body, Mapping) else None for key in ("post", "site"))
    if body is None or not isinstance(post, Leaf) or not isinstance(named, Leaf):
        return ()
    data = bytes_of(Path(file.name).parent / str(named.value))
    site = None if data is None else salvage(data, str(named.value))
    known = None if site is None or site.node is None else known_ids(site.node, "posts", site.lost)
    return () if known is None else tuple(post_faults(known, str(post.value), place_at(body, ("post",))))


def _of_settings(model: type[Strict]) -> Check:
    def check(file: File, _site: Path | None, _known: frozenset[str]) -> tuple[Fault, ...]:
        try:
            if file.node is not None:
                validate(file.node, model)
        except FaultsFound as found:
            return (*file.found.faults, *told_beside([file.found], found.faults))
        return file.found.faults

    return check


def _of_unknown(file: File, _site: Path | None, _known: frozenset[str]) -> tuple[Fault, ...]:
    if file.found.faults or file.node is None:
        return file.found.faults
    return (Fault(file.node.place, "unknown-file", UNKNOWN_SORT),)


_CHECKS: dict[str, Check] = {
    "rules": lambda _file, _site, _known: (),  # both are one set, and were checked as that
    "profile": lambda _file, _site, _known: (),
    "tests": _of_tests,
    "site": _of_site,
    "post": _of_post,
    "precinct": _of_settings(PrecinctSettings),
    "unknown": _of_unknown,
}
