"""A new rule is proved before it is written: checked beside the rules that are there, and its tests are played."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from dispatcher.cli.rulesets import examine
from dispatcher.cli.surroundings import SiteRead, Surroundings
from dispatcher.cli.timeline.inline import completed
from dispatcher.cli.timeline.load import Loaded
from dispatcher.cli.timeline.run import Coverage, play_case
from dispatcher.cli.timeline.testfile import parse_tests
from dispatcher.domain.faults import Fault, Language
from dispatcher.domain.tree import Mapping
from dispatcher.rules.engine.engine import Engine
from dispatcher.rules.names import lenient_names, names_of
from dispatcher.settings.salvage import Salvaged, salvage
from dispatcher.settings.sitefile import parse_site
from dispatcher.settings.yamlfile import read_text

RULE = "rule"


@dataclass(frozen=True, slots=True)
class Proof:
    """What is wrong with a new rule: faults of `check`, and cases that fail. Both empty: it is good."""

    faults: tuple[Fault, ...] = ()
    failures: tuple[str, ...] = ()


def prove(
    rule: str, tests: str, beside: Sequence[Salvaged], site: SiteRead, near: Surroundings, language: Language
) -> Proof:
    """Return what `check` and `test` would say of a rule and its tests. ``beside`` are the rules that are there."""
    file = salvage(rule.encode(), RULE)
    examined = examine([*beside, file], near, site)
    own = tuple(fault for fault in examined.faults if fault.place.file == RULE)
    return Proof(own) if own else _played(file, tests, near, language)


def _played(rule: Salvaged, tests: str, near: Surroundings, language: Language) -> Proof:
    node = read_text(tests, "tests")
    inline = node.get("site") if isinstance(node, Mapping) else None
    site = parse_site(completed(inline or node))
    zone = ZoneInfo(site.timezone)
    names = names_of(site)
    examined = examine([rule], near, SiteRead(names, site, zone), names=lenient_names(names))
    file = parse_tests(node, zone)
    loaded = Loaded(Path("tests"), file, site, near, examined.rules)
    faults = (*file.faults, *examined.faults, *loaded.all_faults)
    if faults:
        return Proof(faults)
    engine = Engine(examined.rules, site, zone)
    told = {case.name: play_case(loaded, engine, case, Coverage(), language) for case in file.cases}
    return Proof(failures=tuple(f"{name}: {line}" for name, line in told.items() if line is not None))
