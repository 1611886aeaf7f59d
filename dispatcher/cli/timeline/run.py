"""Playing a test file: read it, read its site and rules, play each case, compare."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from zoneinfo import ZoneInfo

from dispatcher.cli.surroundings import around, find_site
from dispatcher.cli.timeline.compare import compare
from dispatcher.cli.timeline.inline import as_file, completed
from dispatcher.cli.timeline.model import Case, Step, TestFile
from dispatcher.cli.timeline.testfile import parse_tests
from dispatcher.cli.timeline.world import World
from dispatcher.domain.faults import Fault, FaultsFound, Language, Place, Text
from dispatcher.domain.site import Site
from dispatcher.domain.tree import Leaf, Mapping, Node
from dispatcher.matcher.questions import refused
from dispatcher.rules.engine.engine import Engine
from dispatcher.rules.language import FullRuleSet
from dispatcher.rules.model import AllOf
from dispatcher.rules.mutants import mutants
from dispatcher.rules.names import lenient_names
from dispatcher.rules.parse import parse_ruleset
from dispatcher.settings.sitefile import parse_site
from dispatcher.settings.sources import NO_SUCH, collect
from dispatcher.settings.yamlfile import read_file

NO_SITE = Text("tidak ada site: tulis site: di berkas uji ini", "there is no site: name one in this test file")


@dataclass(slots=True)
class Coverage:
    """How often each clause was true and false, over all tests."""

    true: Counter[str] = field(default_factory=Counter)
    false: Counter[str] = field(default_factory=Counter)

    def seen(self, clause: str, matched: bool) -> None:
        """Count one answer."""
        (self.true if matched else self.false)[clause] += 1


class Unplayable(FaultsFound):
    """A file none of whose ``cases`` can be played."""

    def __init__(self, faults: tuple[Fault, ...], cases: int) -> None:
        super().__init__(faults)
        self.cases = cases


@dataclass(slots=True)
class Report:
    """How many cases passed, and a line for each that failed."""

    passed: int = 0
    failures: list[str] = field(default_factory=list)
    clauses: dict[str, tuple[Place, bool]] = field(default_factory=dict)  # where the rule stands; has it a where?
    coverage: Coverage = field(default_factory=Coverage)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A test file with its site and rules. ``faults`` are those that no case of it can be played with."""

    path: Path
    file: TestFile
    site: Site
    channels: frozenset[str]
    rules: FullRuleSet
    faults: tuple[Fault, ...] = ()

    @property
    def all_faults(self) -> tuple[Fault, ...]:
        """Return every fault of the file and of what it names."""
        return (*self.faults, *(fault for case in self.file.cases for fault in case.faults))


def load(path: Path, site: Path | None = None) -> Loaded:
    """Read a test file and what it names. Raises FaultsFound where it or its site cannot be read at all."""
    node = read_file(path)
    site_path = _site_path(node, path, site)
    known = _site(node, site_path)
    file = parse_tests(node, ZoneInfo(known.timezone))
    channels = around(site_path).channels
    rules, faults = _rules(path, file.rules, known, channels)
    return Loaded(path, file, known, channels, rules, (*file.faults, *faults))


def _site_path(node: Node, path: Path, given: Path | None) -> Path | None:
    """Return the site that the test names, else the one given, else the one around it; None for one written there."""
    named = node.get("site") if isinstance(node, Mapping) else None
    if isinstance(named, Leaf) and isinstance(named.value, str):
        return path.parent / named.value
    return None if named is not None else given or find_site(path)


def _site(node: Node, path: Path | None) -> Site:
    named = node.get("site") if isinstance(node, Mapping) else None
    if isinstance(named, Leaf) and path is not None and not path.exists():
        raise FaultsFound((_missing(named),))
    if path is not None:
        return parse_site(read_file(path))
    if named is None:
        raise FaultsFound((Fault(node.place, "missing-key", NO_SITE),))
    return parse_site(completed(named))


