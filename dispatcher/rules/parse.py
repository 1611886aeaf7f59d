"""Rule files to rules. All faults of all files come out of one run; a set with a fault is no rule set."""

from collections.abc import Mapping as Names
from collections.abc import Sequence as Files

from dispatcher.domain.faults import Fault, Place, Text
from dispatcher.domain.site import Site
from dispatcher.domain.tree import Leaf, Mapping, Node, Sequence
from dispatcher.rules.checks import RETENTION_MS, check_rules
from dispatcher.rules.language import EventForm, FullRule, FullRuleSet, RunsAt
from dispatcher.rules.model import Rule
from dispatcher.rules.names import CLOSED, names_of
from dispatcher.rules.parse_rule import check_unique, parse_file
from dispatcher.rules.parse_when import WHEN_KEYS
from dispatcher.rules.reader import Reader

CHANNELS = frozenset({"precinct", "coordinator", "fire", "technician", "none"})

NOT_BUILT = Text(
    "{key} belum dapat dijalankan versi ini; aturan ditolak supaya tidak diam-diam mati",
    "this version cannot run {key} yet; the rule is refused rather than silently dead",
)


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


def parse_rules(files: Files[Node], channels: frozenset[str] = CHANNELS) -> tuple[tuple[Rule, ...], tuple[Fault, ...]]:
    """Return the rules that judge one event at a time, in order, and every fault found.

    Rules with ``enabled: false`` are checked and left out. A rule in another form is a fault: its reader cannot run it.
    """
    ruleset, faults = parse_ruleset(files, None, channels, names=CLOSED)
    reader = Reader()
    for node in files:
        _refuse_later(reader, node)
    for rule in ruleset.rules:
        if rule.runs_at is RunsAt.PRECINCT and not rule.when.neighbours and rule.places.get("runs_at") is None:
            reader.fault(rule.when.place, "not-built", NOT_BUILT, key="alert.*")
    found = (*faults, *reader.faults)
    rules = () if reader.faults else tuple(_narrow(rule) for rule in ruleset.rules if rule.enabled)
    return rules, found


_LATER = ("only_if", "clear_when", "suppressed_by")


def _refuse_later(reader: Reader, node: Node) -> None:
    """Note every key that needs windows, states or other rules, whatever its value."""
    listed = node.get("rules") if isinstance(node, Mapping) else None
    for rule in listed.items if isinstance(listed, Sequence) else ():
        for key, place in _later_keys(rule) if isinstance(rule, Mapping) else ():
            reader.fault(place, "not-built", NOT_BUILT, key=key)


def _later_keys(rule: Mapping) -> list[tuple[str, Place]]:
    found = [(key, rule.place_of(key)) for key in _LATER if rule.get(key) is not None]
    runs_at = rule.get("runs_at")
    if isinstance(runs_at, Leaf) and runs_at.value == "precinct":
        found.append(("runs_at: precinct", rule.place_of("runs_at")))
    when, then = rule.get("when"), rule.get("then")
    if isinstance(when, Mapping):
        found += [(entry.key, entry.place) for entry in when.entries if entry.key in WHEN_KEYS - {"event", "where"}]
    if isinstance(then, Mapping) and then.get("set") is not None:
        found.append(("set", then.place_of("set")))
    return found


def _narrow(rule: FullRule) -> Rule:
    form = rule.when.form
    assert isinstance(form, EventForm)  # every other form was refused by its key
    return Rule(
        id=rule.id,
        name=rule.name,
        clause=form.clause,
        then=rule.then,
        throttle=rule.throttle,
        shadow=rule.shadow,
        place=rule.place,
    )
