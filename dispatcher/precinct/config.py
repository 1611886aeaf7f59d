"""Site and rules at start. A fault in one of them costs its newest version, never an alert.

What cannot be used falls back to the last good copy in data_dir; without one the precinct runs without rules of its
own, and only without any site it cannot start.
"""

from dataclasses import dataclass

from dispatcher.domain.faults import Fault, FaultsFound
from dispatcher.domain.site import Site
from dispatcher.domain.tree import Node
from dispatcher.matcher.questions import refused
from dispatcher.rules.language import FullRuleSet
from dispatcher.rules.parse import CHANNELS
from dispatcher.settings.lastgood import load_part
from dispatcher.settings.rulefiles import Reading
from dispatcher.settings.sitefile import parse_site
from dispatcher.settings.sources import collect
from dispatcher.settings.station import PrecinctSettings


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the precinct runs with. ``fallbacks`` names the sorts that are not what stands in the files."""

    site: Site
    rules: FullRuleSet
    site_version: str
    faults: tuple[Fault, ...] = ()
    fallbacks: tuple[str, ...] = ()
    lasting: tuple[Fault, ...] = ()  # of the faults those that no change of the rules mends


def load(settings: PrecinctSettings) -> Loaded:
    """Load site and rules, with fallbacks. Raises FaultsFound when there is no site, not even a good copy."""
    good = settings.data_dir / "good"
    site_part = load_part(good, "site", collect([settings.site]), _site)
    site = site_part.value
    if site is None:
        raise FaultsFound(site_part.faults)
    read = reading(settings, site)
    rules_part = load_part(good, "rules", collect(settings.rules), read.new, read.kept)
    return Loaded(
        site=site,
        rules=rules_part.value or FullRuleSet(),
        site_version=site_part.version,
        faults=(*site_part.faults, *rules_part.faults),
        lasting=site_part.faults,
        fallbacks=tuple(
            name for name, fell in (("site", site_part.fell_back), ("rules", rules_part.fell_back)) if fell
        ),
    )


def _site(nodes: list[Node], _version: str) -> tuple[Site | None, tuple[Fault, ...]]:
    try:
        return parse_site(nodes[0]), ()
    except FaultsFound as found:
        return None, found.faults


def reading(settings: PrecinctSettings, site: Site) -> Reading:
    """Return how a precinct reads rules: all of them, those of its posts too, of which a fault is one of the set."""
    return Reading(site, CHANNELS | frozenset(settings.channels), refused)
