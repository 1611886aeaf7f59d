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
from dispatcher.rules.parse import CHANNELS, parse_ruleset
from dispatcher.settings.lastgood import load_part
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


def load(settings: PrecinctSettings) -> Loaded:
    """Load site and rules, with fallbacks. Raises FaultsFound when there is no site, not even a good copy."""
    good = settings.data_dir / "good"
    site_part = load_part(good, "site", collect([settings.site]), _site)
    site = site_part.value
    if site is None:
        raise FaultsFound(site_part.faults)
    channels = CHANNELS | frozenset(settings.channels)
    rules_part = load_part(
        good, "rules", collect(settings.rules), lambda nodes, version: _rules(nodes, version, site, channels)
    )
    return Loaded(
        site=site,
        rules=rules_part.value or FullRuleSet(),
        site_version=site_part.version,
        faults=(*site_part.faults, *rules_part.faults),
        fallbacks=tuple(
            name for name, fell in (("site", site_part.fell_back), ("rules", rules_part.fell_back)) if fell
        ),
    )


def _site(nodes: list[Node], _version: str) -> tuple[Site | None, tuple[Fault, ...]]:
    try:
        return parse_site(nodes[0]), ()
    except FaultsFound as found:
        return None, found.faults


def _rules(
    nodes: list[Node], version: str, site: Site, channels: frozenset[str]
) -> tuple[FullRuleSet | None, tuple[Fault, ...]]:
    """Return the whole rule set, which is refused whole: the rules of the posts are in it, too."""
    rules, faults = parse_ruleset(nodes, site, channels, version=version)
    return rules, faults or refused(rules, site)
