"""Playing a test file: read it, read its site and rules, play each case, compare."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from zoneinfo import ZoneInfo

from dispatcher.cli.timeline.compare import compare
from dispatcher.cli.timeline.load import Loaded, load
from dispatcher.cli.timeline.model import Case, Step
from dispatcher.cli.timeline.world import World
from dispatcher.domain.faults import Language, Place
from dispatcher.rules.engine.engine import Engine
from dispatcher.rules.model import AllOf
from dispatcher.rules.mutants import mutants


@dataclass(slots=True)
class Coverage:
    """How often each clause was true and false, over all tests."""

    true: Counter[str] = field(default_factory=Counter)
    false: Counter[str] = field(default_factory=Counter)

    def seen(self, clause: str, matched: bool) -> None:
        """Count one answer."""
        (self.true if matched else self.false)[clause] += 1


@dataclass(slots=True)
class Report:
    """How many cases passed, and a line for each that failed."""

    passed: int = 0
    failures: list[str] = field(default_factory=list)
    clauses: dict[str, tuple[Place, bool]] = field(default_factory=dict)  # where the rule stands; has it a where?
    coverage: Coverage = field(default_factory=Coverage)


def play_file(path: Path, report: Report, language: Language, site: Path | None = None) -> None:
    """Play every case of a file, and add to the report. Raises FaultsFound for a file that cannot be used."""
    loaded = load(path, site)
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
        rules = loaded.reloaded(step.value if isinstance(step.value, tuple) else ())
        return None if rules is None else Engine(rules, loaded.site, ZoneInfo(loaded.site.timezone))

    log = World(loaded.site, engine, case, reload, coverage.seen).play()
    difference = compare(case, log)
    return None if difference is None else difference.render(language)


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
