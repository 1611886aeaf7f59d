"""Rules as tests write them: YAML in, the rule set a post would run with out."""

from textwrap import dedent

from dispatcher.domain.site import Site
from dispatcher.rules.language import FullRuleSet
from dispatcher.rules.parse import parse_ruleset
from dispatcher.settings.yamlfile import read_text


def ruleset(text: str, site: Site | None = None, version: str = "r1") -> FullRuleSet:
    """Return the rules of a list in YAML; a fault in it is the test's."""
    node = read_text("version: 1\nrules:\n" + dedent(text), "r.yaml")
    rules, faults = parse_ruleset([node], site, version=version)
    assert not faults, [fault.render("en") for fault in faults]
    return rules
