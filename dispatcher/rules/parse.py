"""Rule files to rules. All faults of all files come out of one run; a set with a fault is no rule set.

A rule with faults is judged as far as it can be read, also beside the others: who mends one fault must not find the
next one only then.
"""

from collections.abc import Iterable
from collections.abc import Mapping as Names
from collections.abc import Sequence as Files
from dataclasses import dataclass

from dispatcher.domain.faults import Fault
from dispatcher.domain.site import Site
from dispatcher.domain.tree import Node
from dispatcher.rules.checks import RETENTION_MS, check_rules
from dispatcher.rules.language import FullRuleSet
from dispatcher.rules.names import names_of
from dispatcher.rules.parse_rule import Draft, check_unique, parse_file
from dispatcher.rules.reader import Reader

CHANNELS = frozenset({"precinct", "coordinator", "fire", "technician", "none"})


@dataclass(frozen=True, slots=True)
class Drafted:
    """Everything that can be read of some rule files, and every fault in them."""

    drafts: tuple[Draft, ...]
    faults: tuple[Fault, ...]

    @property
    def whole(self) -> FullRuleSet:
        """Return the rules without a fault of their own."""
        return FullRuleSet(tuple(draft.rule for draft in self.drafts if draft.whole))

    @property
    def ids(self) -> frozenset[str]:
        """Return the ids of all rules, those with faults included."""
        return frozenset(draft.rule.id for draft in self.drafts)


def draft_rules(
    files: Files[Node],
    names: Names[str, frozenset[str]],
    channels: frozenset[str] | None = CHANNELS,
    *,
    retention_ms: int = RETENTION_MS,
    hidden: frozenset[str] | None = frozenset(),
) -> Drafted:
    """Read all rules of all files in order, those with faults as far as they can be read.

    ``names`` are the values that fields can have, ``channels`` the words of ``escalate`` (None where nobody knows
    them), ``hidden`` the ids of rules that stand where nothing can be read (None where even those are unknown).
    """
    reader = Reader()
    reader.names = names
    drafts: list[Draft] = []
    for node in files:
        drafts += parse_file(reader, node, channels)
    check_unique(reader, drafts)
    check_rules(reader, drafts, retention_ms, hidden)
    return Drafted(tuple(drafts), each_once(reader.faults))


def each_once(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    """Return the faults without repeats, in order."""
    return tuple({(fault.place, fault.code, fault.render("en")): fault for fault in faults}.values())


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

    Rules with a fault are left out, and whoever runs rules takes none of a set with faults. ``channels`` are the words
    that ``escalate`` may use, ``retention_ms`` is how long the journal is kept. With a ``site`` the names of devices,
    posts, zones and kelurahan are checked; ``names`` replaces that list.
    """
    known = names_of(site) if names is None else names
    drafted = draft_rules(files, known, channels, retention_ms=retention_ms)
    return FullRuleSet(drafted.whole.rules, version), drafted.faults