def _rules(
    path: Path, named: Iterable[Node], site: Site, channels: frozenset[str]
) -> tuple[FullRuleSet, tuple[Fault, ...]]:
    """Return the rules that a test names: files and folders beside it, or rules written there."""
    named = tuple(named)
    leaves = [one for one in named if isinstance(one, Leaf)]
    missing = tuple(_missing(one) for one in leaves if not (path.parent / str(one.value)).exists())
    files = [path.parent / str(one.value) for one in leaves if (path.parent / str(one.value)).exists()]
    inline = tuple(one for one in named if isinstance(one, Mapping) and one.get("rules") is None)
    whole = [one for one in named if isinstance(one, Mapping) and one.get("rules") is not None]
    nodes, faults = collect(files).trees()
    if inline:
        whole.append(as_file(inline))
    ruleset, more = parse_ruleset([*nodes, *whole], site, channels, names=lenient_names(site))
    return ruleset, (*missing, *faults, *more) or refused(ruleset, site)


def _missing(leaf: Leaf) -> Fault:
    return Fault(leaf.place, "file-missing", NO_SUCH)


def play_file(path: Path, report: Report, language: Language, site: Path | None = None) -> None:
    """Play every case of a file, and add to the report. Raises FaultsFound for a file that cannot be used."""
    loaded = load(path, site)
    if loaded.faults:
        raise Unplayable(loaded.all_faults, len(loaded.file.cases))
    engine = Engine(loaded.rules, loaded.site, ZoneInfo(loaded.site.timezone))
    places = {rule.id: rule.place for rule in engine.rules}
    for id_, clause in engine.questions().items():
        report.clauses[id_] = places[id_.split("#", 1)[0]], clause.where != AllOf(())
    for case in loaded.file.cases:
        failure = play_case(loaded, engine, case, report.coverage, language)
        if failure is None:
            report.passed += 1
        else:
            report.failures.append(f"{path}: {case.name}: {failure}")


def play_case(loaded: Loaded, engine: Engine, case: Case, coverage: Coverage, language: Language) -> str | None:
    """Play one case; return the first difference, or what is wrong with the case, as a line; None when all is well."""
    if case.faults:
        return "; ".join(fault.render(language) for fault in case.faults)

    def reload(step: Step) -> Engine | None:
        named = step.value if isinstance(step.value, tuple) else ()
        rules, faults = _rules(loaded.path, named, loaded.site, loaded.channels)
        return None if faults else Engine(rules, loaded.site, ZoneInfo(loaded.site.timezone))

    log = World(loaded.site, engine, case, reload, coverage.seen).play()
    difference = compare(case, log)
    return None if difference is None else difference.text.render(language, difference.values)


def survivors(path: Path, site: Path | None = None) -> list[str]:
    """Return a line for each small change of a rule that no case of the file notices. Raises FaultsFound."""
    loaded = load(path, site)
    found = []
    for index, rule in enumerate(loaded.rules.rules):
        if rule.shadow or not rule.enabled:
            continue  # it tells nobody anything that a test could miss
        for word, changed in mutants(rule):
            rules = (*loaded.rules.rules[:index], changed, *loaded.rules.rules[index + 1 :])
            if not _is_noticed(replace(loaded, rules=replace(loaded.rules, rules=rules))):
                found.append(f"{rule.place}: {rule.id}: {word}")
    return found


def _is_noticed(loaded: Loaded) -> bool:
    engine = Engine(loaded.rules, loaded.site, ZoneInfo(loaded.site.timezone))
    return any(play_case(loaded, engine, case, Coverage(), "en") is not None for case in loaded.file.cases)


def uncovered(report: Report) -> Sequence[str]:
    """Return a line for each clause that no test has made true, or none false."""
    lines = []
    for clause, (place, has_where) in report.clauses.items():
        missing = [] if report.coverage.true[clause] else ["true"]
        missing += ["false"] if has_where and not report.coverage.false[clause] else []
        if missing:
            lines.append(f"{place}: {clause}: never {' or '.join(missing)}")
    return lines
