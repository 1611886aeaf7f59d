"""How whoever runs rules reads them: new files strictly, what ran before leniently; a rule is never lost in silence."""

from collections.abc import Callable
from dataclasses import dataclass

from dispatcher.domain.faults import Fault, Text
from dispatcher.domain.site import Site
from dispatcher.domain.tree import Node, plain
from dispatcher.rules.checks import RETENTION_MS
from dispatcher.rules.counting import written
from dispatcher.rules.language import FullRuleSet
from dispatcher.rules.names import CLOSED
from dispatcher.rules.parse import parse_ruleset

LOST = Text(
    "{written} aturan tertulis, {read} yang terbaca: program yang salah, mohon dilaporkan",
    "{written} rules are written, {read} were read: a fault of the program, please report it",
)

Refuse = Callable[[FullRuleSet, Site], tuple[Fault, ...]]
"""Which clauses of a rule set no matcher takes, as faults."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How the rules of one site are read. ``retain_ms`` is how long what they look at is kept."""

    site: Site
    channels: frozenset[str]
    refuse: Refuse
    retain_ms: int = RETENTION_MS

    def new(self, nodes: list[Node], version: str) -> tuple[FullRuleSet, tuple[Fault, ...]]:
        """Read rules as the files have them: every name in them must be one of the site's."""
        rules, faults = parse_ruleset(nodes, self.site, self.channels, retention_ms=self.retain_ms, version=version)
        return rules, faults or self.refuse(rules, self.site) or _lost(nodes, rules)

    def kept(self, nodes: list[Node], version: str) -> tuple[FullRuleSet, tuple[Fault, ...]]:
        """Read rules that ran before: a name that the site has lost since must not cost all the others."""
        rules, faults = parse_ruleset(
            nodes, None, self.channels, retention_ms=self.retain_ms, version=version, names=CLOSED
        )
        return rules, faults or self.refuse(rules, self.site)

    def readable(self, nodes: list[Node]) -> FullRuleSet:
        """Return the rules that have no fault of their own."""
        try:
            return parse_ruleset(nodes, self.site, self.channels, retention_ms=self.retain_ms)[0]
        except Exception:
            return FullRuleSet()  # a fault of ours, which is told of where the files are read


def _lost(nodes: list[Node], rules: FullRuleSet) -> tuple[Fault, ...]:
    """Return a fault where a rule has gone missing on the way, which would be a fault of ours: never in silence."""
    there = written(nodes)
    if len(there) == len(rules.rules):
        return ()
    known = rules.by_id()
    first = next((one for one in there if str(plain(one.get("id") or one)) not in known), there[0])
    return (Fault(first.place, "rules-lost", LOST, {"written": len(there), "read": len(rules.rules)}),)
