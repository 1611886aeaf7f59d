"""``kentongan check``: every fault of every file in one run, each file told apart by its top key."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from dispatcher.cli.say import say, show
from dispatcher.cli.surroundings import around, find_site
from dispatcher.cli.timeline.run import load as load_tests
from dispatcher.devices import BUILT_IN, parse_profiles
from dispatcher.domain.faults import Fault, FaultsFound, Text
from dispatcher.domain.site import Site
from dispatcher.domain.tree import Mapping, Node, place_at
from dispatcher.matcher.questions import refused
from dispatcher.rules.lint import lint
from dispatcher.rules.parse import parse_ruleset
from dispatcher.settings.share import share
from dispatcher.settings.sitefile import load_site, parse_site, post_faults, profile_faults
from dispatcher.settings.sources import Sources, collect
from dispatcher.settings.station import PostSettings, PrecinctSettings
from dispatcher.settings.validate import validate
from dispatcher.settings.yamlfile import read_leniently

GOOD, FOUND, USAGE = 0, 1, 64
DEFAULTS = ("rules", "devices", "config")

ALL_GOOD = Text("{files} berkas diperiksa, tidak ada kesalahan", "{files} file(s) checked, no fault")
FAULTS = Text("{faults} kesalahan dalam {files} berkas", "{faults} fault(s) in {files} file(s)")
NOTHING = Text("tidak ada berkas untuk diperiksa", "there is nothing to check")
UNKNOWN_SORT = Text(
    "berkas ini tidak dikenal: kunci pertamanya harus rules, posts, profile, tests, post atau precinct",
    "unknown sort of file: its top key must be rules, posts, profile, tests, post or precinct",
)


def check(paths: Sequence[Path], site: Path | None) -> int:
    """Check files and folders (by default rules, devices and config here); return 0, or 1 with every fault printed."""
    wanted = list(paths) or [path for path in map(Path, DEFAULTS) if path.exists()]
    if not wanted:
        say(NOTHING)
        return USAGE
    sources = collect(wanted, without=())
    notes: list[Fault] = []
    faults = _each_once([*_faults(sources, site, notes), *_site_faults(site)])
    show([*faults, *notes])
    if faults:
        say(FAULTS, faults=len(faults), files=len(sources.files))
        return FOUND
    say(ALL_GOOD, files=len(sources.files))
    return GOOD


def _each_once(faults: Iterable[Fault]) -> list[Fault]:
    """Return the faults without repeats: a rule file may be checked itself, and by the tests that name it."""
    return list({fault.render("en"): fault for fault in faults}.values())


def _site_faults(site: Path | None) -> tuple[Fault, ...]:
    return () if site is None else _collected(lambda: load_site(site))


def _faults(sources: Sources, site: Path | None, notes: list[Fault]) -> list[Fault]:
    """Return every fault; what is legal and most likely a mistake goes to ``notes``."""
    faults = list(sources.faults)
    by_sort: dict[str, list[Node]] = {}
    for source in sources.files:
        node, found = read_leniently(source.data, source.name)
        faults += found
        if node is not None and not (found and _sort(node) == "tests"):  # a test file is read anew to be played
            by_sort.setdefault(_sort(node), []).append(node)
    known = _known_profiles(by_sort.get("profile", []))
    faults += [fault for node in by_sort.get("site", []) for fault in profile_faults(node, known)]
    for sort, nodes in by_sort.items():
        if sort in ("rules", "tests"):
            faults += _rule_faults(nodes, site, notes) if sort == "rules" else _test_faults(nodes, site)
        else:
            faults += _CHECKS[sort](nodes)
    return faults


def _test_faults(nodes: list[Node], site: Path | None) -> list[Fault]:
    faults: list[Fault] = []
    for node in nodes:
        try:
            faults += load_tests(Path(node.place.file), site).all_faults
        except FaultsFound as found:
            faults += found.faults
    return faults


def _known_profiles(checked: list[Node]) -> frozenset[str]:
    """Return the names of all profiles: our own convention's, those being checked, and the shipped ones."""
    nodes = [*checked, *collect([share() / "devices"]).trees()[0]]
    return frozenset({BUILT_IN, *(name for node in nodes for name in parse_profiles([node])[0].by_name)})


def _rule_faults(nodes: list[Node], given: Path | None, notes: list[Fault]) -> tuple[Fault, ...]:
    """Check all rules as one set, with the names of the site that belongs to them."""
    path = given or find_site(Path(nodes[0].place.file))
    near = around(path)
    site = None
    if path is not None and not _site_faults(path):  # a faulty site is told as such; rules are checked without it
        site = load_site(path)
    ruleset, faults = parse_ruleset(nodes, site, near.channels, retention_ms=near.retention_ms)
    faults = faults or refused(ruleset, site)
    if not faults:
        notes += lint(ruleset, site)
    return faults


def _sort(node: Node) -> str:
    keys = set(node.keys()) if isinstance(node, Mapping) else set()
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


def _collected(parse: Callable[[], object]) -> tuple[Fault, ...]:
    try:
        parse()
    except FaultsFound as found:
        return found.faults
    return ()


def _each(parse: Callable[[Node], object]) -> Callable[[list[Node]], Iterable[Fault]]:
    return lambda nodes: [fault for node in nodes for fault in _collected(lambda node=node: parse(node))]  # type: ignore[misc]


def _post_faults(node: Node) -> tuple[Fault, ...]:
    """Check a post.yaml, and that the site it names knows the post."""
    faults = _collected(lambda: validate(node, PostSettings))
    if faults:
        return faults
    settings = validate(node, PostSettings)
    path = Path(node.place.file).parent / settings.site
    if _collected(lambda: load_site(path)):
        return ()  # a faulty site is told where it is checked itself
    return tuple(post_faults(load_site(path), settings.post, place_at(node, ("post",))))


def _site(node: Node) -> Site:
    return parse_site(node)


_CHECKS: dict[str, Callable[[list[Node]], Iterable[Fault]]] = {
    "profile": lambda nodes: parse_profiles(nodes)[1],
    "site": _each(_site),
    "post": lambda nodes: [fault for node in nodes for fault in _post_faults(node)],
    "precinct": _each(lambda node: validate(node, PrecinctSettings)),
    "unknown": lambda nodes: [Fault(node.place, "unknown-file", UNKNOWN_SORT) for node in nodes],
}
