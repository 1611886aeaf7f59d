"""Rule files to rules. All faults of all files come out of one run; a set with a fault is no rule set."""

from collections.abc import Mapping as Names
from collections.abc import Sequence as Files

from dispatcher.domain.faults import Fault
from dispatcher.domain.site import Site
from dispatcher.domain.tree import Node
from dispatcher.rules.checks import RETENTION_MS, check_rules
from dispatcher.rules.language import FullRule, FullRuleSet
from dispatcher.rules.names import names_of
from dispatcher.rules.parse_rule import check_unique, parse_file
from dispatcher.rules.reader import Reader

CHANNELS = frozenset({"precinct", "coordinator", "fire", "technician", "none"})


def parse_ruleset(
    files: Files[Node],
    site: Site | None = None,
    channels: frozenset[str] = CHANNELS,
    *,
    retention_ms: int = RETENTION_MS,
    version: str = "empty",
    names: Names[str, frozenset[str]] | None = None,
) -> tuple[FullRuleSet, tuple[Fault, ...]]:
    """Return all rules of all files in order, in any form of the language, and every fault found.

    ``channels`` are the words that ``escalate`` may use, ``retention_ms`` is how long the journal is kept. With a
    ``site`` the names of devices, posts, zones and kelurahan are checked; ``names`` replaces that list.
    """
    reader = Reader()
    reader.names = names_of(site) if names is None else names
    rules: list[FullRule] = []
    for node in files:
        rules += parse_file(reader, node, channels)
    check_unique(reader, rules)
    check_rules(reader, rules, retention_ms)
    return FullRuleSet(tuple(rules), version), tuple(reader.faults)
