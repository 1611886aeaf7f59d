"""Rule files for ``check`` and ``test``: every fault of all of them in one run, whatever is wrong in one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from dispatcher.cli.surroundings import SiteRead, Surroundings, told_beside
from dispatcher.domain.faults import Fault
from dispatcher.matcher.questions import refused
from dispatcher.rules.language import FullRule, FullRuleSet
from dispatcher.rules.lint import lint
from dispatcher.rules.parse import draft_rules
from dispatcher.rules.parse_rule import NAMELESS, Draft
from dispatcher.settings.salvage import Salvaged
from dispatcher.settings.sitelines import ids_in


@dataclass(frozen=True, slots=True)
class Examined:
    """The rules without faults of their own, every fault of their files, and what is most likely a mistake.

    ``ids`` are those of all rules, None where some cannot be read.
    """

    rules: FullRuleSet
    faults: tuple[Fault, ...]
    notes: tuple[Fault, ...]
    ids: frozenset[str] | None


def examine(
    files: Iterable[Salvaged],
    near: Surroundings,
    site: SiteRead,
    *,
    names: Mapping[str, frozenset[str]] | None = None,
    all_read: bool = True,
) -> Examined:
    """Judge all rules of some files as one set. ``names`` replaces what the site lists.

    ``all_read`` is false where there are further files, whose rules nobody can name.
    """
    found = tuple(files)
    nodes = [file.node for file in found if file.node is not None]
    known = site.names if names is None else names
    lost = ids_in("\n".join(file.lost for file in found))
    hidden = lost if all_read and all(file.complete for file in found) else None
    drafted = draft_rules(nodes, known, near.channels, retention_ms=near.retention_ms, hidden=hidden)
    faults = [fault for file in found for fault in file.faults]
    faults += told_beside(found, drafted.faults)
    faults += refused(FullRuleSet(tuple(_askable(drafted.drafts))), site.site)
    faulty = {draft.rule.id: draft.faulty for draft in drafted.drafts if draft.faulty}
    rules = FullRuleSet(tuple(draft.rule for draft in drafted.drafts))
    nameless = any(id_.startswith(NAMELESS) for id_ in drafted.ids)
    ids = None if hidden is None or nameless else drafted.ids | hidden
    return Examined(drafted.whole, tuple(faults), lint(rules, site.site, faulty), ids)


def _askable(drafts: Iterable[Draft]) -> Iterable[FullRule]:
    """Yield the rules whose clauses a matcher can be asked about. Who suppresses whom is told elsewhere."""
    seen: set[str] = set()
    for draft in drafts:
        if not draft.faulty & {"id", "when", "clear_when", "only_if"} and draft.rule.id not in seen:
            seen.add(draft.rule.id)
            yield replace(draft.rule, suppressed_by=())
