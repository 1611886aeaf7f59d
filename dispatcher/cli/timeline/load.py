"""A test file with the site and the rules that it names."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from dispatcher.cli.rulesets import Examined, examine
from dispatcher.cli.surroundings import (
    SiteRead,
    Surroundings,
    around,
    bytes_of,
    faults_of_missing,
    find_site,
    read_site,
    site_of,
    told_beside,
)
from dispatcher.cli.timeline.inline import as_file, completed
from dispatcher.cli.timeline.model import TestFile
from dispatcher.cli.timeline.testfile import parse_tests
from dispatcher.domain.faults import Fault, FaultsFound, Text
from dispatcher.domain.site import Site
from dispatcher.domain.tree import Leaf, Mapping, Node
from dispatcher.incidents.model import FLOOR_RULE
from dispatcher.incidents.model import UNKNOWN_RULE as UNKNOWN_RULE_ID
from dispatcher.rules.checks import UNKNOWN_RULE, is_unknown
from dispatcher.rules.language import FullRuleSet
from dispatcher.rules.names import lenient_names, names_of
from dispatcher.rules.reader import Reader
from dispatcher.settings.salvage import Salvaged, salvage
from dispatcher.settings.sources import NO_SUCH, collect, short

BUILT_IN_RULES = frozenset({FLOOR_RULE, UNKNOWN_RULE_ID})
NO_SITE = Text("tidak ada site: tulis site: di berkas uji ini", "there is no site: name one in this test file")


class Unplayable(FaultsFound):
    """A file none of whose ``cases`` can be played."""

    def __init__(self, faults: tuple[Fault, ...], cases: int) -> None:
        super().__init__(faults)
        self.cases = cases


@dataclass(frozen=True, slots=True)
class Loaded:
    """A test file with its site and rules. Its cases may have faults of their own, and then those cannot be played."""

    path: Path
    file: TestFile
    site: Site
    near: Surroundings
    rules: FullRuleSet

    @property
    def all_faults(self) -> tuple[Fault, ...]:
        """Return every fault of the cases; one that expects something of no rule fails when it is played."""
        return (*_of_cases(self.file), *_unknown_rules(self.file, {rule.id for rule in self.rules.rules}))

    def reloaded(self, named: Iterable[Node]) -> FullRuleSet | None:
        """Return the rules that a ``reload`` names; None where there is a fault, and the running ones stay."""
        examined = _rules(self.path, named, SiteRead(names_of(self.site), self.site), self.near)
        return None if examined.faults else examined.rules


def load(path: Path, site: Path | None = None) -> Loaded:
    """Read a test file and what it names. Raises FaultsFound with every fault of all of them, where no case can run."""
    data = bytes_of(path)
    found = Salvaged(None, faults_of_missing(path)) if data is None else salvage(data, short(path))
    if found.node is None:
        raise FaultsFound(found.faults)
    site_path = _site_path(found.node, path, site)
    known = _site(found.node, site_path)
    near = around(site_path or find_site(path))  # a site written in the test names no channels
    file = parse_tests(found.node, known.zone)
    examined = _rules(path, file.rules, known, near)
    faults = (*found.faults, *told_beside([found], file.faults), *known.faults, *examined.faults)
    if faults or known.site is None:
        beside = _unknown_rules(file, examined.ids) if examined.ids is not None else ()
        raise Unplayable((*faults, *_of_cases(file), *beside), len(file.cases))
    return Loaded(path, file, known.site, near, examined.rules)


def _of_cases(file: TestFile) -> tuple[Fault, ...]:
    return tuple(fault for case in file.cases for fault in case.faults)


def _unknown_rules(file: TestFile, known: Collection[str]) -> tuple[Fault, ...]:
    """Return a fault for each rule that a case expects something of and that is not there; a reload may bring any."""
    reader, ids = Reader(), {*known, *BUILT_IN_RULES}
    for case in file.cases:
        reloads = any(step.action == "reload" for step in case.steps)
        for one in () if reloads else case.expect:
            if one.sort != "command" and is_unknown(one.name, ids - BUILT_IN_RULES) and one.name not in ids:
                reader.unknown(one.place, "unknown-name", UNKNOWN_RULE, one.name, ids)
    return tuple(reader.faults)


def _site_path(node: Node, path: Path, given: Path | None) -> Path | None:
    """Return the site that the test names, else the one given, else the one around it; None for one written there."""
    named = node.get("site") if isinstance(node, Mapping) else None
    if isinstance(named, Leaf) and isinstance(named.value, str):
        return path.parent / named.value
    return None if named is not None else given or find_site(path)


def _site(node: Node, path: Path | None) -> SiteRead:
    named = node.get("site") if isinstance(node, Mapping) else None
    if isinstance(named, Leaf) and path is not None and not path.exists():
        return SiteRead(faults=(_missing(named),))
    if path is not None:
        return read_site(path)
    if named is None:
        return SiteRead(faults=(Fault(node.place, "missing-key", NO_SITE),))
    return site_of(Salvaged(completed(named)))


def _rules(path: Path, named: Iterable[Node], site: SiteRead, near: Surroundings) -> Examined:
    """Return the rules that a test names: files and folders beside it, or rules written there."""
    named = tuple(named)
    leaves = [one for one in named if isinstance(one, Leaf)]
    missing = tuple(_missing(one) for one in leaves if not (path.parent / str(one.value)).exists())
    sources = collect([path.parent / str(one.value) for one in leaves if (path.parent / str(one.value)).exists()])
    inline = tuple(one for one in named if isinstance(one, Mapping) and one.get("rules") is None)
    whole = [one for one in named if isinstance(one, Mapping) and one.get("rules") is not None]
    found = (salvage(source.data, source.name) for source in sources.files)
    files = [file for file in found if not file.is_only_empty]
    files += [Salvaged(node) for node in [*whole, *([as_file(inline)] if inline else [])]]
    faults = (*missing, *sources.faults)
    examined = examine(files, near, site, names=lenient_names(site.names), all_read=not faults)
    return replace(examined, faults=(*faults, *examined.faults))


def _missing(leaf: Leaf) -> Fault:
    return Fault(leaf.place, "file-missing", NO_SUCH)
