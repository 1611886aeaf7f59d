"""Whether the matcher takes every clause of a rule set; what it refuses is a fault like any other."""

from datetime import UTC

from dispatcher.domain.faults import Fault
from dispatcher.domain.site import Site
from dispatcher.matcher.twin import compile_clauses
from dispatcher.rules.engine.engine import Engine
from dispatcher.rules.language import FullRuleSet

_NOWHERE = Site("UTC", "nowhere")


def refused(ruleset: FullRuleSet, site: Site | None = None) -> tuple[Fault, ...]:
    """Return a fault for each clause that no matcher can be asked."""
    places = {rule.id: rule.when.place for rule in ruleset.rules}
    questions = Engine(ruleset, site or _NOWHERE, UTC).questions()
    return tuple(refusal.fault(places[refusal.clause.split("#", 1)[0]]) for refusal in compile_clauses(questions)[1])
